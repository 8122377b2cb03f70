/// What a load spike was made of, as far as the rows can tell.
public enum EpisodeKind: String, CaseIterable, Sendable {
  /// More tasks wanted to run than there were CPUs, and the CPUs were busy.
  case cpu
  /// Tasks waited for block devices that were moving data.
  case disk
  /// Memory was short: tasks waited for pages to be swapped in or out.
  case swap
  /// The load rose, and the columns don't say why (network file systems, locks, frozen
  /// file systems: tasks in `D` that vmstat's `b` doesn't count).
  case unclear
}

/// One load spike of one host: start, peak, end and verdict.
public struct Episode: Equatable, Sendable {
  /// The history's number for it; `nil` until it is stored. (host, start) is its identity.
  public var id: Int64?
  public var host: String
  public var start: Timestamp
  /// When most tasks ran or waited.
  public var peak: Timestamp
  /// The last row that belonged to it.
  public var end: Timestamp
  /// Whether it was still going on at `end`.
  public var isOpen: Bool
  public var kind: EpisodeKind
  /// Highest one-minute load average seen; `nil` where none was read.
  public var load1Peak: Double?
  /// Highest `r` and `b` of a single row; `nil` where no row had the column.
  public var runnablePeak: Int64?
  public var blockedPeak: Int64?
  /// `nil` where the host's CPU count is unknown.
  public var cpus: Int?
  /// One sentence: the figures that made the verdict.
  public var verdict: String

  public init(
    id: Int64? = nil, host: String, start: Timestamp, peak: Timestamp, end: Timestamp,
    isOpen: Bool, kind: EpisodeKind, load1Peak: Double?, runnablePeak: Int64?,
    blockedPeak: Int64?, cpus: Int?, verdict: String
  ) {
    self.id = id
    self.host = host
    self.start = start
    self.peak = peak
    self.end = end
    self.isOpen = isOpen
    self.kind = kind
    self.load1Peak = load1Peak
    self.runnablePeak = runnablePeak
    self.blockedPeak = blockedPeak
    self.cpus = cpus
    self.verdict = verdict
  }
}
