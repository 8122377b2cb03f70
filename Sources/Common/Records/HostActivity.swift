/// What an agent saw a host's processes and devices do during one tick, beside the row and who
/// waited. Texts are printable and bounded.
public struct HostActivity: Equatable, Sendable {
  public var host: String
  /// The end of the interval, on the host's clock.
  public var time: Timestamp
  /// How long the interval was, by the host's monotonic clock, nanoseconds; never 0.
  public var intervalNanoseconds: UInt64
  /// Processes that did something, the most bytes first.
  public var processes: [ProcessActivity]
  /// How many more did something, and what they moved together.
  public var omittedProcesses: Int
  public var omittedIO: IOCounters
  /// Disks that weren't idle.
  public var disks: [DiskSample]
  public var pressure: Pressure
  public var memory: MemoryFigures

  public init(
    host: String, time: Timestamp, intervalNanoseconds: UInt64,
    processes: [ProcessActivity] = [], omittedProcesses: Int = 0,
    omittedIO: IOCounters = IOCounters(), disks: [DiskSample] = [],
    pressure: Pressure = .unsupported, memory: MemoryFigures = MemoryFigures()
  ) {
    self.host = host
    self.time = time
    self.intervalNanoseconds = intervalNanoseconds
    self.processes = processes
    self.omittedProcesses = omittedProcesses
    self.omittedIO = omittedIO
    self.disks = disks
    self.pressure = pressure
    self.memory = memory
  }

  /// Per second, of what was counted during the tick.
  public func perSecond(_ count: UInt64) -> Double {
    intervalNanoseconds == 0 ? 0 : Double(count) * 1e9 / Double(intervalNanoseconds)
  }
}

/// One process during one tick, and who it is.
public struct ProcessActivity: Equatable, Sendable {
  public var id: ProcessID
  /// Who it is, as far as the agent has said.
  public var owner: ProcessOwner
  public var state: TaskState
  public var isKernelThread: Bool
  public var hasEnded: Bool
  /// What it moved itself.
  public var io: Reading<IOCounters>
  /// What children moved that were never seen alive and that it reaped.
  public var reaped: IOCounters
  public var cpuNanoseconds: UInt64

  public init(
    id: ProcessID, owner: ProcessOwner, state: TaskState = .unknown,
    isKernelThread: Bool = false, hasEnded: Bool = false, io: Reading<IOCounters> = .gap,
    reaped: IOCounters = IOCounters(), cpuNanoseconds: UInt64 = 0
  ) {
    self.id = id
    self.owner = owner
    self.state = state
    self.isKernelThread = isKernelThread
    self.hasEnded = hasEnded
    self.io = io
    self.reaped = reaped
    self.cpuNanoseconds = cpuNanoseconds
  }

  /// Bytes to and from devices, its own and its unseen children's.
  public var deviceBytes: UInt64 {
    let (sum, overflow) = (io.value?.deviceBytes ?? 0)
      .addingReportingOverflow(reaped.deviceBytes)
    return overflow ? .max : sum
  }
}

/// Who a process is, fit to be shown and stored: printable and bounded.
public struct ProcessOwner: Equatable, Sendable {
  /// `comm`.
  public var name: String
  /// The user's name, or else number; `?` where nobody knows.
  public var user: String
  /// Masked command line; empty for kernel threads and where it couldn't be read.
  public var command: String
  /// The systemd unit.
  public var unit: String?
  public var container: String?
  /// Its parent, that one's parent, …: pid and name.
  public var ancestors: [Ancestor]

  public struct Ancestor: Equatable, Sendable {
    public var pid: Int32
    public var name: String

    public init(pid: Int32, name: String) {
      self.pid = pid
      self.name = name
    }
  }

  public init(
    name: String, user: String = "?", command: String = "", unit: String? = nil,
    container: String? = nil, ancestors: [Ancestor] = []
  ) {
    self.name = name
    self.user = user
    self.command = command
    self.unit = unit
    self.container = container
    self.ancestors = ancestors
  }
}

/// A burst of a host: something is wrong there, and its agent looks ten times a second.
public struct HostBurst: Equatable, Sendable {
  public var host: String
  public var burst: Burst

  public init(host: String, burst: Burst) {
    self.host = host
    self.burst = burst
  }
}
