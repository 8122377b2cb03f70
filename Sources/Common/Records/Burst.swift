/// Why a burst began.
public enum BurstTrigger: String, CaseIterable, Sendable {
  case cpuPressure = "cpu-pressure"
  case ioPressure = "io-pressure"
  case memoryPressure = "memory-pressure"
  /// Tasks in `D`.
  case blockedTasks = "blocked-tasks"
  /// More tasks wanted to run than there are CPUs.
  case runQueue = "run-queue"
}

/// What a burst's fast looks saw: how often which process waited for what.
public struct Burst: Equatable, Sendable {
  public struct Count: Equatable, Sendable {
    public var process: ProcessID
    public var name: TaskName
    public var reason: WaitReason
    /// Looks in which at least one of its threads waited so.
    public var looks: Int
    /// Threads, summed over the looks.
    public var tasks: Int

    public init(process: ProcessID, name: TaskName, reason: WaitReason, looks: Int, tasks: Int) {
      self.process = process
      self.name = name
      self.reason = reason
      self.looks = looks
      self.tasks = tasks
    }
  }

  public var trigger: BurstTrigger
  public var start: Timestamp
  public var end: Timestamp
  /// Whether the trigger has let go.
  public var isOver: Bool
  /// Looks taken so far.
  public var looks: Int
  /// By looks, the most frequent first.
  public var counts: [Count]
  /// Counts that found no room.
  public var omittedCounts: Int

  public init(
    trigger: BurstTrigger, start: Timestamp, end: Timestamp, isOver: Bool = false,
    looks: Int = 0, counts: [Count] = [], omittedCounts: Int = 0
  ) {
    self.trigger = trigger
    self.start = start
    self.end = end
    self.isOver = isOver
    self.looks = looks
    self.counts = counts
    self.omittedCounts = omittedCounts
  }
}
