import Records
import TraceReport
import WaitReasons

extension PastedReports {
  /// For people: the traces in one ranking, then the stacks of each file.
  public func text(
    order: TraceOrder = .culprits, rows: Int = 20, width: Int = 100, colours: Bool = false
  ) -> String {
    var text = ""
    if let trace {
      var traces = TraceText(hosts: [("", trace)])
      (traces.order, traces.rows, traces.width, traces.colours) = (order, rows, width, colours)
      traces.isFound = true
      text += traces.text()
    }
    let words = ExplainText { colours ? "\u{1B}[1m\($0)\u{1B}[0m" : $0 }
    for (file, report) in stacks {
      if !text.isEmpty { text += "\n" }
      if trace != nil || stacks.count > 1 { text += words.emphasis(file) + "\n\n" }
      text += words.text(report)
    }
    return text
  }

  /// JSON Lines: a process per line and the `summary` of all traces; then, file by file, a task per
  /// line and that file's `summary`. Calls `write` with each line and its end.
  public func writeJSON(
    order: TraceOrder = .culprits, rows: Int = .max, _ write: ([UInt8]) -> Void
  ) {
    if let trace {
      var traces = TraceJSON(hosts: [("", trace)])
      (traces.order, traces.rows) = (order, rows)
      traces.write(write)
    }
    for (_, report) in stacks { report.writeJSON(write) }
  }
}
