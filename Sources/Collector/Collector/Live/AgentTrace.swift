import Bytes
import Logging
import Records
import SSHFleet
import Wire

extension AgentQuestion {
  /// How long copying an agent to a host may take, seconds.
  private static let uploadSeconds = 120.0

  /// Has the agents of several hosts trace, all at once. Where this process ends, or a connection
  /// does, they let go of whom they trace.
  ///
  /// - Parameter temporaryAgent: what is copied to hosts that have no agent, and where nobody holds a
  ///   session; `nil`: nothing.
  /// - Parameter earlyEnd: ends it, with what was seen until then.
  public static func trace(
    _ request: TraceRequest, of targets: [FleetTarget], over sessions: [CollectorSessions] = [],
    options: FleetOptions, localAgent: LocalAgent, temporaryAgent: TemporaryAgent? = nil,
    earlyEnd: EarlyEnd? = nil, log: Logger
  ) throws(LinkFailure) -> [(host: String, trace: Result<HostTrace, Failure>)] {
    var question = AgentQuestion(.trace(request))
    question.seconds += QuestionDesk.workSeconds(of: question.request)
    (question.temporaryAgent, question.earlyEnd) = (temporaryAgent, earlyEnd)
    if temporaryAgent != nil { question.seconds += uploadSeconds }
    let replies = try question.ask(
      targets, over: sessions, options: options, localAgent: localAgent, log: log)
    return replies.map { reply in
      (host: reply.host, trace: reply.outcome.flatMap { trace(of: $0.map(\.frame)) })
    }
  }

  /// The trace that an answer's frames tell.
  static func trace(of frames: [Frame]) -> Result<HostTrace, Failure> {
    guard var trace = TraceAnswer.trace(of: frames) else {
      return .failure(
        Failure(description: "its agent's answer didn't come whole, or is another; ask again"))
    }
    // What is centuries away is no clock: nobody would find the trace again.
    if abs(trace.time.seconds(since: .now)) > AgentStream.clockLimit { trace.time = .now }
    return .success(trace)
  }
}
