/// All that an agent can say of one process at one moment: who it is and who started it, what it
/// has open, locked and connected, what it moves, and what it waits for. Texts are printable and
/// bounded.
///
/// What couldn't be read is its absence, never 0 and never an empty list.
public struct ProcessReport: Equatable, Sendable {
  /// Who started whom is followed so far.
  public static let parentLimit = 64
  /// Descriptors that are looked at, and of those files and sockets that are told.
  public static let descriptorLimit = 4096
  public static let fileLimit = 512
  public static let socketLimit = 256
  public static let lockLimit = 256
  /// Threads that wait.
  public static let waitingLimit = 64
  /// Others that are named: who holds what it waits for, and who waits for it.
  public static let relatedLimit = 64
  /// Ticks of the past that are told.
  public static let pastLimit = 1024

  /// What it did during one tick.
  public struct Point: Equatable, Sendable {
    /// The end of the interval, on the host's clock.
    public var time: Timestamp
    public var intervalNanoseconds: UInt64
    public var io: Reading<IOCounters>
    public var cpuNanoseconds: UInt64

    public init(
      time: Timestamp, intervalNanoseconds: UInt64, io: Reading<IOCounters>,
      cpuNanoseconds: UInt64
    ) {
      self.time = time
      self.intervalNanoseconds = intervalNanoseconds
      self.io = io
      self.cpuNanoseconds = cpuNanoseconds
    }

    /// Per second, of what was counted during the interval.
    public func perSecond(_ count: UInt64) -> Double {
      intervalNanoseconds == 0 ? 0 : Double(count) * 1e9 / Double(intervalNanoseconds)
    }
  }

  /// When the report was made, on the host's clock.
  public var time: Timestamp
  /// Who it is; its ancestors are ``parents``.
  public var identity: ProcessIdentity
  /// When it started, on the host's clock.
  public var start: Reading<Timestamp>
  /// Of its first thread.
  public var state: TaskState
  public var threads: Int32
  public var isKernelThread: Bool
  /// The kernel function that its first thread sleeps in.
  public var waitChannel: Reading<String>
  /// The file that it was made of, ` (deleted)` behind it where that is gone.
  public var executable: Reading<String>
  public var workingDirectory: Reading<String>

  /// Its parent, that one's parent, …
  public var parents: [ParentProcess]
  /// Whether the first process of all, or of the pid namespace, is among them.
  public var reachesFirstParent: Bool
  public var login: LoginSession

  /// How many descriptors it has; the others are counted, but not looked at.
  public var descriptors: Reading<Int>
  public var files: OpenFiles
  public var sockets: OpenSockets
  /// Locks that it holds, and those that it waits for: it is among the waiters of these.
  public var locks: Reading<[FileLock]>
  public var omittedLocks: Int

  /// What it moved since its start: itself, its threads, and its children that it waited for.
  public var io: Reading<IOCounters>
  /// CPU time since its start, user and system, nanoseconds.
  public var cpuNanoseconds: UInt64
  /// Time that its living threads waited for block I/O since they started, nanoseconds.
  public var blockDelayNanoseconds: Reading<UInt64>
  /// What it did while the report was made: the interval in which files grew.
  public var watched: Point
  /// What it did before, tick by tick, the oldest first, as far as the agent remembers.
  public var past: [Point]

  /// Threads that wait just now: in `D`, for a file lock, for a FUSE server.
  public var waiting: Reading<[WaitingTask]>
  public var omittedWaiting: Int
  /// Others who are named above: holders and waiters.
  public var related: [ProcessIdentity]

  public init(time: Timestamp, identity: ProcessIdentity) {
    self.time = time
    self.identity = identity
    start = .gap
    state = .unknown
    threads = 0
    isKernelThread = false
    waitChannel = .gap
    executable = .gap
    workingDirectory = .gap
    parents = []
    reachesFirstParent = false
    login = LoginSession()
    descriptors = .gap
    files = OpenFiles()
    sockets = OpenSockets()
    locks = .gap
    omittedLocks = 0
    io = .gap
    cpuNanoseconds = 0
    blockDelayNanoseconds = .disabled
    watched = Point(time: time, intervalNanoseconds: 0, io: .gap, cpuNanoseconds: 0)
    past = []
    waiting = .gap
    omittedWaiting = 0
    related = []
  }
}
