import Bytes
import Glibc

/// Keys from a terminal, one at a time and not shown, until it is left.
final class KeyReader {
  private let before: termios

  /// `nil` where standard input is no terminal.
  init?() {
    var settings = termios()
    guard isatty(0) == 1, tcgetattr(0, &settings) == 0 else { return nil }
    before = settings
    enter()
  }

  /// Ctrl-C and Ctrl-Z stay signals.
  func enter() {
    var settings = before
    settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
    tcsetattr(0, TCSADRAIN, &settings)
  }

  func leave() {
    var settings = before
    tcsetattr(0, TCSADRAIN, &settings)
  }

  /// The next key, waited for until `deadline` on CLOCK_MONOTONIC; `nil` where none came, or a
  /// signal did.
  func next(until deadline: UInt64) -> UInt8? {
    let now = MonotonicClock.now
    let rest = deadline > now ? deadline - now : 0
    var poller = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    guard poll(&poller, 1, Int32(clamping: (rest + 999_999) / 1_000_000)) > 0 else { return nil }
    var key: UInt8 = 0
    // A terminal that is gone ends us: SIGHUP comes with it, or at once.
    guard read(0, &key, 1) == 1 else { return UInt8(ascii: "q") }
    return key
  }
}
