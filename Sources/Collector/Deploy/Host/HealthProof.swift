import Bytes
import Collector
import Dispatch
import Glibc
import Records
import SSHFleet
import Synchronization
import Wire

/// Proves that an agent is good: the collector attaches with its own key, as it will from now on, the
/// agent says the version that it should be, and good ticks come.
struct HealthProof {
  /// What is wrong, and what to do about it.
  struct Failure: Error, Equatable {
    var description: String
    /// It answered that nobody listens: it may just have been started.
    var mayPass = false
  }

  let key: CollectorKey
  /// What the agent must say it is; any where `nil`.
  var version: String?
  var ticks = 3
  /// From the start of the login to the agent's first words, seconds. A login that hangs is told by
  /// the link itself before.
  var helloSeconds = 40.0

  /// The account that its key is for.
  static let account = "culprit"

  /// An agent that was just started takes a moment to listen.
  private static let patience = Duration.seconds(20)
  private static let pauseMicroseconds: UInt32 = 400_000

  /// Returns what was seen, in words.
  func prove(_ target: FleetTarget, on fleet: Fleet) throws(Failure) -> String {
    let end = ContinuousClock.now + HealthProof.patience
    // One that listens and says nothing takes its whole time.
    while ContinuousClock.now < end {
      do throws(Failure) {
        return try proveOnce(target, on: fleet)
      } catch  where error.mayPass {
        usleep(HealthProof.pauseMicroseconds)
      }
    }
    return try proveOnce(target, on: fleet)
  }

  private func proveOnce(_ target: FleetTarget, on fleet: Fleet) throws(Failure) -> String {
    var target = target
    // Another link of the same host.
    target.name = "\(target.name) culprit@"
    target.explicit.user = HealthProof.account
    target.explicit.identities = [key.path]
    target.command = RemoteCommand.question()
    target.asksAgent = true
    let link = ProofLink(self)
    fleet.add(target, delegate: link)
    let outcome = link.wait()
    fleet.remove(target.name)
    return try outcome.get()
  }
}

/// The link of a proof.
private final class ProofLink: LinkDelegate {
  typealias Outcome = Result<String, HealthProof.Failure>

  private struct State {
    var start = FrameStart()
    var hasFrames = false
    var decoder = FrameDecoder()
    var byteCount = 0
    var errorText = ""
    var stage = "not tried yet"
    var hasOpened = false
    var hello: Hello?
    var good = 0
    var last: UInt64 = 0
    var outcome: Outcome?
    var failures = 0
  }

  /// Three ticks are a fraction of it.
  private static let byteLimit = 16 << 20
  private static let errorLimit = 400
  /// The longest interval that an agent takes, seconds.
  private static let longestInterval = 60.0

  private let proof: HealthProof
  private let state = Mutex(State())
  /// Signalled with the hello, and with the outcome.
  private let news = DispatchSemaphore(value: 0)

  init(_ proof: HealthProof) {
    self.proof = proof
  }

  func wait() -> Outcome {
    if news.wait(timeout: .now() + proof.helloSeconds) == .timedOut {
      let stage = state.withLock { $0.stage }
      return .failure(
        .init(description: "nothing from it within \(Int(proof.helloSeconds)) s: \(stage)"))
    }
    let (outcome, interval) = state.withLock { state in
      (state.outcome, Double(state.hello?.intervalNanoseconds ?? 0) / 1e9)
    }
    if let outcome { return outcome }
    // An agent that limits its own cost takes twice the time.
    let seconds = 10 + 2 * Double(proof.ticks) * min(interval, ProofLink.longestInterval)
    if news.wait(timeout: .now() + seconds) == .timedOut {
      let good = state.withLock { $0.good }
      return .failure(
        .init(description: "\(good) good ticks within \(Int(seconds)) s, not \(proof.ticks)"))
    }
    return state.withLock { $0.outcome ?? .failure(.init(description: "no answer")) }
  }

  /// The first word counts.
  private func finish(_ outcome: Outcome) {
    let isFirst = state.withLock { state in
      guard state.outcome == nil else { return false }
      state.outcome = outcome
      return true
    }
    if isFirst { news.signal() }
  }

  // MARK: - The link

