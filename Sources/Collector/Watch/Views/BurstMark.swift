/// The sign behind the name of a host whose agent looks ten times a second: something is wrong
/// there. It is ASCII, and stands out without colours, too.
enum BurstMark {
  static let text = "!"
  static let style = Style(.alarm, bold: true)
  /// Cells that it takes.
  static let cells = 1

  /// A name, and the mark where there is a burst; what has no room of the name is cut, never the
  /// mark. Returns the column after it.
  @discardableResult
  static func draw(
    _ name: String, isBursting: Bool, row: Int, columns: Range<Int>, style: Style,
    reverse: Bool = false, on screen: inout Screen
  ) -> Int {
    let end = isBursting ? max(columns.lowerBound, columns.upperBound - cells) : columns.upperBound
    let place = screen.put(name, row: row, column: columns.lowerBound, end: end, style: style)
    guard isBursting else { return place }
    var mark = BurstMark.style
    mark.reverse = reverse
    return screen.put(text, row: row, column: place, end: columns.upperBound, style: mark)
  }
}
