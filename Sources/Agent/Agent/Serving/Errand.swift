import Synchronization
import Wire

/// Work for a client that may take a while, done one after the other on a thread of its own, so
/// that the server goes on. Where it hangs, what comes later is refused.
final class ErrandRunner: Sendable {
  /// An answer's frames, for the client that asked.
  struct Result: Sendable {
    var client: UInt64
    var frames: [UInt8]
  }

  private struct State {
    var waiting: [(client: UInt64, work: @Sendable () -> [UInt8])] = []
    var done: [Result] = []
    var hasStarted = false
  }

  /// Errands that may wait.
  static let limit = 64

  private let state = Mutex(State())
  private let wake: WakeEvent
  private let reply: WakeEvent
  private let stackBytes: UInt

  /// `reply` is signalled when results are there.
  init(reply: WakeEvent, stackBytes: UInt = AgentThread.stackBytes) throws(Failure) {
    wake = try WakeEvent()
    self.reply = reply
    self.stackBytes = stackBytes
  }

  /// Whether there was room for it. The thread is started with the first.
  func add(client: UInt64, _ work: @escaping @Sendable () -> [UInt8]) throws(Failure) -> Bool {
    let (isTaken, isFirst) = state.withLock { state -> (Bool, Bool) in
      guard state.waiting.count < ErrandRunner.limit else { return (false, false) }
      state.waiting.append((client, work))
      defer { state.hasStarted = true }
      return (true, !state.hasStarted)
    }
    if isFirst {
      do throws(Failure) {
        try AgentThread.start(stackBytes: stackBytes) { [self] in run() }
      } catch {
        // The next one tries again.
        state.withLock { ($0.hasStarted, $0.waiting) = (false, []) }
        throw error
      }
    }
    wake.signal()
    return isTaken
  }

  /// What is done since the last call.
  func takeResults() -> [Result] {
    state.withLock { state in
      defer { state.done = [] }
      return state.done
    }
  }

  /// What a client that has gone asked for needn't be done.
  func forget(client: UInt64) {
    state.withLock { $0.waiting.removeAll { $0.client == client } }
  }

  private func run() {
    while true {
      let next = state.withLock { state in
        state.waiting.isEmpty ? nil : state.waiting.removeFirst()
      }
      guard let next else {
        wake.wait(milliseconds: 60_000)
        continue
      }
      let frames = next.work()
      state.withLock { $0.done.append(Result(client: next.client, frames: frames)) }
      reply.signal()
    }
  }
}
