import ArgumentParser
import Records
import Reports
import TraceReport

/// How traces are printed, now or out of the history: the same then.
struct TraceReportOptions: ParsableArguments {
  @Option(help: "Most processes that are shown.")
  var top = 20

  @Option(
    help: ArgumentHelp(
      "What ranks them: what they give the disks to do (culprits), bytes of files, time in calls "
        + "about files (blocked), or calls.", valueName: "culprits|bytes|blocked|calls"))
  var sort = TraceOrder.culprits

  @Flag(help: "JSON Lines: a process per line, in rank order, and a summary.")
  var json = false

  @Flag(help: "No colours, also on a terminal.")
  var plain = false

  func validate() throws {
    if top <= 0 { throw ValidationError("--top is 1 or more.") }
  }

  func write(_ traces: [(host: String, trace: HostTrace)]) {
    if json { writeJSON(traces) } else { writeText(traces) }
  }

  private func writeJSON(_ traces: [(host: String, trace: HostTrace)]) {
    var json = TraceJSON(hosts: traces)
    json.rows = top
    json.order = sort
    json.write { StandardOutput.write($0) }
  }

  private func writeText(_ traces: [(host: String, trace: HostTrace)]) {
    guard !traces.isEmpty else { return }
    var text = TraceText(hosts: traces)
    text.rows = top
    text.order = sort
    text.width = OutputWidth.columns
    text.colours = OutputColours(isPlain: plain).areOn
    StandardOutput.write(text.text())
  }
}
