/// What one process did during a tick.
public struct ProcessSample: Equatable, Sendable {
  public var id: ProcessID
  /// Parent's pid at the end of the tick; 0 where there is none.
  public var parentPID: Int32
  public var name: TaskName
  /// Of its first thread.
  public var state: TaskState
  public var threads: Int32
  public var isKernelThread: Bool
  /// Whether it ended during the tick.
  public var hasEnded: Bool
  /// What it moved itself: its threads, those that ended too, but not its children.
  public var io: Reading<IOCounters>
  /// What children moved that were never seen alive and that this process reaped.
  public var reaped: IOCounters
  /// CPU time, user and system, nanoseconds.
  public var cpuNanoseconds: UInt64
  /// Time waited for block I/O, summed over its threads, nanoseconds.
  public var blockDelayNanoseconds: Reading<UInt64>
  /// Time waited for pages to be swapped in, summed over its threads, nanoseconds.
  public var swapDelayNanoseconds: Reading<UInt64>

  public init(
    id: ProcessID, parentPID: Int32 = 0, name: TaskName = TaskName(),
    state: TaskState = .unknown, threads: Int32 = 1, isKernelThread: Bool = false,
    hasEnded: Bool = false, io: Reading<IOCounters> = .gap, reaped: IOCounters = IOCounters(),
    cpuNanoseconds: UInt64 = 0, blockDelayNanoseconds: Reading<UInt64> = .disabled,
    swapDelayNanoseconds: Reading<UInt64> = .disabled
  ) {
    self.id = id
    self.parentPID = parentPID
    self.name = name
    self.state = state
    self.threads = threads
    self.isKernelThread = isKernelThread
    self.hasEnded = hasEnded
    self.io = io
    self.reaped = reaped
    self.cpuNanoseconds = cpuNanoseconds
    self.blockDelayNanoseconds = blockDelayNanoseconds
    self.swapDelayNanoseconds = swapDelayNanoseconds
  }
}

/// Who a process is: what doesn't change from tick to tick, sent once per identity.
public struct ProcessIdentity: Equatable, Sendable {
  /// An ancestor, the parent first.
  public struct Ancestor: Equatable, Sendable {
    public var pid: Int32
    public var name: TaskName

    public init(pid: Int32, name: TaskName) {
      self.pid = pid
      self.name = name
    }
  }

  public var id: ProcessID
  public var name: TaskName
  /// Owner's number; the name is found in the host's own passwd file.
  public var userID: Reading<UInt32>
  public var user: String?
  /// Masked, made printable, bounded; empty for kernel threads.
  public var commandLine: Reading<String>
  /// Path in the unified hierarchy, or in the one that systemd or the container names.
  public var controlGroup: Reading<String>
  /// The systemd unit the control group stands for.
  public var unit: String?
  /// The container's id, as long as the control group has it.
  public var container: String?
  /// Who started it, who started that, …; at most ``ancestorLimit``.
  public var ancestors: [Ancestor]

  public static let ancestorLimit = 16

  public init(
    id: ProcessID, name: TaskName, userID: Reading<UInt32> = .gap, user: String? = nil,
    commandLine: Reading<String> = .gap, controlGroup: Reading<String> = .gap,
    unit: String? = nil, container: String? = nil, ancestors: [Ancestor] = []
  ) {
    self.id = id
    self.name = name
    self.userID = userID
    self.user = user
    self.commandLine = commandLine
    self.controlGroup = controlGroup
    self.unit = unit
    self.container = container
    self.ancestors = ancestors
  }
}
