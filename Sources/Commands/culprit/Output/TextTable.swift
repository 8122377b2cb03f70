import Bytes
import Watch

/// Columns of text for people: as wide as their widest cell, the last one as long as it is.
struct TextTable {
  enum Alignment {
    case left
    case right
  }

  private let alignments: [Alignment]
  private var rows: [[String]]
  /// Lines under a row, by the row's place.
  private var notes: [Int: [String]] = [:]

  init(_ columns: [(title: String, alignment: Alignment)]) {
    alignments = columns.map(\.alignment)
    rows = [columns.map(\.title)]
  }

  mutating func add(_ cells: [String]) {
    rows.append(cells.map { Printable.text($0, limit: 300) })
  }

  /// A line of its own under the row added last.
  mutating func addNote(_ text: String) {
    notes[rows.count - 1, default: []].append("    \(Printable.text(text, limit: 400))\n")
  }

  var text: String {
    let widths = alignments.indices.map { column in
      rows.map { DisplayWidth.of($0[column]) }.max() ?? 0
    }
    return rows.enumerated().map { place, row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - DisplayWidth.of(cell))
        let isLast = column == row.count - 1
        switch alignments[column] {
        case .left: line += cell + (isLast ? "" : padding)
        case .right: line += padding + cell
        }
        if !isLast { line += "  " }
      }
      return line + "\n" + (notes[place] ?? []).joined()
    }.joined()
  }
}
