import Bytes
import Collector
import Foundation
import Logging
import SSHFleet

/// Hosts whose agents are asked one question, and what is said of those that don't answer.
struct AgentErrand {
  let plan: FleetPlan
  /// Collectors that may hold a session to them: over that they are asked, rather than by a login
  /// that would hang with the host's disk.
  let sessions: [CollectorSessions]
  let log: Logger

  init(_ plan: FleetPlan, _ history: HistoryOptions, log: Logger) {
    self.plan = plan
    sessions = history.candidates(plan.file).compactMap { CollectorSessions(history: $0) }
    self.log = log
  }

  /// This machine's agent, where this machine is among the hosts.
  var localAgent: LocalAgent {
    plan.targets.contains { $0.transport == .local } ? .find() : .missing("")
  }

  /// Asks while somebody is told that it takes its time.
  func ask<Answer>(
    _ question: (FleetPlan, [CollectorSessions], LocalAgent, Logger) throws -> Answer
  ) throws -> Answer {
    let hosts = plan.targets.count
    let notice = WaitNotice(
      hosts == 1 ? "asking \(plan.targets[0].name)" : "asking \(hosts) hosts")
    defer { notice.end() }
    do {
      return try question(plan, sessions, localAgent, log)
    } catch let failure as LinkFailure {
      throw CommandFailure.failed(failure.description)
    }
  }

  /// What kept a host from answering, on standard error.
  static func complain(of host: String, _ failure: AgentQuestion.Failure, orElse hint: String) {
    printError(
      "culprit: \(Printable.text(host, limit: 80)): "
        + "\(Printable.text(failure.description, limit: 600))\(hint)")
  }
}

/// Width of the terminal; where standard output is none, lines may be long.
enum OutputWidth {
  static let withoutTerminal = 160

  static var columns: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return withoutTerminal
    }
    return Int(size.ws_col)
  }
}
