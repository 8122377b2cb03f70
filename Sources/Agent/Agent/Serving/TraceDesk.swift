import Bytes
import Glibc
import Records
import Strace
import Synchronization
import Wire

/// Carries out the traces that clients ask for: one at a time, on a thread of its own, so that
/// nobody else's question waits for it. It ends early when who asked has gone.
final class TraceDesk: Sendable {
  /// Traces, and returns when nothing of that is left in any process. `askers` are processes that
  /// ask for it; `isStopped` says whether it is to end at once, and is asked several times a second.
  typealias Executor =
    @Sendable (TraceRequest, _ askers: [Int32], _ isStopped: () -> Bool)
    -> Result<HostTrace, TraceFailure>

  /// The trace that goes on.
  private struct Current {
    var client: UInt64
    var number: UInt64
    var asker: LoggedAsker
    /// When its time is up, CLOCK_MONOTONIC.
    var end: UInt64
    /// Why it is to end at once.
    var stopReason: String?
  }

  private struct State {
    var current: Current?
    var isEnding = false
  }

  /// Longest name of what is traced that goes to the log, characters.
  private static let targetLimit = 300

  private let execute: Executor
  private let runner: ErrandRunner
  private let log: SystemLog
  private let state = Mutex(State())

  /// `reply` is signalled when an answer is there.
  init(reply: WakeEvent, log: SystemLog, _ execute: @escaping Executor) throws(Failure) {
    // Expressions and what strace(1) writes are read on it.
    runner = try ErrandRunner(reply: reply, stackBytes: 1 << 20)
    self.log = log
    self.execute = execute
  }

  // MARK: - The server's side

  /// Begins a trace; why not, where one goes on.
  func begin(_ request: TraceRequest, number: UInt64, of client: ClientSession) -> String? {
    let asker = LoggedAsker(client.peer, client.caller)
    let begun = MonotonicClock.now
    let new = Current(
      client: client.number, number: number, asker: asker,
      end: begun &+ UInt64(request.milliseconds) &* 1_000_000)
    let refusal = state.withLock { state -> String? in
      if state.isEnding { return "the agent is ending" }
      if let current = state.current { return TraceDesk.busy(current, at: begun) }
      state.current = new
      return nil
    }
    guard refusal == nil else { return refusal }
    // Before the work: we may be killed meanwhile.
    log.write("trace of \(TraceDesk.text(request)), \(asker.text)")
    let askers = client.peer.map { [$0.pid] } ?? []
    let work: @Sendable () -> [UInt8] = { [self] in carryOut(request, askers, number, begun) }
    let isTaken = (try? runner.add(client: client.number, work)) ?? false
    guard !isTaken else { return nil }
    state.withLock { $0.current = nil }
    return "no thread to trace on; ask again"
  }

  /// What is done since the last call.
  func takeResults() -> [ErrandRunner.Result] { runner.takeResults() }

  /// Whether a client waits for a trace: then it is looked whether it is still there.
  func isTracing(for client: UInt64) -> Bool {
    state.withLock { $0.current?.client == client }
  }

  /// The client has gone, so nobody waits for its trace.
  func forget(client: UInt64) {
    stop("who asked has gone") { $0.client == client }
    runner.forget(client: client)
  }

  /// The client wants no more of it.
  func cancel(_ number: UInt64, client: UInt64) {
    stop("who asked ended it") { $0.client == client && $0.number == number }
  }

  /// No trace is begun any more, and the one that goes on ends; `false` where it did not, within so
  /// many milliseconds.
  @discardableResult
  func end(milliseconds: Int) -> Bool {
    state.withLock { $0.isEnding = true }
    stop("the agent ends") { _ in true }
    for _ in 0..<(milliseconds / 10) {
      if state.withLock({ $0.current == nil }) { return true }
      usleep(10_000)
    }
    return state.withLock { $0.current == nil }
  }

  private func stop(_ why: String, _ isMeant: (Current) -> Bool) {
    state.withLock { state in
      guard let current = state.current, current.stopReason == nil, isMeant(current) else {
        return
      }
      state.current?.stopReason = why
    }
  }

  private static func busy(_ current: Current, at now: UInt64) -> String {
    let left = current.end > now ? (current.end &- now) / 1_000_000_000 + 1 : 0
    let still = left > 0 ? "for \(left) s still" : "and is being let go"
    return "a trace goes on there \(still), \(current.asker.text): one at a time; ask again then"
  }

  // MARK: - Its own thread

  private func carryOut(
    _ request: TraceRequest, _ askers: [Int32], _ number: UInt64, _ begun: UInt64
  ) -> [UInt8] {
    let result = execute(request, askers) { [self] in
      state.withLock { $0.current?.stopReason != nil }
    }
    let why = state.withLock { state in
      defer { state.current = nil }
      return state.current?.stopReason
    }
    let took = "after \(SamplingLoop.text(since: begun))" + (why.map { ", early: \($0)" } ?? "")
    switch result {
    case .success(let trace):
      log.write("trace: \(TraceDesk.text(trace)), \(took)")
      return TraceAnswer.bytes(of: trace, number: number)
    case .failure(.noMatch(let why)):
      // That nobody is there is an answer: of a fleet's hosts some have nobody.
      log.write("trace: nobody matches, \(took)")
      var trace = HostTrace(
        time: HostFacts.now, engine: request.engine ?? .bpf, isDryRun: request.isDryRun)
      trace.notices = [why]
      return TraceAnswer.bytes(of: trace, number: number)
    case .failure(let failure):
      log.write("trace: nothing was traced, \(took): \(failure.description)")
      return FrameServer.frame(.refused(failure.description), number)
    }
  }

  // MARK: - The log's words

  static func text(_ request: TraceRequest) -> String {
    let target = Printable.text(request.selection.words, limit: targetLimit)
    let engine = request.engine?.rawValue ?? "auto"
    return "\(target) for \(request.milliseconds) ms, at most \(request.processLimit) processes, "
      + "engine \(engine)" + (request.isDryRun ? ", dry run" : "")
  }

  private static func text(_ trace: HostTrace) -> String {
    trace.isDryRun
      ? "\(trace.matched) match, dry run"
      : "\(trace.matched) match, \(trace.attached) traced by \(trace.engine.rawValue), "
        + "detached: \(trace.verified) of \(trace.attached) verified"
  }
}
