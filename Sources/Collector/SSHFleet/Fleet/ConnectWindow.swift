import Synchronization

/// How many hosts may be between TCP connect and login at once, over all threads.
///
/// sshd drops logins at random past its MaxStartups, so the window halves when a server hangs
/// up before its banner and grows by one with each login that works. A host that doesn't answer
/// gives its place back early (`LinkDeadlines.patience`): the dead don't hold up the living.
final class ConnectWindow: Sendable {
  static let start = 32
  static let least = 4
  static let most = 64

  private struct State {
    var limit: Int
    var used = 0
    var waiters: [@Sendable () -> Void] = []
  }

  private let state: Mutex<State>
  private let most: Int

  init(limit: Int = ConnectWindow.start, most: Int = ConnectWindow.most) {
    self.most = most
    state = Mutex(State(limit: limit))
  }

  /// Runs `granted` as soon as there is a place, maybe at once. It must give the place back.
  func request(_ granted: @escaping @Sendable () -> Void) {
    let isFree = state.withLock { state in
      guard state.used < state.limit else {
        state.waiters.append(granted)
        return false
      }
      state.used += 1
      return true
    }
    if isFree { granted() }
  }

  /// Gives a place back, with what became of the login.
  func giveBack(_ outcome: Outcome) {
    let granted = state.withLock { state -> [@Sendable () -> Void] in
      state.used -= 1
      switch outcome {
      case .worked: state.limit = min(most, state.limit + 1)
      case .pushedBack: state.limit = max(ConnectWindow.least, state.limit / 2)
      case .other: break
      }
      let count = min(max(0, state.limit - state.used), state.waiters.count)
      let next = Array(state.waiters.prefix(count))
      state.waiters.removeFirst(count)
      state.used += count
      return next
    }
    for grant in granted { grant() }
  }

  enum Outcome {
    case worked
    /// The server closed the connection before its banner: it has too many logins under way.
    case pushedBack
    case other
  }
}

/// The windows of a fleet: one for all hosts, and one for each bastion that hosts log in through,
/// since each login behind it is one at it too.
final class ConnectWindows: Sendable {
  /// sshd drops logins at random from 10 unfinished ones on (MaxStartups 10:30:100).
  static let startOfBastion = 6
  static let mostOfBastion = 8

  let direct = ConnectWindow()
  private let bastions = Mutex<[String: ConnectWindow]>([:])

  /// The window of the logins that go through `bastion`; of all others without one.
  func window(through bastion: String?) -> ConnectWindow {
    guard let bastion else { return direct }
    return bastions.withLock { bastions in
      if let known = bastions[bastion] { return known }
      let window = ConnectWindow(
        limit: ConnectWindows.startOfBastion, most: ConnectWindows.mostOfBastion)
      bastions[bastion] = window
      return window
    }
  }
}
