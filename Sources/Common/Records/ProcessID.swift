/// A process within one boot of a host. A pid alone names nothing: it is used again.
public struct ProcessID: Hashable, Sendable {
  /// Thread group id, as the agent's own pid namespace counts.
  public var pid: Int32
  /// When its first thread started, in clock ticks since boot: field 22 of proc_pid_stat(5).
  public var startTicks: UInt64

  public init(pid: Int32, startTicks: UInt64) {
    self.pid = pid
    self.startTicks = startTicks
  }
}

/// A task's state, by the letter of proc_pid_stat(5), field 3.
public enum TaskState: UInt8, CaseIterable, Sendable {
  /// Running or waiting for a CPU.
  case running = 0x52  // R
  /// Interruptible sleep.
  case sleeping = 0x53  // S
  /// Uninterruptible sleep: what the load average counts beside `running`.
  case uninterruptible = 0x44  // D
  case stopped = 0x54  // T
  /// Stopped by a tracer.
  case traced = 0x74  // t
  case zombie = 0x5A  // Z
  case dead = 0x58  // X
  /// An idle kernel thread: uninterruptible, but not counted in the load (since Linux 4.14).
  case idle = 0x49  // I
  /// Parked kernel thread.
  case parked = 0x50  // P
  /// A letter that this table doesn't know (`W`, `K`, `x` of old kernels).
  case unknown = 0x3F  // ?

  /// The state that `letter` stands for; `unknown` for any other byte.
  public init(letter: UInt8) { self = TaskState(rawValue: letter) ?? .unknown }
}
