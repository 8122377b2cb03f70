import Glibc
import Records

/// The clocks a tick is read by (clock_gettime(2)), nanoseconds.
enum Clocks {
  static var now: Timestamp { Timestamp(nanoseconds: Int64(clamping: read(CLOCK_REALTIME))) }
  /// Never steps, and stands still while the host is suspended.
  static var monotonic: UInt64 { read(CLOCK_MONOTONIC) }
  /// CPU time of this process, user and system.
  static var ownCPU: UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }
}
