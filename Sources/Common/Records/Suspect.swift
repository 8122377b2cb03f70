/// A task that was seen to wait: in uninterruptible sleep (`D`), and where an agent looks for a
/// file lock or a FUSE server too (those sleep in `S`). It is a suspect: it may be the culprit, or
/// wait for it.
public struct Suspect: Equatable, Sendable {
  /// Thread group id: the process.
  public var pid: Int
  /// Task id: the thread; the process's own id for its first one.
  public var tid: Int
  /// As ps prints it, `D` and what follows (`Dsl+`); of an agent the letter alone.
  public var state: String
  public var user: String
  /// The kernel function it sleeps in; `nil` where the kernel doesn't say.
  public var waitChannel: String?
  /// What it waits for, by the agent's name of it (`ext4 journal commit`, `file lock`); `nil`
  /// where there is no agent, or it doesn't know.
  public var reason: String?
  /// How long it has waited, seconds; `nil` without an agent.
  public var waitSeconds: Double?
  /// Since its start, seconds; `nil` where ps didn't say.
  public var elapsedSeconds: Int64?
  /// Command line, or the name in brackets of a kernel thread. Made printable, bounded.
  public var command: String
  /// What only an agent knows.
  public var details: SuspectDetails?

  public init(
    pid: Int, tid: Int, state: String, user: String, waitChannel: String? = nil,
    reason: String? = nil, waitSeconds: Double? = nil, elapsedSeconds: Int64? = nil,
    command: String, details: SuspectDetails? = nil
  ) {
    self.pid = pid
    self.tid = tid
    self.state = state
    self.user = user
    self.waitChannel = waitChannel
    self.reason = reason
    self.waitSeconds = waitSeconds
    self.elapsedSeconds = elapsedSeconds
    self.command = command
    self.details = details
  }

  /// Whether it was in `D`, and so is part of the load average.
  public var isUninterruptible: Bool { state.hasPrefix("D") }

  /// What it waits for, as far as it is known: the reason, or else the kernel function.
  public var waitsFor: String? { reason ?? waitChannel }
}

/// What an agent knows of a waiting task beyond what ps prints.
public struct SuspectDetails: Equatable, Sendable {
  /// When its process started, clock ticks since boot: with the pid, the process's identity.
  public var startTicks: UInt64
  public var owner: ProcessOwner
  public var waitClass: WaitClass
  /// The system call it is in; what couldn't be read is its absence.
  public var systemCall: Reading<String>
  /// Kernel functions, the innermost first.
  public var stack: Reading<[String]>
  /// Processes that hold what it waits for; empty where nobody knows.
  public var holders: [Int32]
  /// The file whose lock it waits for, where that is known.
  public var lockPath: String?

  public init(
    startTicks: UInt64, owner: ProcessOwner, waitClass: WaitClass = .unknown,
    systemCall: Reading<String> = .gap, stack: Reading<[String]> = .gap, holders: [Int32] = [],
    lockPath: String? = nil
  ) {
    self.startTicks = startTicks
    self.owner = owner
    self.waitClass = waitClass
    self.systemCall = systemCall
    self.stack = stack
    self.holders = holders
    self.lockPath = lockPath
  }
}

/// Who looked at the tasks of a host.
public enum SuspectSource: Int, CaseIterable, Sendable {
  /// ps(1), asked while tasks seemed to be in `D`.
  case ps = 1
  /// The agent, at each tick.
  case agent = 2

  /// The name in SQL.
  public var name: String { String(describing: self) }
}

/// The tasks of a host that waited at one moment; none, where the look found none.
public struct SuspectReport: Equatable, Sendable {
  public var host: String
  /// When the look was taken, on the host's clock.
  public var time: Timestamp
  public var source: SuspectSource
  public var suspects: [Suspect]

  public init(
    host: String, time: Timestamp, source: SuspectSource = .ps, suspects: [Suspect]
  ) {
    self.host = host
    self.time = time
    self.source = source
    self.suspects = suspects
  }
}
