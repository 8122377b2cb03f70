/// Lines of a table whose columns have fixed widths, but for the last one.
struct LineTable {
  enum Side {
    case left, right
  }

  private let columns: [(side: Side, width: Int)]

  init(_ columns: [(Side, Int)]) { self.columns = columns.map { (side: $0.0, width: $0.1) } }

  /// What is too long to stand in its column is cut on the left, and pushes on the right: figures
  /// are never cut.
  func line(_ cells: [String], _ last: String) -> String {
    var text = ""
    for (column, cell) in zip(columns, cells) {
      text +=
        column.side == .left
        ? LineTable.left(cell, column.width) : LineTable.right(cell, column.width)
      text += " "
    }
    return text + " " + last
  }

  static func left(_ text: String, _ width: Int) -> String {
    let text = text.count > width ? String(text.prefix(width - 1)) + "+" : text
    return text + String(repeating: " ", count: max(0, width - text.count))
  }

  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
