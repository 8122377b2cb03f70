/// `/proc/PID/schedstat` and `/proc/PID/task/TID/schedstat`: what one task (never its group) ran
/// (Documentation/scheduler/sched-stats.rst; `proc_pid_schedstat` in fs/proc/base.c).
///
/// A task that has not run since the last reading shows the same figures: so this tells whether
/// anything else about it can have changed. Kernels without `CONFIG_SCHED_INFO` print three zeros.
public struct TaskRunTime: Equatable, Sendable {
  /// Time on a CPU, nanoseconds.
  public var runNanoseconds: UInt64
  /// Time waited for a CPU, nanoseconds.
  public var waitNanoseconds: UInt64
  /// How often it was given a CPU.
  public var slices: UInt64

  public init(runNanoseconds: UInt64 = 0, waitNanoseconds: UInt64 = 0, slices: UInt64 = 0) {
    self.runNanoseconds = runNanoseconds
    self.waitNanoseconds = waitNanoseconds
    self.slices = slices
  }

  public init?(_ bytes: Span<UInt8>) {
    var cursor = 0
    guard let run = bytes.nextUnsigned(&cursor), let wait = bytes.nextUnsigned(&cursor),
      let slices = bytes.nextUnsigned(&cursor)
    else { return nil }
    self.init(runNanoseconds: run, waitNanoseconds: wait, slices: slices)
  }

  /// Whether the kernel doesn't say.
  public var isEmpty: Bool { runNanoseconds == 0 && waitNanoseconds == 0 && slices == 0 }
}
