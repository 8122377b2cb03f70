import Glibc
import Records

/// The clocks that a trace goes by (clock_gettime(2)).
enum TraceClock {
  static var now: Timestamp { Timestamp(nanoseconds: Int64(clamping: read(CLOCK_REALTIME))) }
  /// Nanoseconds; it never steps.
  static var monotonic: UInt64 { read(CLOCK_MONOTONIC) }

  /// Sleeps for a moment; a signal cuts it short.
  static func sleep(milliseconds: Int) {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    nanosleep(&time, nil)
  }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }
}

/// What an errno means, in words.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
