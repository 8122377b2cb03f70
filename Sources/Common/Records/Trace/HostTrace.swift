/// What came of one trace on one host. Texts are printable and bounded.
public struct HostTrace: Equatable, Sendable {
  /// Processes that were left alone and are named.
  public static let skippedLimit = 500
  public static let noticeLimit = 20

  /// When it began, on the host's clock.
  public var time: Timestamp
  public var engine: TraceEngine
  public var isDryRun: Bool
  /// How long it took, attaching and all, nanoseconds.
  public var nanoseconds: UInt64
  /// Processes that the selection found.
  public var matched: Int
  /// Those that were traced; in a dry run, those that would have been. In rank order: see
  /// `TraceRanking`.
  public var processes: [TracedProcess]
  /// Processes that were left alone, and why.
  public var skipped: [SkippedProcess]
  public var omittedSkipped: Int
  /// Of the traced processes, those that were looked at afterwards and found free: not stopped, no
  /// tracer, no strace(1) left. A process that has ended is free.
  public var verified: Int
  /// What else the reader should know, a sentence each.
  public var notices: [String]

  /// Processes that were traced.
  public var attached: Int { isDryRun ? 0 : processes.count }

  public init(time: Timestamp, engine: TraceEngine, isDryRun: Bool = false) {
    self.time = time
    self.engine = engine
    self.isDryRun = isDryRun
    nanoseconds = 0
    matched = 0
    processes = []
    skipped = []
    omittedSkipped = 0
    verified = 0
    notices = []
  }
}

/// A process that was selected and not traced.
public struct SkippedProcess: Equatable, Sendable {
  public enum Reason: String, CaseIterable, Sendable {
    /// The first process of the host or of the pid namespace.
    case isInit = "init"
    /// The agent, or one of its parents or children.
    case isAgent = "agent"
    /// The sshd that serves who asks.
    case isSSHD = "sshd"
    case isKernelThread = "kernel-thread"
    /// Somebody traces it already.
    case isTraced = "traced"
    /// In `D`: detaching would hang until it wakes up.
    case isUninterruptible = "uninterruptible"
    /// Stopped by a signal.
    case isStopped = "stopped"
    case isZombie = "zombie"
    /// It ended before it could be traced, or there never was one.
    case isGone = "gone"
    /// The kernel refused.
    case isDenied = "denied"
    /// What one trace may do was used up.
    case isOverBudget = "budget"
  }

  public var id: ProcessID
  public var name: TaskName
  public var reason: Reason
  /// In words, and what to do about it.
  public var detail: String
  /// Of one in `D`: what it waits for, in place of its calls.
  public var wait: WaitingTask?

  public init(
    id: ProcessID, name: TaskName, reason: Reason, detail: String, wait: WaitingTask? = nil
  ) {
    self.id = id
    self.name = name
    self.reason = reason
    self.detail = detail
    self.wait = wait
  }
}
