import Records

/// The fleet as the history has it around a moment.
public struct PastSpan: Sendable {
  /// The moment that is shown: rows end here.
  public var at: Timestamp
  public var from: Timestamp
  /// The hosts to show, in their order; those without rows say so.
  public var hosts: [String]
  /// Rows of the span, in order of time.
  public var samples: [HostSample]
  /// The load spikes that overlap the span.
  public var episodes: [Episode]
  /// Looks at tasks in `D` during the span, in order of time.
  public var suspects: [SuspectReport]
  /// The last ticks before `at` that agents told of processes and devices, in order of time.
  public var activities: [HostActivity]
  /// Bursts that overlap the span, in order of time.
  public var bursts: [HostBurst]
  /// The spike that was asked for, if one was.
  public var focus: Episode?
  /// Where the span has no rows: when the last one before it was.
  public var lastRowBefore: Timestamp?

  public init(
    at: Timestamp, from: Timestamp, hosts: [String], samples: [HostSample],
    episodes: [Episode] = [], suspects: [SuspectReport] = [],
    activities: [HostActivity] = [], bursts: [HostBurst] = [], focus: Episode? = nil,
    lastRowBefore: Timestamp? = nil
  ) {
    self.at = at
    self.from = from
    self.hosts = hosts
    self.samples = samples
    self.episodes = episodes
    self.suspects = suspects
    self.activities = activities
    self.bursts = bursts
    self.focus = focus
    self.lastRowBefore = lastRowBefore
  }
}
