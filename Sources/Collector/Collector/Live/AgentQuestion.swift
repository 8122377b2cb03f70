import Bytes
import Dispatch
import Foundation
import Logging
import SSHFleet
import Synchronization
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
        target.transport == .local ? localAgent.question() : RemoteCommand.question()
      target.asksAgent = true
      host.onEnd = { [name = target.name] in fleet.remove(name) }
      fleet.add(target, delegate: host)
    }
    let end = DispatchTime.now() + seconds
    let replies = asked.map { $0.wait(until: end, seconds: seconds) }
    fleet.stop()
    return replies
  }
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

/// A host that was asked.
private final class AskedHost: LinkDelegate {
  typealias Outcome = Result<[DecodedFrame], AgentQuestion.Failure>

  /// The request's number.
  private static let number: UInt64 = 1
  /// That of the request for new frames.
  private static let streamNumber: UInt64 = 2
  /// Lines that a login script may print before the agent's frames, bytes.
  private static let textLimit = 64 << 10
  private static let errorLimit = 400
  /// Damaged pieces before it is given up.
  private static let faultLimit = 20

  private struct State {
    var start = FrameStart()
    var decoder = FrameDecoder()
    var frames: [DecodedFrame] = []
    var ticks = CoveredTime()
    var byteCount = 0
    var faults = 0
    var hasFrames = false
    var text: [UInt8] = []
    var errorText = ""
    /// How far it has got, for who waits in vain.
    var stage = "not tried yet"
    var outcome: Outcome?
  }

  let name: String
  private let question: AgentQuestion
  private let state = Mutex(State())
  private let ended = DispatchSemaphore(value: 0)
  private let end = Mutex<(@Sendable () -> Void)?>(nil)

  init(_ name: String, _ question: AgentQuestion) {
    self.name = name
    self.question = question
  }

  var onEnd: (@Sendable () -> Void)? {
    get { end.withLock { $0 } }
    set { end.withLock { $0 = newValue } }
  }

  func wait(until end: DispatchTime, seconds: Double) -> AgentQuestion.Reply {
    if ended.wait(timeout: end) == .timedOut {
      let stage = state.withLock { $0.stage }
      finish(
        .failure(
          .init(description: "no answer within \(Int(seconds)) s: \(Printable.text(stage))")))
    }
    let outcome = state.withLock { $0.outcome }
    return AgentQuestion.Reply(
      host: name, outcome: outcome ?? .failure(.init(description: "no answer")))
  }

  /// The first word counts.
  private func finish(_ outcome: Outcome) {
    let isFirst = state.withLock { state in
      guard state.outcome == nil else { return false }
      state.outcome = outcome
      state.frames = []
      return true
    }
    guard isFirst else { return }
    onEnd?()
    ended.signal()
  }

  // MARK: - The link

  func linkWillStart() -> [UInt8] {
    let request = AgentRequests.bytes(question.request, number: AskedHost.number)
    guard question.coveredSeconds != nil else { return request }
    return request + AgentRequests.bytes(.stream, number: AskedHost.streamNumber)
  }

  func linkDidOpen() {}

  func linkDidChange(to new: LinkState) {
    switch new {
    case .connecting(let how, _, _): state.withLock { $0.stage = how }
    case .connected: state.withLock { $0.stage = "its agent is asked and says nothing" }
    case .backingOff(let failure, _), .given(up: let failure):
      finish(.failure(.init(description: Printable.text(failure.description))))
    case .waiting, .stale, .stopped: break
    }
  }

  func linkDidReceive(_ bytes: Span<UInt8>) -> LinkFeedback {
    var feedback = LinkFeedback(isProgress: true)
    let outcome = state.withLock { state in
      guard state.outcome == nil else { return nil as Outcome? }
      state.byteCount += bytes.count
      guard state.byteCount <= question.byteLimit else {
        return failure("more than \(question.byteLimit >> 20) MiB and no end of the answer")
      }
      guard !state.hasFrames else { return take(bytes, &state) }
      let (text, frames) = state.start.split(bytes)
      state.text += text
      guard state.text.count <= AskedHost.textLimit else {
        return failure("text instead of an agent's frames; try it there: culprit-agent doctor")
      }
      guard let frames else { return nil }
      state.hasFrames = true
      state.errorText = ""
      return take(frames.span, &state)
    }
    if let outcome {
      finish(outcome)
      // Whatever it is, there is no more to be had.
      if case .failure(let why) = outcome {
        feedback.failure = LinkFailure(.noVmstat, why.description)
      }
    }
    return feedback
  }

  private func take(
    _ bytes: Span<UInt8>, _ state: inout State
  ) -> Outcome? {
    var events: [FrameDecoder.Event] = []
    state.decoder.feed(bytes) { events.append($0) }
    for event in events {
      switch event {
      case .fault:
        state.faults += 1
        guard state.faults <= AskedHost.faultLimit else {
          return failure("damaged frames instead of an answer; try it there: culprit-agent doctor")
        }
      case .frame(let frame):
        guard case .answer(let answer) = frame.frame, frame.sequence == AskedHost.number else {
          // An agent before 0.3 reads nothing and streams.
          if case .process = question.request, case .tick = frame.frame {
            return failure(
              "its agent takes no questions: it is older than 0.3; install a newer one there")
          }
          state.frames.append(frame)
          state.ticks.note(frame)
          guard state.frames.count <= question.frameLimit else {
            return failure("more than \(question.frameLimit) frames and no end of the answer")
          }
          continue
        }
        if case .begins = answer { continue }
        if case .refused(let why) = answer {
          return failure("its agent refuses: \(Printable.text(why, limit: 300))")
        }
        state.frames.append(frame)
        if question.coveredSeconds == nil { return .success(state.frames) }
      }
    }
    // An agent that knows no requests (0.2) sends frames all the same.
    return question.isCovered(by: state.ticks) ? .success(state.frames) : nil
  }

  func linkDidReceiveError(_ bytes: Span<UInt8>) {
    state.withLock { state in
      guard state.errorText.count < AskedHost.errorLimit else { return }
      state.errorText += Printable.text(bytes, limit: AskedHost.errorLimit)
    }
  }

  func linkDidAnswer(_ answer: [UInt8]?) {}

  func linkDidEnd(status: Int32?) -> LinkFailure {
    let (text, errors) = state.withLock { ($0.text, $0.errorText) }
    let lines = text.split(separator: UInt8(ascii: "\n")).map {
      Printable.text($0.span, limit: 200)
    }
    if let error = lines.last(where: { $0.hasPrefix("@error ") }) {
      return LinkFailure(.noVmstat, String(error.dropFirst(7)))
    }
    let said = errors.isEmpty ? "" : ": \(errors)"
    let how = status.map { $0 == 0 ? "ended" : "ended with status \($0)" } ?? "ended"
    return LinkFailure(
      .unreachable,
      "its agent \(how) before it answered\(said); is it older than 0.3? Try it there: "
        + "culprit-agent doctor")
  }

  private func failure(_ why: String) -> Outcome {
    .failure(AgentQuestion.Failure(description: why))
  }
}
