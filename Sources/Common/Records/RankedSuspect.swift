/// One process of a span's suspects: how often it was seen to wait, and for what.
public struct RankedSuspect: Equatable, Sendable {
  public var pid: Int
  public var user: String
  public var command: String
  /// The kernel functions it slept in, the most frequent first.
  public var waitChannels: [String]
  /// What it waited for, as an agent names it, the most frequent first.
  public var waitReasons: [String]
  /// The longest wait seen, seconds; `nil` without an agent.
  public var waitSeconds: Double?
  /// Whether it was in `D` each time: who waits for a file lock sleeps in `S`.
  public var isUninterruptible: Bool
  /// Looks that saw at least one of its threads wait.
  public var sightings: Int
  /// Most of its threads seen in one look.
  public var threads: Int
  public var first: Timestamp
  public var last: Timestamp

  /// A process that was not counted in any look yet.
  public init(pid: Int, user: String, command: String, at time: Timestamp) {
    self.pid = pid
    self.user = user
    self.command = command
    (waitChannels, waitReasons) = ([], [])
    isUninterruptible = true
    (sightings, threads) = (0, 0)
    (first, last) = (time, time)
  }
}
