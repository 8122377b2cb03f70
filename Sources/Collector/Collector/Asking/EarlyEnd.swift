import Synchronization

/// How somebody ends what agents are at before its time is up, and yet gets what they saw of it.
public final class EarlyEnd: Sendable {
  private struct State {
    var isWanted = false
    var lastNumber = 0
    var actions: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  public var isWanted: Bool { state.withLock { $0.isWanted } }

  /// From now on it is to end.
  public func request() {
    state.withLock { state in
      guard !state.isWanted else { return }
      state.isWanted = true
      // With the lock held: whoever takes an action back finds it done or never begun.
      for action in state.actions.values { action() }
    }
  }

  /// Runs `action` once it is to end, and until `remove`; at once where that is wanted already. It
  /// must not block.
  func add(_ action: @escaping @Sendable () -> Void) -> Int {
    state.withLock { state in
      state.lastNumber += 1
      state.actions[state.lastNumber] = action
      if state.isWanted { action() }
      return state.lastNumber
    }
  }

  func remove(_ number: Int) { state.withLock { $0.actions[number] = nil } }
}

/// How whoever asked stands to the answer.
enum AskerInterest {
  case waits
  /// He wants it now, as far as it has got.
  case wantsEnd
  case gone
}
