import Bytes
import Dispatch
import SSHFleet
import Synchronization
import Wire

/// A host that was asked.
final class AskedHost: LinkDelegate {
  typealias Outcome = Result<[DecodedFrame], AgentQuestion.Failure>

  /// The request's number.
  static let number: UInt64 = 1
  /// That of the request for new frames.
  private static let streamNumber: UInt64 = 2
  /// Lines that a login script may print before the agent's frames, bytes.
  private static let textLimit = 64 << 10
  private static let errorLimit = 400
  /// Damaged pieces before it is given up.
  private static let faultLimit = 20

  struct State {
    var start = FrameStart()
    var decoder = FrameDecoder()
    var frames: [DecodedFrame] = []
    var ticks = CoveredTime()
    var byteCount = 0
    var faults = 0
    var hasFrames = false
    var text: [UInt8] = []
    var errorText = ""
    /// Lines before the frames, for what the shell there says of an agent that is copied.
    var lines = LineSplitter()
    var upload: AgentUpload?
    /// Why none runs there.
    var fallbackReason: String?
    /// How far it has got, for who waits in vain.
    var stage = "not tried yet"
    var outcome: Outcome?
  }

  let name: String
  let question: AgentQuestion
  let state = Mutex(State())
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

  /// Has the agent answer now; who wasn't asked yet isn't any more.
  func endEarly(on fleet: Fleet) {
    // An agent says at once that it begins. Before, these bytes might become part of something else.
    guard state.withLock({ $0.hasFrames }) else { return finish(.failure(.endedUnasked)) }
    fleet.send(name, AgentRequests.cancel(AskedHost.number))
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
      take(lines: text, &state, &feedback.output)
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
        if case .unknown(let kind, _) = frame.frame, frame.sequence == AskedHost.number,
          frame.stream == nil, Answer.isOne(kind: kind)
        {
          return .failure(question.refusal(AnswerWords.tooNew))
        }
        guard case .answer(let answer) = frame.frame, frame.sequence == AskedHost.number else {
          // An agent before 0.3 reads nothing and streams.
          if question.isAnsweredAlone, case .tick = frame.frame {
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
        if answer == .begins || answer == .accepted { continue }
        if case .refused(let why) = answer { return .failure(question.refusal(why)) }
        state.frames.append(frame)
        if question.coveredSeconds == nil, answer.isLast { return .success(state.frames) }
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

  func linkDidEnd(status: Int32?) -> LinkFailure {
    let (text, errors, fallback) = state.withLock {
      ($0.text, $0.errorText, $0.fallbackReason)
    }
    if let fallback {
      return LinkFailure(
        .noVmstat, "no \(LocalAgent.name) there, and no temporary one: \(fallback)")
    }
    let lines = text.split(separator: UInt8(ascii: "\n"))
    for line in lines {
      guard case .agentBroken(let status) = GreetingLine(line.span) else { continue }
      return LinkFailure(
        .noVmstat,
        "the \(LocalAgent.name) there doesn't run: it ends with status \(status); "
          + "install another one")
    }
    let texts = lines.map { Printable.text($0.span, limit: 200) }
    if let error = texts.last(where: { $0.hasPrefix("@error ") }) {
      return LinkFailure(.noVmstat, String(error.dropFirst(7)))
    }
    let said = LinkFailure.saying(errors)
    return LinkFailure(
      .unreachable,
      "its agent \(LinkFailure.ending(status)) before it answered\(said); is it older than 0.3? Try it there: "
        + "culprit-agent doctor")
  }

  private func failure(_ why: String) -> Outcome {
    .failure(AgentQuestion.Failure(description: why))
  }
}
