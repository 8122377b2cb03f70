/// One process of a span's suspects: how often it was seen in `D`, and waiting for what.
public struct RankedSuspect: Equatable, Sendable {
  public var pid: Int
  public var user: String
  public var command: String
  /// The kernel functions it slept in, the most frequent first.
  public var waitChannels: [String]
  /// Looks that saw at least one of its threads in `D`.
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
    waitChannels = []
    (sightings, threads) = (0, 0)
    (first, last) = (time, time)
  }
}
