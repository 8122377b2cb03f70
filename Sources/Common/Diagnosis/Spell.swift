import Records

/// A span of hot rows: a candidate first, an episode once it has lasted.
struct Spell {
  let id: Int64?
  let start: Timestamp
  private(set) var peak: Timestamp
  private(set) var end: Timestamp
  private(set) var peakQueue: Double
  private(set) var load1Peak: Double?
  private var runnablePeak: Int64?
  private var blockedPeak: Int64?
  private var cpus: Int?
  private var evidence = Evidence()
  private var carriedVerdict: String?

  init(start: Timestamp) {
    id = nil
    self.start = start
    peak = start
    end = start
    peakQueue = -1
  }

  /// Goes on with a stored episode.
  init(resuming episode: Episode) {
    id = episode.id
    start = min(episode.start, episode.end)
    end = max(episode.start, episode.end)
    peak = min(max(episode.peak, start), end)
    // The row with the most of both isn't stored; it had at most this.
    peakQueue = Double(episode.runnablePeak ?? 0) + Double(episode.blockedPeak ?? 0)
    load1Peak = episode.load1Peak
    runnablePeak = episode.runnablePeak
    blockedPeak = episode.blockedPeak
    cpus = episode.cpus
    let seconds = end.secondsAsDouble - start.secondsAsDouble
    evidence = Evidence(carrying: episode.kind, seconds: max(1, seconds))
    carriedVerdict = episode.verdict
  }

  /// Adds a row that belongs to it.
  mutating func include(
    _ sample: HostSample, _ row: RowFigures, cause: Cause, trend: LoadTrend, seconds: Double
  ) {
    end = sample.time
    // Hidden tasks are in no column: the load average places the peak.
    let queue = cause == .hidden ? max(row.queue, trend.active) : row.queue
    if queue > peakQueue {
      peakQueue = queue
      peak = sample.time
    }
    runnablePeak = Self.higher(runnablePeak, sample.row[.r])
    blockedPeak = Self.higher(blockedPeak, sample.row[.b])
    evidence.add(row, cause: cause, active: trend.likelyActive, seconds: seconds)
  }

  /// Notes a load average read while it lasts: it peaks when the spike has just ended.
  mutating func note(load1: Double) {
    load1Peak = max(load1Peak ?? 0, load1)
  }

  mutating func note(cpus: Int) { self.cpus = cpus }

  /// As a record. The kind told before stays unless another clearly has more time behind it.
  func episode(of host: String, isOpen: Bool, kindBefore: EpisodeKind?) -> Episode {
    let (finding, rows) = evidence.finding(since: kindBefore)
    var verdict = finding.sentence(rows: rows, load1Peak: load1Peak, cpus: cpus)
    if rows.seconds == 0, let carriedVerdict { verdict = carriedVerdict }
    return Episode(
      id: id, host: host, start: start, peak: peak, end: end, isOpen: isOpen, kind: finding.kind,
      load1Peak: load1Peak, runnablePeak: runnablePeak, blockedPeak: blockedPeak, cpus: cpus,
      verdict: verdict)
  }

  /// The kind as it stands.
  func kind(before: EpisodeKind?) -> EpisodeKind {
    evidence.finding(since: before).finding.kind
  }

  /// What most of its time is put down to.
  var isMostlyBlocked: Bool {
    evidence.tally(.blocked).seconds * 2
      >= Cause.allCases.reduce(0) {
        $0 + evidence.tally($1).seconds
      }
  }

  private static func higher(_ peak: Int64?, _ value: Int64?) -> Int64? {
    guard let value else { return peak }
    return max(peak ?? 0, value)
  }
}
