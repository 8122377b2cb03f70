import Glibc

/// The clock that no one sets (clock_gettime(2), CLOCK_MONOTONIC): for deadlines and lengths of time. It
/// stands still while the host is suspended.
public enum MonotonicClock {
  /// Nanoseconds since some moment of this boot.
  public static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }
}
