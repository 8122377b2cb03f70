import Synchronization
import Testing

/// Bounds how many tests with processes of their own run at once: they mostly wait, but all of
/// them together would starve a small machine. Given to a suite it holds for each of its tests.
public struct LiveTrait: TestTrait, SuiteTrait, TestScoping {
  public let isRecursive = true

  private static let places = 8
  private static let gate = Gate(places: places)
  private let weight: Int

  fileprivate init(isAlone: Bool) {
    weight = isAlone ? LiveTrait.places : 1
  }

  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard !test.isSuite, testCase != nil else { return try await function() }
    await LiveTrait.gate.enter(weight)
    defer { LiveTrait.gate.leave(weight) }
    try await function()
  }
}

extension Trait where Self == LiveTrait {
  /// Starts processes, so only a few such tests run at a time.
  public static var live: Self { LiveTrait(isAlone: false) }

  /// Loads the machine by itself: no other such test runs beside it.
  public static var liveAlone: Self { LiveTrait(isAlone: true) }
}

/// A counting semaphore that suspends tasks instead of blocking threads.
private final class Gate: Sendable {
  private struct State {
    var free: Int
    var waiting: [(weight: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state: Mutex<State>

  init(places: Int) {
    state = Mutex(State(free: places))
  }

  func enter(_ weight: Int) async {
    await withCheckedContinuation { continuation in
      let enters = state.withLock { state in
        // In order: a heavy one isn't passed by for ever.
        guard state.waiting.isEmpty, state.free >= weight else {
          state.waiting.append((weight, continuation))
          return false
        }
        state.free -= weight
        return true
      }
      if enters { continuation.resume() }
    }
  }

  func leave(_ weight: Int) {
    let next = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.free += weight
      var next: [CheckedContinuation<Void, Never>] = []
      while let first = state.waiting.first, state.free >= first.weight {
        state.free -= first.weight
        next.append(first.continuation)
        state.waiting.removeFirst()
      }
      return next
    }
    for continuation in next { continuation.resume() }
  }
}
