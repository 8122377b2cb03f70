import Bytes
import Records
import TraceReport

/// Traces of one or several hosts as people read them: one ranking over all hosts, then each process
/// with its files, slow calls and failures, then who was left alone and why, and last whether all are
/// free again.
public struct TraceText {
  let hosts: [(host: String, trace: HostTrace)]
  public var order = TraceOrder.culprits
  /// Most processes of the ranking.
  public var rows = 20
  /// Most processes that are told in full.
  public var details = 10
  public var width = 100
  public var colours = false
  /// It's a report on output that somebody else's strace wrote: nobody was attached to by us.
  public var isFound = false

  public init(hosts: [(host: String, trace: HostTrace)]) { self.hosts = hosts }

  public func text() -> String {
    let ranked = TraceRanking.merged(hosts.map { ($0.host, $0.trace.processes) }, by: order)
    let traced = ranked.filter { !isDryRun(of: $0.host) }
    return headLines() + dryLines(ranked.filter { isDryRun(of: $0.host) }) + rankingLines(traced)
      + traced.prefix(min(rows, details)).map { detailLines($0.process, on: $0.host) }.joined()
      + skippedLines() + noticeLines() + verifiedLines()
  }

  private func isDryRun(of host: String) -> Bool {
    hosts.first { $0.host == host }?.trace.isDryRun ?? false
  }

  // MARK: - The whole

  private func headLines() -> String {
    hosts.prefix(rows).map { host, trace in
      let name = host.isEmpty ? "" : "\(Printable.text(host, limit: 80)): "
      let matches = "\(trace.matched) process\(trace.matched == 1 ? "" : "es")"
      if isFound { return cut("\(name)\(matches)") }
      if trace.matched == 0 { return cut("\(name)no process matches") }
      if trace.isDryRun { return cut("\(name)\(matches) found, nobody was traced") }
      return cut(
        "\(name)\(trace.attached) of \(matches) traced for "
          + "\(DurationFigure.text(trace.nanoseconds)) with \(trace.engine.rawValue)")
    }.joined() + (hosts.count > rows ? "  and \(hosts.count - rows) more hosts\n" : "")
  }

  /// Who would be traced.
  private func dryLines(_ processes: [(host: String, process: TracedProcess)]) -> String {
    guard !processes.isEmpty else { return "" }
    var lines = heading("Would be traced")
    let table = LineTable(hostColumn + [(.right, 7), (.left, 9)])
    lines += cut(table.line(hostCell("HOST") + ["PID", "USER"], "COMMAND"))
    for (host, process) in processes.prefix(rows) {
      let who = process.identity
      lines += cut(
        table.line(hostCell(host) + ["\(who.id.pid)", user(who)], command(of: who)))
    }
    return lines + more(processes.count)
  }

  /// From this width on the sentence stands behind the figures; below it, under them.
  private static let wideWidth = 140

  private func rankingLines(_ processes: [(host: String, process: TracedProcess)]) -> String {
    guard !processes.isEmpty else { return "" }
    let isWide = width >= TraceText.wideWidth
    let table = LineTable(
      hostColumn + [
        (.right, 7), (.left, 15), (.right, 8), (.right, 7), (.right, 7), (.right, 6), (.right, 7),
      ])
    let head = table.line(
      hostCell("HOST") + ["PID", "COMM", "CALLS", "READ", "WRITTEN", "SYNCS", "BLOCKED"],
      isWide ? "WHAT IT DOES" : "MOST ON")
    var lines = heading(String(cut(head).dropLast()))
    for (host, process) in processes.prefix(rows) {
      let cells = [
        pid(process.identity), taskText(process.identity.name), CountFigure.text(process.callCount),
        ByteFigure.text(Double(process.readBytes)), ByteFigure.text(Double(process.writeBytes)),
        CountFigure.text(process.syncCalls), blocked(process),
      ]
      let verdict = TraceVerdict.sentence(for: process)
      let file = process.files.first.map { Printable.text($0.path, limit: 300) } ?? ""
      lines += cut(table.line(hostCell(host) + cells, isWide ? verdict : file))
      if !isWide { lines += cut("        \(verdict)") }
    }
    return lines + more(processes.count)
  }

  // MARK: - Who was left alone

  private func skippedLines() -> String {
    let all = hosts.flatMap { host, trace in trace.skipped.map { (host: host, process: $0) } }
    let omitted = hosts.reduce(0) { $0.addingSaturated($1.trace.omittedSkipped) }
    guard !all.isEmpty || omitted > 0 else { return "" }
    var lines = heading("Left alone")
    let table = LineTable(hostColumn + [(.right, 7), (.left, 15), (.left, 15)])
    for (host, process) in all.prefix(rows) {
      lines += cut(
        table.line(
          hostCell(host) + [
            "\(process.id.pid)", taskText(process.name), process.reason.rawValue,
          ], Printable.text(process.detail)))
      if let wait = process.wait { lines += cut("        \(self.wait(wait))") }
    }
    let left = omitted.addingSaturated(max(0, all.count - rows))
    return lines + (left > 0 ? "  and \(left) more\n" : "")
  }

  /// What a task in D waits for, in place of its calls.
  private func wait(_ task: WaitingTask) -> String {
    let seconds = (task.waitIsAtLeast ? "more than " : "") + figure(task.waitSeconds, 1)
    let call = task.systemCall.value.map { " in \(Printable.text($0, limit: 64))(2)" } ?? ""
    var words = "waits for \(task.reason.name)\(call) since \(seconds) s"
    if case .known(let stack) = task.stack, !stack.isEmpty {
      let frames = stack.prefix(6).map { Printable.text($0, limit: 60) }
      words += ": " + frames.joined(separator: " < ")
    } else if let channel = task.waitChannel.value {
      words += ": in \(Printable.text(channel, limit: 64))"
    } else {
      words += ": stack \(task.stack.absence ?? "empty"), wchan \(task.waitChannel.absence ?? "0")"
    }
    return words
  }

  private func noticeLines() -> String {
    var lines = ""
    for (host, trace) in hosts {
      for notice in trace.notices.prefix(HostTrace.noticeLimit) {
        let name = host.isEmpty || hosts.count == 1 ? "" : "\(Printable.text(host, limit: 80)): "
        lines += folded("\(name)\(Printable.text(notice))")
      }
    }
    return lines.isEmpty ? "" : "\n" + lines
  }

  private func verifiedLines() -> String {
    guard !isFound else { return "" }
    let lines = hosts.filter { !$0.trace.isDryRun }.map { host, trace in
      let name = host.isEmpty ? "" : "\(Printable.text(host, limit: 80)): "
      let line = "\(name)detached: \(trace.verified) of \(trace.attached) verified"
      return (trace.verified < trace.attached ? bold(line) : line) + "\n"
    }
    return lines.isEmpty ? "" : "\n" + lines.joined()
  }
}
