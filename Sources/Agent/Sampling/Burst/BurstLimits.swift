/// When a burst of fast looks begins and ends. Each figure has two limits, so that what hovers
/// around one of them doesn't begin anew every second.
public struct BurstLimits: Equatable, Sendable {
  public struct Limit: Equatable, Sendable {
    /// At this or above a burst begins.
    public var begin: Double
    /// Below this it may end.
    public var end: Double

    public init(begin: Double, end: Double) {
      self.begin = begin
      self.end = end
    }
  }

  /// Share of the time that some task was stalled on it (PSI `some`), 0 to 1.
  public var cpuPressure = Limit(begin: 0.6, end: 0.4)
  public var ioPressure = Limit(begin: 0.4, end: 0.2)
  public var memoryPressure = Limit(begin: 0.2, end: 0.1)
  /// Tasks in `D`.
  public var blockedTasks = Limit(begin: 2, end: 1)
  /// Tasks that run or want to, per CPU.
  public var runQueue = Limit(begin: 2, end: 1.2)
  /// Ticks below every `end` after which a burst is over.
  public var calmTicks = 5

  public init() {}
}
