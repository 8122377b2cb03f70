import Bytes
import Records

/// A report of one process as people read it: who it is, who started it, what it waits for, what
/// it moves, and what it has open.
public struct ProcessReportText {
  public let host: String
  public let report: ProcessReport
  /// Most lines of each list.
  public var rows = 20
  public var width = 80
  public var colours = false
  /// A moment as the viewer's clock shows it.
  public var moment: (Timestamp) -> String = {
    RFC3339.string(nanoseconds: $0.seconds * 1_000_000_000)
  }
  /// The same without its day.
  public var clock: (Timestamp) -> String = { time in
    String(RFC3339.string(nanoseconds: time.seconds * 1_000_000_000).drop { $0 != "T" }.dropFirst())
  }

  public init(host: String, report: ProcessReport) {
    self.host = host
    self.report = report
  }

  public func text() -> String {
    headLines() + originLines() + waitingLines() + movingLines() + fileLines() + socketLines()
      + lockLines()
  }

  // MARK: - Itself

  private func headLines() -> String {
    let who = report.identity
    var lines = bold("\(taskText(who.name)) (\(who.id.pid)) on \(Printable.text(host))") + "\n"
    let command = who.commandLine
    lines += fact(
      "command", report.isKernelThread ? "a kernel thread" : command.value ?? absence(command))
    lines += fact("state", state)
    lines += fact("started", age(report.start))
    lines += fact("user", user(who))
    if let unit = who.unit { lines += fact("unit", unit) }
    if let container = who.container { lines += fact("container", container) }
    lines += fact("cgroup", who.controlGroup.value ?? absence(who.controlGroup))
    if !report.isKernelThread {
      lines += fact("program", report.executable.value ?? absence(report.executable))
    }
    return lines
      + fact("folder", report.workingDirectory.value ?? absence(report.workingDirectory))
  }

  private var state: String {
    var words = StateWords.of(report.state)
    if report.state != .running, let channel = report.waitChannel.value {
      words += " in \(channel)"
    }
    return words + ", \(report.threads) thread\(report.threads == 1 ? "" : "s")"
  }

  /// `2026-11-23T03:00:00Z, 12 min ago`
  private func age(_ start: Reading<Timestamp>) -> String {
    guard case .known(let start) = start else { return absence(start) }
    return "\(moment(start)), \(DurationText.long(seconds: report.time.seconds(since: start))) ago"
  }

  // MARK: - Who started it

  private func originLines() -> String {
    var lines = heading("Started by")
    let table = LineTable([(.right, 7), (.left, 9), (.right, 12)])
    if !report.parents.isEmpty {
      lines += cut(table.line(["PID", "USER", "RUNS FOR"], "COMMAND"))
    }
    for parent in report.parents.prefix(rows) {
      let who = parent.identity
      let span = parent.start.value.map {
        DurationText.long(seconds: report.time.seconds(since: $0))
      }
      lines += cut(
        table.line(
          ["\(who.id.pid)", user(who), span ?? absence(parent.start)], command(of: who)))
    }
    if report.parents.count > rows { lines += "  and \(report.parents.count - rows) more\n" }
    if !report.reachesFirstParent { lines += "  whoever comes before can't be seen here\n" }
    return lines + loginLines()
  }

  private func loginLines() -> String {
    let login = report.login
    let terminal = login.terminal.value.map { $0.isEmpty ? "none" : $0 }
    var lines = fact("login", self.login)
    lines += fact("terminal", terminal ?? absence(login.terminal))
    guard let ssh = login.ssh else { return lines }
    let connection = ssh.connection.value.map {
      "from \($0.client.text) to \($0.server.text)"
    }
    return lines
      + fact(
        "SSH",
        "\(ssh.user) \(connection ?? "from an address that is \(absence(ssh.connection))"), "
          + "served by \(ssh.serverPID)")
  }

  private var login: String {
    let login = report.login
    guard case .known(let user) = login.userID else { return absence(login.userID) }
    guard user != LoginSession.none else { return "none: a service, or a login unknown to audit" }
    let session = login.number.value.flatMap { $0 == LoginSession.none ? nil : "session \($0)" }
    return "\(login.user ?? "\(user)"), \(session ?? "no session")"
  }

  // MARK: - What it waits for

  private func waitingLines() -> String {
    guard case .known(let waiting) = report.waiting else {
      return heading("Waits: \(absence(report.waiting))")
    }
    guard !waiting.isEmpty else {
      return heading("No thread waits for a disk, a lock or a FUSE server")
    }
    var lines = heading("Waits")
    let table = LineTable([(.right, 7), (.right, 9), (.left, 24)])
    lines += cut(table.line(["TID", "SECONDS", "WAITS FOR"], "IN"))
    for task in waiting.prefix(rows) {
      let seconds = (task.waitIsAtLeast ? ">" : "") + figure(task.waitSeconds, 1)
      lines += cut(table.line(["\(task.tid)", seconds, task.reason.name], place(of: task)))
      for holder in task.holders { lines += cut("          held by \(name(holder))") }
    }
    let more = report.omittedWaiting.addingSaturated(max(0, waiting.count - rows))
    return lines + (more > 0 ? "  and \(more) more\n" : "")
  }

  /// System call and stack, as far as they are known.
  private func place(of task: WaitingTask) -> String {
    let call = task.systemCall.value.map { "\($0)(2): " } ?? ""
    if case .known(let stack) = task.stack, !stack.isEmpty {
      return call + stack.prefix(6).joined(separator: " < ")
    }
    return call + (task.waitChannel.value ?? "stack \(absence(task.stack))")
  }

  // MARK: - Words

  func heading(_ text: String) -> String { "\n" + bold(text) + "\n" }

  private func fact(_ name: String, _ value: String) -> String {
    cut("  " + LineTable.left(name, 10) + value)
  }

  /// A process that is named by number only, and what is known of it.
  func name(_ pid: Int32) -> String {
    guard let found = report.related.first(where: { $0.id.pid == pid }) else { return "\(pid)" }
    return "\(pid) \(user(found)) \(command(of: found))"
  }

  private func command(of who: ProcessIdentity) -> String {
    guard let command = who.commandLine.value, !command.isEmpty else {
      return "[\(taskText(who.name))]"
    }
    return command
  }

  private func user(_ who: ProcessIdentity) -> String {
    who.user ?? who.userID.value.map { "\($0)" } ?? absence(who.userID)
  }

  func absence<Value>(_ reading: Reading<Value>) -> String { reading.absence ?? "" }

  func bold(_ text: String) -> String { colours ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  func cut(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return (line.count > width ? line.prefix(max(width - 1, 20)) + "…" : line[...]) + "\n"
  }
}

/// States of tasks in words.
enum StateWords {
  static func of(_ state: TaskState) -> String {
    switch state {
    case .running: "running (R)"
    case .sleeping: "sleeping (S)"
    case .uninterruptible: "uninterruptible (D)"
    case .stopped: "stopped (T)"
    case .traced: "stopped by a tracer (t)"
    case .zombie: "ended, and its parent hasn't asked (Z)"
    case .dead: "dead (X)"
    case .idle: "idle (I)"
    case .parked: "parked (P)"
    case .unknown: "unknown"
    }
  }
}
