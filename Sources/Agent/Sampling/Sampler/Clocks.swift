import Bytes
import Glibc
import Records

/// The clocks a tick is read by (clock_gettime(2)), nanoseconds.
public enum Clocks {
  public static var now: Timestamp { Timestamp(nanoseconds: Int64(clamping: read(CLOCK_REALTIME))) }
  static var monotonic: UInt64 { MonotonicClock.now }
  /// CPU time of this process, user and system.
  static var ownCPU: UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }

  /// When something happened at so many clock ticks since boot, as field 22 of proc_pid_stat(5)
  /// counts, by the clock of now: one that was set since gives another moment than it gave then.
  static func moment(ofBootTicks ticks: UInt64) -> Timestamp {
    let age =
      Double(read(CLOCK_BOOTTIME)) / 1e9
      - Double(ticks) / Double(EngineClock.ticksPerSecond)
    return now.advanced(bySeconds: -age)
  }

  /// Sleeps until `deadline` on CLOCK_MONOTONIC, whatever signals come.
  static func sleep(until deadline: UInt64) {
    var time = timespec(
      tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
  }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }
}
