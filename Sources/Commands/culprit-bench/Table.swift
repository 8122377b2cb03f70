import Bytes

/// Columns of text: the first flush left, the others flush right.
struct Table {
  private var rows: [[String]] = []

  mutating func add(_ row: [String]) { rows.append(row) }

  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.compactMap { $0.indices.contains(column) ? $0[column].count : nil }.max() ?? 0
    }
    return rows.map { row in
      "  "
        + row.enumerated().map { column, cell in
          let blanks = String(repeating: " ", count: widths[column] - cell.count)
          return column == 0 ? cell + blanks : blanks + cell
        }.joined(separator: "   ")
    }.joined(separator: "\n")
  }
}

/// Prints the bars with pass or miss, as a table or as JSON Lines.
func printBars(_ bars: [Bar], json: Bool) {
  if json {
    for bar in bars {
      printJSON { line in
        line.field("bar", bar.key)
        line.field("value", bar.value)
        switch bar.limit {
        case .atMost(let bound): line.field("at_most", bound)
        case .atLeast(let bound): line.field("at_least", bound)
        case .none: return
        }
        line.field("pass", bar.isMet)
      }
    }
    return
  }
  var table = Table()
  for bar in bars {
    table.add([bar.title, bar.valueText, bar.limitText, bar.verdict])
  }
  print(table.text)
}

/// Prints one JSON object on a line of its own.
func printJSON(_ body: (inout JSONWriter) -> Void) {
  var line = JSONWriter()
  line.object(body)
  print(line.text)
}
