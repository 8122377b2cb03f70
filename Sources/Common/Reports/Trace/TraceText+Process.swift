import Bytes
import Records
import TraceReport

// One traced process in full.

extension TraceText {
  /// Most lines of each of its lists.
  private static let listLines = 5

  func detailLines(_ process: TracedProcess, on host: String) -> String {
    let who = process.identity
    let place = host.isEmpty || hosts.count == 1 ? "" : " on \(Printable.text(host, limit: 80))"
    var lines = heading(name(who) + place)
    lines += folded("  \(TraceVerdict.sentence(for: process))")
    if let command = who.commandLine.value, !command.isEmpty {
      lines += cut("  command   \(Printable.text(command))")
    }
    lines += cut("  seen      \(seen(process))")
    lines += shareLine(process) + fileLines(process) + slowLines(process) + errorLines(process)
    return lines
  }

  private func seen(_ process: TracedProcess) -> String {
    let threads = "\(process.threads) thread\(process.threads == 1 ? "" : "s")"
    let span =
      process.knowsSpan ? DurationFigure.text(process.nanoseconds) : "a time nobody noted"
    let ending =
      switch process.ending {
      case .detached: ""
      case .exited: ", then it ended"
      case .replaced: ", then it became another program"
      case .overBudget: ", until it had written as much as one process may"
      case .unverified: ", and could not be seen free again: see below"
      }
    return "\(threads), \(span), \(CountFigure.text(process.callCount)) call"
      + "\(process.callCount == 1 ? "" : "s")\(ending)"
  }

  /// Where its time went; of several threads the shares may be more than all of it.
  private func shareLine(_ process: TracedProcess) -> String {
    let shares = ClassShare.all(of: process)
    guard process.callNanoseconds > 0 else { return cut("  time      not recorded") }
    let base = process.knowsSpan ? process.nanoseconds : process.callNanoseconds
    let told: [CallClass] = [.read, .write, .sync, .open, .stat, .network, .pipe, .wait]
    var parts = told.compactMap { kind in
      shares.first { $0.kind == kind && $0.count > 0 }.map {
        "\(kind.rawValue) \(percent($0.nanoseconds, of: base))"
      }
    }
    let rest = shares.filter { !told.contains($0.kind) }
      .reduce(UInt64(0)) { $0.addingSaturated($1.nanoseconds) }
    if rest > 0 { parts.append("other calls \(percent(rest, of: base))") }
    return cut("  time      \(parts.joined(separator: ", "))")
  }

  private func fileLines(_ process: TracedProcess) -> String {
    guard !process.files.isEmpty else { return "" }
    let table = LineTable([
      (.left, 9), (.right, 8), (.right, 7), (.right, 7), (.right, 6), (.right, 9),
    ])
    var lines = ""
    for (index, file) in process.files.prefix(TraceText.listLines).enumerated() {
      if index == 0 {
        lines += cut(
          "  " + table.line(["files", "CALLS", "READ", "WRITTEN", "SYNCS", "TIME"], "PATH"))
      }
      let cells = [
        "", CountFigure.text(file.calls), ByteFigure.text(Double(file.readBytes)),
        ByteFigure.text(Double(file.writeBytes)), CountFigure.text(file.syncCalls),
        file.nanoseconds > 0 ? DurationFigure.text(file.nanoseconds) : "-",
      ]
      lines += cut("  " + table.line(cells, Printable.text(file.path, limit: 300)))
    }
    let left = process.omittedFiles.addingSaturated(
      max(0, process.files.count - TraceText.listLines))
    return lines + (left > 0 ? "            and \(left) more\n" : "")
  }

  /// The calls that took most of the time, and the slowest of each.
  private func slowLines(_ process: TracedProcess) -> String {
    let slow = process.calls.filter { $0.nanoseconds > 0 }.prefix(TraceText.listLines)
    var lines = ""
    for (index, call) in slow.enumerated() {
      let place = call.slowestPath.map { " on \(Printable.text($0, limit: 200))" } ?? ""
      let mean = call.count > 0 ? call.nanoseconds / call.count : 0
      let slowest =
        call.slowestNanoseconds > 0
        ? ", the slowest \(DurationFigure.text(call.slowestNanoseconds))\(place)" : ""
      lines += cut(
        "  \(index == 0 ? "calls " : "      ")    \(LineTable.left(Printable.text(call.name, limit: 64), 15)) "
          + "\(CountFigure.text(call.count))×, \(DurationFigure.text(call.nanoseconds)) in all, "
          + "\(DurationFigure.text(mean)) each\(slowest)")
    }
    return lines
  }

  private func errorLines(_ process: TracedProcess) -> String {
    guard !process.errors.isEmpty else { return "" }
    let parts = process.errors.prefix(TraceText.listLines).map {
      "\(Printable.text($0.call, limit: 64)) \(Printable.text($0.error, limit: 64)) "
        + "\(CountFigure.text($0.count))×"
    }
    return cut("  failures  \(parts.joined(separator: ", "))")
  }
}
