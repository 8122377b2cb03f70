import Glibc

/// The clocks that the `proc` engine compares the kernel's figures with.
struct EngineClock {
  /// CLOCK_MONOTONIC, nanoseconds.
  var nanoseconds: UInt64
  /// CLOCK_BOOTTIME in clock ticks, as field 22 of proc_pid_stat(5) counts.
  var bootTicks: UInt64

  /// USER_HZ is 100 on every architecture we run on.
  static let ticksPerSecond: UInt64 = 100
  static let nanosecondsPerTick: UInt64 = 1_000_000_000 / ticksPerSecond

  static var now: EngineClock {
    EngineClock(
      nanoseconds: read(CLOCK_MONOTONIC), bootTicks: read(CLOCK_BOOTTIME) / nanosecondsPerTick)
  }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return 0 }
    return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
  }
}
