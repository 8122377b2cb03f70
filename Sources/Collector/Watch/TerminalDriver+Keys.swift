import CNcurses
import Glibc

extension TerminalDriver {
  /// The next key or change of size, waiting for it no longer than the timeout; `nil` where
  /// there was none. A terminal that hung up says `.interrupt`, each time it is asked.
  ///
  /// May return `nil` early, when a signal came in.
  public mutating func nextEvent(timeoutMilliseconds: Int32) -> WatchEvent? {
    guard isActive else { return nil }
    if let event = resized() ?? pendingKey() { return event }
    var wait = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
    let ready = poll(&wait, 1, max(0, timeoutMilliseconds))
    if ready > 0, wait.revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 {
      return .key(.interrupt)
    }
    return resized() ?? pendingKey()
  }

  private mutating func resized() -> WatchEvent? {
    guard culprit_follow_size(output) == 1 else { return nil }
    forgetShown()
    return .resize(columns: size.columns, rows: size.rows)
  }

  /// Most keys without a meaning that are passed over at one go.
  private static let passedOverLimit = 64

  private func pendingKey() -> WatchEvent? {
    var code: Int32 = 0
    for _ in 0..<TerminalDriver.passedOverLimit {
      switch culprit_next_key(&code) {
      case Int32(CULPRIT_FUNCTION_KEY):
        if let key = TerminalDriver.functionKey(code) { return .key(key) }
      case Int32(CULPRIT_CHARACTER):
        if let key = TerminalDriver.character(code) { return .key(key) }
      default: return nil
      }
    }
    return nil
  }

  private static func functionKey(_ code: Int32) -> WatchKey? {
    switch code {
    case KEY_UP: .up
    case KEY_DOWN: .down
    case KEY_PPAGE: .pageUp
    case KEY_NPAGE: .pageDown
    case KEY_HOME: .home
    case KEY_END: .end
    default: nil
    }
  }

  private static func character(_ code: Int32) -> WatchKey? {
    switch code {
    case 3: .interrupt
    case 9: .tab
    case 27: .escape
    default: Unicode.Scalar(UInt32(bitPattern: code)).map { .character(Character($0)) }
    }
  }
}
