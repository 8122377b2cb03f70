/// Where processes' readings come from.
public enum EngineKind: UInt8, Sendable {
  /// A BPF task iterator.
  case bpf = 1
  /// `/proc`.
  case proc = 2

  public var name: String { self == .bpf ? "bpf" : "proc" }
}

/// Bytes of a tick by who moved them. Their sum is what the block devices did:
/// `processes + reaped + unattributed = devices`, except that writes are charged when a page is
/// dirtied and reach a device later, so that a single tick's residue may be below 0.
public struct Attribution: Equatable, Sendable {
  public struct Bytes: Equatable, Sendable {
    public var processes: UInt64
    /// By children that were never seen alive; charged to who reaped them.
    public var reaped: UInt64
    public var devices: UInt64

    public init(processes: UInt64 = 0, reaped: UInt64 = 0, devices: UInt64 = 0) {
      self.processes = processes
      self.reaped = reaped
      self.devices = devices
    }

    /// What no process was charged for; below 0 where more was charged than the devices did yet.
    public var unattributed: Int64 {
      let (charged, overflow) = processes.addingReportingOverflow(reaped)
      return Int64(clamping: devices) - Int64(clamping: overflow ? .max : charged)
    }
  }

  public var read: Bytes
  public var write: Bytes

  public init(read: Bytes = Bytes(), write: Bytes = Bytes()) {
    self.read = read
    self.write = write
  }
}

/// One reading of a host by the agent.
public struct HostTick: Equatable, Sendable {
  /// The end of the interval, on the host's clock.
  public var time: Timestamp
  /// How long the interval was, by the monotonic clock.
  public var intervalNanoseconds: UInt64
  public var engine: EngineKind
  /// The interval that was asked for, nanoseconds: longer than configured where the agent limits
  /// its own cost.
  public var pacedNanoseconds: UInt64
  public var row: VmstatRow
  public var load: LoadAverage?
  public var cpus: Int?
  public var pressure: Pressure
  public var memory: MemoryFigures
  /// Those that are not idle, in the kernel's order.
  public var disks: [DiskSample]
  /// Locks that somebody waits for.
  public var locks: [FileLock]
  /// Tasks that wait; all of them, as far as a frame holds them.
  public var waiting: [WaitingTask]
  /// Processes that did something, by bytes and then CPU time, at most as many as configured.
  public var processes: [ProcessSample]
  /// How many more did something, and what they moved together.
  public var omittedProcesses: Int
  public var omittedIO: IOCounters
  /// Waiting tasks, disks and locks that found no room in a frame.
  public var omittedWaiting: Int
  public var omittedDisks: Int
  public var omittedLocks: Int
  public var attribution: Attribution
  /// Processes there are, as far as they can be seen.
  public var processCount: Int
  /// What the agent itself used of a CPU during the tick, nanoseconds.
  public var ownCPUNanoseconds: UInt64

  public init(time: Timestamp, engine: EngineKind) {
    self.time = time
    self.engine = engine
    intervalNanoseconds = 0
    pacedNanoseconds = 0
    row = VmstatRow()
    pressure = .unsupported
    memory = MemoryFigures()
    disks = []
    locks = []
    waiting = []
    processes = []
    omittedProcesses = 0
    omittedIO = IOCounters()
    omittedWaiting = 0
    omittedDisks = 0
    omittedLocks = 0
    attribution = Attribution()
    processCount = 0
    ownCPUNanoseconds = 0
  }
}
