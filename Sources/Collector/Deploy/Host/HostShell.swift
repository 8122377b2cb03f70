import Bytes
import Dispatch
import SSHFleet
import Synchronization

/// The conversation with a host's script. Called from a thread that may block; the link's own thread
/// only hands on what came.
///
/// One connection serves a whole roll-out, and nothing is tried a second time on it: when it ends, the
/// host takes back what was begun, unless it was kept.
final class HostShell: LinkDelegate {
  /// Why there is no answer.
  enum Failure: Error, Equatable {
    /// It couldn't be reached, or let nobody in.
    case unreachable(String)
    /// No root there.
    case noRoot(String)
    /// The host's script says no.
    case refused(String)
    /// The connection broke, or nothing came in time.
    case cut(String)
  }

  private enum Phase: Equatable {
    /// How far it has got, for who waits in vain.
    case connecting(String)
    case ready
    case ended(Failure)
  }

  private struct State {
    var phase = Phase.connecting("not tried yet")
    /// Failures on the way in that may pass by themselves.
    var attempts = 0
    /// It is sudo's turn.
    var asksSudo = false
    var lines = LineSplitter()
    var errorText = ""
    var otherBytes = 0
    /// The verb that waits for its answer, what it may ask for, and what came of it.
    var isAsking = false
    var payloads: [[UInt8]] = []
    var reply = HostReply()
    var outcome: Result<HostReply, Failure>?
    /// The payload on its way, and how much of it was handed over.
    var upload: [UInt8] = []
    var uploaded = 0
    var sentBytes = 0
  }

  /// Bytes handed over at once: many hosts may be sent to at a time.
  private static let pieceBytes = 32 << 10
  /// An sshd with too many logins under way hangs up: so often it is tried again.
  private static let attemptLimit = 3
  private static let errorLimit = 400
  /// What a host may print that is none of ours, bytes.
  private static let otherLimit = 256 << 10

  let name: String
  private let fleet: Fleet
  private let target: FleetTarget
  private let state = Mutex(State())
  private let arrived = DispatchSemaphore(value: 0)
  /// Called with the bytes of a payload that were handed over so far, and all of them.
  private let tellSent: @Sendable (Int, Int) -> Void

  init(
    _ target: FleetTarget, on fleet: Fleet, patienceSeconds: Int = HostScript.patienceSeconds,
    tellSent: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
  ) {
    var target = target
    target.command = HostScript.command(patienceSeconds: patienceSeconds)
    target.asksAgent = false
    // Silence is measured in it, and a host may unpack for a while.
    target.intervalSeconds = 60
    self.target = target
    self.fleet = fleet
    self.tellSent = tellSent
    name = target.name
  }

  /// Bytes of payloads that were handed over.
  var sentBytes: Int { state.withLock { $0.sentBytes } }

  /// Connects, becomes root, and starts the script.
  func open(within seconds: Double) throws(Failure) {
    fleet.add(target, delegate: self)
    _ = try wait(within: seconds)
  }

  /// Has the host do something. `payloads` are the bytes that it may ask for, in this order.
  func run(
    _ words: [String], payloads: [[UInt8]] = [], within seconds: Double = 120
  ) throws(Failure) -> HostReply {
    precondition(!words.contains { $0.contains { $0.isNewline } }, "a line is a word of its own")
    let failure = state.withLock { state in
      if case .ended(let failure) = state.phase { return failure as Failure? }
      state.isAsking = true
      state.payloads = payloads
      state.reply = HostReply()
      state.outcome = nil
      return nil
    }
    if let failure { throw failure }
    fleet.send(name, Array((words.joined(separator: "\n") + "\n").utf8))
    return try wait(within: seconds)
  }

  /// Ends the connection: the host takes back what isn't kept.
  func close() {
    finish(.cut("closed"))
    fleet.remove(name)
  }

  private func wait(within seconds: Double) throws(Failure) -> HostReply {
    if arrived.wait(timeout: .now() + seconds) == .timedOut {
      let how = state.withLock { state in
        if case .connecting(let how) = state.phase { return how as String? }
        return nil
      }
      if let how {
        finish(.unreachable("not logged in after \(Int(seconds)) s: \(Printable.text(how))"))
      } else {
        finish(.cut("no answer within \(Int(seconds)) s"))
      }
      fleet.remove(name)
    }
    let outcome = state.withLock { state in
      if let outcome = state.outcome { return outcome }
      if case .ended(let failure) = state.phase { return .failure(failure) }
      return .failure(.cut("no answer"))
    }
    return try outcome.get()
  }

  /// The first word counts; whoever waits is told.
  private func finish(_ failure: Failure) {
    let isNews = state.withLock { state in
      if case .ended = state.phase { return false }
      state.phase = .ended(failure)
      return true
    }
    if isNews { arrived.signal() }
  }

