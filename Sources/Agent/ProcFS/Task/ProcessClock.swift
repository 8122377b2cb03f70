import Glibc

/// The CPU-time clock of a process (clock_getcpuclockid(3)): what all its tasks ran, those that have
/// ended too.
///
/// The kernel adds up the same per-task figures that `schedstat` shows
/// (`posix_cpu_clock_get` in kernel/time/posix-cpu-timers.c), and any process may be asked after. It
/// costs a third of reading one held `schedstat`, no descriptor, and is one question for all tasks:
/// as long as it stands still, nobody in the process has run.
public enum ProcessClock {
  /// Nanoseconds; `nil` where no process of our pid namespace has this pid.
  @inline(__always)
  public static func nanoseconds(of pid: Int32) -> UInt64? {
    var time = timespec()
    guard clock_gettime(clockID(of: pid), &time) == 0 else { return nil }
    return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
  }

  /// `MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)` of include/linux/posix-timers_types.h.
  @inline(__always)
  private static func clockID(of pid: Int32) -> clockid_t { ~pid << 3 | 2 }
}
