import Bytes
import Dispatch
import Logging
import Records
import SSHFleet
import Wire

/// One question to the agents of several hosts, each over a connection of its own.
///
///     let replies = try AgentQuestion(.process(pid: 4711)).ask(targets, options: options, log: log)
///
/// Bounded in time and in what a host may answer. Nothing is tried a second time.
public struct AgentQuestion: Sendable {
  /// What came of it at one host.
  public struct Reply: Sendable {
    public var host: String
    public var outcome: Result<[DecodedFrame], Failure>
  }

  /// Why there is no answer, and what to do about it, printable.
  public struct Failure: Error, Equatable, CustomStringConvertible, Sendable {
    public var description: String

    static let endedUnasked = Failure(description: "ended early, before its agent was asked")
  }

  public var request: Request
  /// How long a host has for its answer, login and all, seconds.
  public var seconds = 30.0
  /// The most bytes that a host may send.
  public var byteLimit = 16 << 20
  /// The time that ticks are to cover, seconds. Where that is said, the answer alone is no end: each
  /// new frame is asked for too, and awaited.
  var coveredSeconds: Double?
  /// The most frames that a host may send: some hundred processes are introduced with each tick.
  var frameLimit = 1_000_000
  /// Ends it before its time is up.
  var earlyEnd: EarlyEnd?
  /// What is copied to hosts that have no agent; `nil`: nothing.
  var temporaryAgent: TemporaryAgent?

  public init(_ request: Request) {
    self.request = request
  }

  /// Asks them all at once, and returns when the last has answered or its time is up: the frames
  /// that came until the answer, and the answer itself as the last of them. In the order of
  /// `targets`, whose commands and intervals don't matter.
  ///
  /// - Parameter localAgent: how the agent of this machine is run, for `local` targets.
  public func ask(
    _ targets: [FleetTarget], options: FleetOptions, localAgent: LocalAgent = .missing(""),
    log: Logger
  ) throws(LinkFailure) -> [Reply] {
    let fleet = try Fleet(options: options, log: log)
    fleet.start()
    let asked = targets.map { AskedHost($0.name, self) }
    for (target, host) in zip(targets, asked) {
      var target = target
      target.command =
        target.transport == .local ? localAgent.question() : remoteCommand
      target.asksAgent = true
      target.intervalSeconds = quietSeconds
      host.onEnd = { [name = target.name] in fleet.remove(name) }
      fleet.add(target, delegate: host)
    }
    let action = earlyEnd?.add { for host in asked { host.endEarly(on: fleet) } }
    defer { if let action { earlyEnd?.remove(action) } }
    let end = DispatchTime.now() + seconds
    let replies = asked.map { $0.wait(until: end, seconds: seconds) }
    fleet.stop()
    return replies
  }
}

extension AgentQuestion {
  private var remoteCommand: String {
    let count = AgentRequests.bytes(request, number: AskedHost.number).count
    return RemoteCommand.question(temporary: temporaryAgent, requestBytes: count)
  }

  /// A tenth of how long a host may say nothing before it is left: who traces has nothing to say until
  /// that is over.
  private var quietSeconds: Int {
    Int((QuestionDesk.workSeconds(of: request) / 10).rounded(.up)) + 1
  }

  /// What is said of an agent that refuses.
  func refusal(_ why: String) -> Failure {
    if case .trace = request, why.contains("doesn't know that request") {
      return Failure(
        description: "its agent knows no such trace: it is older than \(Release.version); install "
          + "the agent of this culprit there")
    }
    return Failure(
      description: "its agent refuses: \(Printable.text(why, limit: AgentQuestion.refusalLimit))")
  }

  private static let refusalLimit = 600
}

/// The time that the ticks of an answer cover.
struct CoveredTime {
  private var nanoseconds: UInt64 = 0
  private var last: UInt64 = 0

  /// Counts a tick, unless it was told before: what is told as the past may be told as new, too.
  mutating func note(_ frame: DecodedFrame) {
    guard case .tick(let tick) = frame.frame, frame.sequence > last else { return }
    last = frame.sequence
    nanoseconds = nanoseconds.addingSaturated(tick.intervalNanoseconds)
  }

  var seconds: Double { Double(nanoseconds) / 1e9 }
}

extension AgentQuestion {
  /// Whether the answer is all that is to come: no frame of a stream.
  var isAnsweredAlone: Bool {
    switch request {
    case .process, .trace: true
    case .introduction, .stream, .inventory, .fetch, .recent, .cancel: false
    }
  }

  /// Whether that is all that was wanted, or nearly. The first tick of an agent that has just been
  /// started covers nothing; one of an agent that goes slowly may cover all.
  func isCovered(by ticks: CoveredTime) -> Bool {
    guard let coveredSeconds else { return false }
    return ticks.seconds > 0 && ticks.seconds >= coveredSeconds * 0.9
  }
}

extension LocalAgent {
  /// The shell command that runs this machine's agent for a question.
  func question() -> String {
    switch self {
    case .found(let path):
      let program = LocalAgent.quoted(path)
      return RemoteCommand.agent(program, where: "[ -x \(program) ]", intervalSeconds: 1)
        + "; echo \"@error \(LocalAgent.name) is gone\"; exit 127"
    case .missing: return "echo \"@error no \(LocalAgent.name) here; install it\"; exit 127"
    }
  }
}
