import CNcurses
import Glibc

extension TerminalDriver {
  /// The next key or change of size, waiting for it no longer than the timeout; `nil` where
  /// there was none. A terminal that hung up says `.interrupt`, each time it is asked.
  ///
  /// May return `nil` early, when a signal came in.
  public mutating func nextEvent(timeoutMilliseconds: Int32) -> WatchEvent? {
    guard isActive else { return nil }
    if culprit_follow_signals() == 1 { return redraw() }
    if let event = resized() ?? pendingKey() { return event }
    var wait = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
    let ready = poll(&wait, 1, max(0, timeoutMilliseconds))
    if ready > 0, wait.revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 {
      return .key(.interrupt)
    }
    if culprit_follow_signals() == 1 { return redraw() }
    return resized() ?? pendingKey()
  }

  /// After a suspension: the screen is drawn whole, at the size that the terminal has now.
  private mutating func redraw() -> WatchEvent {
    culprit_follow_size(output)
    forgetShown()
    return .resize(columns: size.columns, rows: size.rows)
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
    case KEY_LEFT: .left
    case KEY_RIGHT: .right
    case KEY_ENTER: .enter
    case KEY_BACKSPACE, KEY_DC: .backspace
    case KEY_BTAB: .tab
    case KEY_MOUSE: mouse()
    case KEY_PPAGE: .pageUp
    case KEY_NPAGE: .pageDown
    case KEY_HOME: .home
    case KEY_END: .end
    // KEY_F(n) is a macro.
    case (KEY_F0 + 1)...(KEY_F0 + 12): .function(Int(code - KEY_F0))
    default: nil
    }
  }

  private static func mouse() -> WatchKey? {
    var (row, column): (Int32, Int32) = (0, 0)
    return switch culprit_mouse(&row, &column) {
    case Int32(CULPRIT_WHEEL_UP): .wheelUp
    case Int32(CULPRIT_WHEEL_DOWN): .wheelDown
    case Int32(CULPRIT_CLICK): .click(row: Int(row), column: Int(column))
    default: nil
    }
  }

  private static func character(_ code: Int32) -> WatchKey? {
    switch code {
    case 3: .interrupt
    case 8, 127: .backspace
    case 9: .tab
    case 10, 13: .enter
    case 27: .escape
    case 1...26:
      Unicode.Scalar(UInt32(code) + 0x60).map { .control(Character($0)) }
    default: Unicode.Scalar(UInt32(bitPattern: code)).map { .character(Character($0)) }
    }
  }
}
