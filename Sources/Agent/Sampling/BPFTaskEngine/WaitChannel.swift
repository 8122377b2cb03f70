/// What of a stack says where a task waits.
enum WaitChannel {
  /// Functions of the kernel's `.sched.text` section, which wchan and
  /// stack pass over (in_sched_functions()): those marked
  /// `__sched` in kernel/sched, kernel/locking, kernel/time and mm.
  private static let scheduling: Set<String> = [
    "__schedule", "schedule", "schedule_idle", "schedule_user", "schedule_preempt_disabled",
    "schedule_rtlock", "preempt_schedule", "preempt_schedule_common", "preempt_schedule_irq",
    "preempt_schedule_notrace", "io_schedule", "io_schedule_timeout", "schedule_timeout",
    "schedule_timeout_interruptible", "schedule_timeout_killable", "schedule_timeout_idle",
    "schedule_timeout_uninterruptible", "schedule_hrtimeout", "schedule_hrtimeout_range",
    "schedule_hrtimeout_range_clock", "do_nanosleep", "usleep_range_state", "yield", "yield_to",
    "__wait_for_common", "wait_for_common", "wait_for_common_io", "wait_for_completion",
    "wait_for_completion_io", "wait_for_completion_io_timeout", "wait_for_completion_timeout",
    "wait_for_completion_interruptible", "wait_for_completion_interruptible_timeout",
    "wait_for_completion_killable", "wait_for_completion_killable_timeout",
    "wait_for_completion_state", "__wait_on_bit", "__wait_on_bit_lock", "out_of_line_wait_on_bit",
    "out_of_line_wait_on_bit_timeout", "out_of_line_wait_on_bit_lock", "bit_wait", "bit_wait_io",
    "bit_wait_timeout", "bit_wait_io_timeout", "mutex_lock", "mutex_lock_io",
    "mutex_lock_interruptible", "mutex_lock_killable", "__mutex_lock", "__mutex_lock_common",
    "__mutex_lock_slowpath", "__mutex_lock_interruptible_slowpath",
    "__mutex_lock_killable_slowpath", "ww_mutex_lock", "ww_mutex_lock_interruptible",
    "rwsem_down_read_slowpath", "rwsem_down_write_slowpath", "down_read", "down_read_killable",
    "down_read_interruptible", "down_write", "down_write_killable", "__down_read",
    "__down_write", "down", "down_interruptible", "down_killable", "down_timeout", "__down",
    "__down_common", "__down_interruptible", "__down_killable", "__down_timeout",
    "rt_mutex_schedule", "rt_mutex_lock", "__rt_mutex_lock", "__rt_mutex_slowlock",
    "rt_mutex_slowlock_block", "rtlock_slowlock_locked", "console_conditional_schedule",
    "__cond_resched",
  ]

  /// A stack as `/proc/PID/stack` has it: without the scheduler's functions. Its first function is
  /// the wait channel.
  static func withoutScheduler(_ stack: [String]) -> [String] {
    stack.filter { !scheduling.contains(String($0.prefix { $0 != "." })) }
  }
}
