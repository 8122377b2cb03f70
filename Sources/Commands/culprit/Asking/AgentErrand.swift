import Bytes
import Collector
import Foundation
import Logging
import SSHFleet

/// Hosts whose agents are asked one question, and what is said of those that don't answer.
struct AgentErrand {
  let plan: FleetPlan
  let log: Logger

  /// This machine's agent, where this machine is among the hosts.
  var localAgent: LocalAgent {
    plan.targets.contains { $0.transport == .local } ? .find() : .missing("")
  }

  /// Asks while somebody is told that it takes its time.
  func ask<Answer>(
    _ question: (FleetPlan, LocalAgent, Logger) throws -> Answer
  ) throws -> Answer {
    let hosts = plan.targets.count
    let notice = WaitNotice(
      hosts == 1 ? "asking \(plan.targets[0].name)" : "asking \(hosts) hosts")
    defer { notice.end() }
    do {
      return try question(plan, localAgent, log)
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