  // MARK: - The link

  func linkWillStart() -> [UInt8] { HostScript.input }

  func linkDidOpen() {
    state.withLock { state in
      state.lines.reset()
      (state.errorText, state.asksSudo) = ("", false)
    }
  }

  func linkDidChange(to new: LinkState) {
    switch new {
    case .connecting(let how, _, _):
      state.withLock { if case .connecting = $0.phase { $0.phase = .connecting(how) } }
    case .connected: state.withLock { note(how: "logged in, but the shell says nothing", &$0) }
    case .backingOff(let failure, _): fail(failure, isFinal: false)
    case .given(up: let failure): fail(failure, isFinal: true)
    case .waiting, .stale, .stopped: break
    }
  }

  private func note(how: String, _ state: inout State) {
    if case .connecting = state.phase { state.phase = .connecting(how) }
  }

  private func fail(_ failure: LinkFailure, isFinal: Bool) {
    let text = Printable.text(failure.description)
    let ending = state.withLock { state in
      switch state.phase {
      case .ready: return .cut(text) as Failure?
      case .ended: return nil
      case .connecting:
        state.attempts += 1
        if isFinal, state.asksSudo { return .noRoot(text) }
        guard isFinal || state.attempts >= HostShell.attemptLimit else { return nil }
        return .unreachable(text)
      }
    }
    guard let ending else { return }
    finish(ending)
    fleet.remove(name)
  }

  func linkDidReceive(_ bytes: Span<UInt8>) -> LinkFeedback {
    var feedback = LinkFeedback(isProgress: true)
    var isOver = false
    state.withLock { state in
      var lines = state.lines
      lines.feed(bytes) { piece, line in
        guard case .line = piece, let ours = HostReply.Line(line) else {
          state.otherBytes += line.count + 1
          return
        }
        isOver = take(ours, &state, &feedback) || isOver
      }
      state.lines = lines
      if state.otherBytes > HostShell.otherLimit {
        feedback.failure = LinkFailure(
          .unreachable, "it prints without end, and none of it is ours")
      }
    }
    if isOver { arrived.signal() }
    return feedback
  }

  /// Whether whoever waits has what he waits for.
  private func take(
    _ line: HostReply.Line, _ state: inout State, _ feedback: inout LinkFeedback
  ) -> Bool {
    switch (state.phase, line) {
    case (.connecting, .greeting):
      state.phase = .ready
      state.outcome = .success(HostReply())
      return true
    case (.connecting, .asking):
      state.asksSudo = true
      return false
    case (.ready, .send(let count)) where state.isAsking:
      guard let payload = state.payloads.first, payload.count == count else {
        feedback.failure = LinkFailure(
          .unreachable, "it asks for \(count) bytes that nobody offered")
        return false
      }
      state.payloads.removeFirst()
      (state.upload, state.uploaded) = (payload, 0)
      feedback.output += nextPiece(&state)
      return false
    case (.ready, .done) where state.isAsking:
      state.isAsking = false
      state.outcome = .success(state.reply)
      return true
    case (.ready, .failed(let why)) where state.isAsking:
      state.isAsking = false
      state.outcome = .failure(.refused(why))
      return true
    case (.ready, _) where state.isAsking:
      if !state.reply.take(line) {
        feedback.failure = LinkFailure(.unreachable, "it answers without end")
      }
      return false
    default: return false
    }
  }

  private func nextPiece(_ state: inout State) -> [UInt8] {
    let end = min(state.upload.count, state.uploaded + HostShell.pieceBytes)
    let piece = Array(state.upload[state.uploaded..<end])
    state.uploaded = end
    state.sentBytes += piece.count
    if end == state.upload.count { (state.upload, state.uploaded) = ([], 0) }
    return piece
  }

  func linkDidDrain() -> [UInt8] {
    let (piece, sent, total) = state.withLock { state in
      let total = state.upload.count
      let piece = nextPiece(&state)
      return (piece, state.upload.isEmpty ? total : state.uploaded, total)
    }
    if !piece.isEmpty { tellSent(sent, total) }
    return piece
  }

  func linkDidReceiveError(_ bytes: Span<UInt8>) {
    state.withLock { state in
      guard state.errorText.count < HostShell.errorLimit else { return }
      state.errorText += Printable.text(bytes, limit: HostShell.errorLimit)
    }
  }

  func linkDidEnd(status: Int32?) -> LinkFailure {
    let (said, asksSudo) = state.withLock { ($0.errorText, $0.asksSudo) }
    let how = LinkFailure.ending(status)
    if asksSudo, !said.isEmpty { return LinkFailure(.refusedKey, said) }
    // A login shell that runs no commands, a forced command: trying again doesn't help.
    return LinkFailure(
      .refusedKey, "its shell \(how)\(LinkFailure.saying(said))")
  }
}
