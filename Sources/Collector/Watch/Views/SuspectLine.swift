import Bytes
import Records

/// A waiting task, as a line.
enum SuspectLine {
  /// ps says since when a task is there, an agent for how long it waits.
  static func titles(_ source: SuspectSource) -> String {
    switch source {
    case .ps: "    pid     tid user     state wait channel         elapsed command"
    case .agent: "    pid     tid user     state waits for             waited command"
    }
  }

  static func text(_ suspect: Suspect) -> String {
    let seconds = suspect.waitSeconds ?? suspect.elapsedSeconds.map { Double(max(0, $0)) }
    let elapsed = seconds.map { CompactNumber.age(seconds: $0) } ?? "-"
    return [
      "\(suspect.pid)".leftPadded(to: 7), "\(suspect.tid)".leftPadded(to: 7),
      suspect.user.fitted(to: 8), suspect.state.fitted(to: 5),
      (suspect.waitsFor ?? "-").fitted(to: 20), elapsed.leftPadded(to: 7),
      Printable.text(suspect.command),
    ].joined(separator: " ")
  }

  /// For the line under a host.
  static func short(_ suspect: Suspect) -> String {
    let command = Printable.text(suspect.command, limit: 200)
    let who = "\(suspect.pid) \(Printable.text(suspect.user, limit: 32))"
    let state = suspect.isUninterruptible ? "D" : Printable.text(suspect.state, limit: 8)
    let time = suspect.waitSeconds.map { " \(CompactNumber.age(seconds: $0))" } ?? ""
    return "\(who), \(state)\(time)\(what(suspect)): \(command)"
  }

  /// Who holds what it waits for, and of which file the lock is; `nil` where nobody knows.
  static func held(_ suspect: Suspect, on host: WatchedHost) -> String? {
    guard let details = suspect.details, !details.holders.isEmpty || details.lockPath != nil else {
      return nil
    }
    let shown = details.holders.prefix(holdersLimit).map { pid -> String in
      host.command(pid: pid).map { "\(pid) \(Printable.text($0, limit: 80))" } ?? "\(pid)"
    }
    let more = details.holders.count - shown.count
    var text = "        "
    if !shown.isEmpty {
      text += "held by \(shown.joined(separator: ", "))" + (more > 0 ? " and \(more) more" : "")
    }
    guard let path = details.lockPath else { return text }
    return text + (shown.isEmpty ? "" : ": ") + "lock on \(Printable.text(path, limit: 200))"
  }

  private static let holdersLimit = 3

  /// The reason first; the kernel function where there is none.
  private static func what(_ suspect: Suspect) -> String {
    if let reason = suspect.reason { return " for \(Printable.text(reason, limit: 40))" }
    return suspect.waitChannel.map { " in \(Printable.text($0, limit: 40))" } ?? ""
  }
}

extension WatchedHost {
  /// What runs as this process, as far as the agent has told of it lately.
  func command(pid: Int32) -> String? {
    work.processes.first { $0.activity.id.pid == pid }?.command
      ?? suspects?.suspects.first { $0.pid == Int(pid) }?.command
  }
}
