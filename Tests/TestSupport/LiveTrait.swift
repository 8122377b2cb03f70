import Synchronization
import Testing

/// Bounds how many tests with processes of their own run at once: they mostly wait, but all of
/// them together would starve a small machine. Given to a suite it holds for each of its tests.
public struct LiveTrait: TestTrait, SuiteTrait, TestScoping {
  public let isRecursive = true

  private static let gate = Gate(places: 8)

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard !test.isSuite, testCase != nil else { return try await function() }
    await LiveTrait.gate.enter()
    defer { LiveTrait.gate.leave() }
    try await function()
  }
}

extension Trait where Self == LiveTrait {
  /// Starts processes, so only a few such tests run at a time.
  public static var live: Self { LiveTrait() }
}

/// A counting semaphore that suspends tasks instead of blocking threads.
private final class Gate: Sendable {
  private struct State {
    var free: Int
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>

  init(places: Int) {
    state = Mutex(State(free: places))
  }

  func enter() async {
    await withCheckedContinuation { continuation in
      let enters = state.withLock { state in
        guard state.free > 0 else {
          state.waiting.append(continuation)
          return false
        }
        state.free -= 1
        return true
      }
      if enters { continuation.resume() }
    }
  }

  func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.waiting.isEmpty else {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }
}