  func linkWillStart() -> [UInt8] {
    var encoder = FrameEncoder()
    encoder.append(.request(.stream), sequence: 1)
    return encoder.bytes
  }

  func linkDidOpen() {}

  func linkDidChange(to new: LinkState) {
    switch new {
    case .connecting(let how, _, _): state.withLock { $0.stage = Printable.text(how) }
    case .connected:
      state.withLock { ($0.hasOpened, $0.stage) = (true, "logged in; its agent says nothing") }
    case .backingOff(let failure, _):
      // A login may fail once where many come at once. What has begun doesn't end.
      let (isOver, hasBegun) = state.withLock { state in
        state.failures += 1
        return (state.failures > 2 || state.hasOpened, state.hasOpened && !state.hasFrames)
      }
      guard isOver else { return }
      finish(
        .failure(.init(description: Printable.text(failure.description), mayPass: hasBegun)))
    case .given(up: let failure):
      let hint =
        failure.kind == .refusedKey
        ? "; does its sshd_config let \(HealthProof.account) in (AllowUsers, AuthorizedKeysFile)?"
        : ""
      finish(.failure(.init(description: Printable.text(failure.description) + hint)))
    case .waiting, .stale, .stopped: break
    }
  }

  func linkDidReceive(_ bytes: Span<UInt8>) -> LinkFeedback {
    var greeted = false
    let outcome = state.withLock { state -> Outcome? in
      state.byteCount += bytes.count
      guard state.byteCount <= ProofLink.byteLimit else { return failure("it sends without end") }
      let hadHello = state.hello != nil
      defer { greeted = !hadHello && state.hello != nil }
      guard !state.hasFrames else { return take(bytes, &state) }
      let (_, frames) = state.start.split(bytes)
      guard let frames else { return nil }
      state.hasFrames = true
      return take(frames.span, &state)
    }
    if let outcome { finish(outcome) } else if greeted { news.signal() }
    return LinkFeedback(isProgress: true)
  }

  private func take(_ bytes: Span<UInt8>, _ state: inout State) -> Outcome? {
    var events: [FrameDecoder.Event] = []
    state.decoder.feed(bytes) { events.append($0) }
    for event in events {
      switch event {
      case .fault(let fault): return failure("its frames are damaged (\(fault.reason))")
      case .frame(let frame):
        if let outcome = take(frame, &state) { return outcome }
      }
    }
    return nil
  }

  private func take(_ frame: DecodedFrame, _ state: inout State) -> Outcome? {
    switch frame.frame {
    case .hello(let hello):
      let said = Printable.text(hello.agentVersion, limit: 80)
      if let wanted = proof.version, said != wanted {
        return failure("it says it is \(said), not \(wanted): another agent listens there")
      }
      state.hello = hello
    case .tick(let tick):
      guard let hello = state.hello, ProofLink.isGood(tick), frame.sequence > state.last else {
        return failure("a tick of it tells nothing")
      }
      state.last = frame.sequence
      state.good += 1
      guard state.good >= proof.ticks else { return nil }
      let engine = hello.engine.map { " (\($0.name))" } ?? ""
      return .success(
        "\(Printable.text(hello.agentVersion, limit: 80))\(engine), \(state.good) good tick"
          + (state.good == 1 ? "" : "s"))
    case .answer(.refused(let why)):
      return failure("it refuses to stream: \(Printable.text(why, limit: 200))")
    default: break
    }
    return nil
  }

  /// It sees the host: what runs, what memory is left, which processes there are.
  private static func isGood(_ tick: HostTick) -> Bool {
    tick.row[.r] != nil && tick.row[.free] ?? 0 > 0 && tick.processCount > 0
  }

  func linkDidReceiveError(_ bytes: Span<UInt8>) {
    state.withLock { state in
      guard state.errorText.count < ProofLink.errorLimit else { return }
      state.errorText += Printable.text(bytes, limit: ProofLink.errorLimit)
    }
  }

  func linkDidEnd(status: Int32?) -> LinkFailure {
    let said = state.withLock { $0.errorText }
    return LinkFailure(
      .noVmstat, "attach \(LinkFailure.ending(status))\(LinkFailure.saying(said))")
  }

  private func failure(_ why: String) -> Outcome { .failure(.init(description: why)) }
}
