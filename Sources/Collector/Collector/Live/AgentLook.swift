import Logging
import Records
import SSHFleet
import Wire

/// What the agent of one host saw during a short while.
public struct AgentLook: Sendable {
  /// One after the other; each with what happened since the one before.
  public var ticks: [HostTick]
  /// Who the processes in them are.
  public var identities: [ProcessIdentity]

  /// Asks the agents of several hosts for the last `seconds`. One that has only been started has
  /// no past: then the seconds to come are waited for.
  public static func ask(
    _ targets: [FleetTarget], seconds: Double, over sessions: [CollectorSessions] = [],
    options: FleetOptions, localAgent: LocalAgent, log: Logger
  ) throws(LinkFailure) -> [(host: String, look: Result<AgentLook, AgentQuestion.Failure>)] {
    var question = AgentQuestion(.recent(seconds: UInt32(min(max(seconds, 1), 3600).rounded(.up))))
    question.seconds += seconds
    question.byteLimit = 64 << 20
    question.coveredSeconds = seconds
    let replies = try question.ask(
      targets, over: sessions, options: options, localAgent: localAgent, log: log)
    return replies.map { reply in
      (host: reply.host, look: reply.outcome.map { AgentLook($0) })
    }
  }

  private init(_ frames: [DecodedFrame]) {
    (ticks, identities) = ([], [])
    // What is told as the past may be told as new, too.
    var last: UInt64 = 0
    for frame in frames {
      switch frame.frame {
      case .tick(let tick) where frame.sequence > last:
        last = frame.sequence
        ticks.append(tick)
      case .identity(let identity): identities.append(identity)
      default: continue
      }
    }
  }
}

extension AgentQuestion {
  /// Asks the agents of several hosts for all about one process.
  public static func process(
    _ pid: Int32, of targets: [FleetTarget], over sessions: [CollectorSessions] = [],
    options: FleetOptions, localAgent: LocalAgent, log: Logger
  ) throws(LinkFailure) -> [(host: String, report: Result<ProcessReport, Failure>)] {
    let replies = try AgentQuestion(.process(pid: pid)).ask(
      targets, over: sessions, options: options, localAgent: localAgent, log: log)
    return replies.map { reply in
      let report = reply.outcome.flatMap { frames -> Result<ProcessReport, Failure> in
        guard case .answer(.process(let report)) = frames.last?.frame else {
          return .failure(Failure(description: "its agent answers something else"))
        }
        return .success(report)
      }
      return (host: reply.host, report: report)
    }
  }
}
