import Records

/// Sums over rows, each weighing the seconds it covers.
struct Tally {
  var seconds = 0.0
  var runnable = 0.0
  var blocked = 0.0
  var blocksIn = 0.0
  var blocksOut = 0.0
  var swapIn = 0.0
  var swapOut = 0.0
  var user = 0.0
  var kernel = 0.0
  var stolen = 0.0
  /// Likely number of active tasks by the load average.
  var active = 0.0

  mutating func add(_ row: RowFigures, active: Double, seconds: Double) {
    self.seconds += seconds
    runnable += row.runnable * seconds
    blocked += row.blocked * seconds
    blocksIn += row.blocksIn * seconds
    blocksOut += row.blocksOut * seconds
    swapIn += row.swapIn * seconds
    swapOut += row.swapOut * seconds
    user += row.user * seconds
    kernel += row.kernel * seconds
    stolen += row.stolen * seconds
    self.active += active * seconds
  }

  mutating func add(_ other: Tally) {
    seconds += other.seconds
    runnable += other.runnable
    blocked += other.blocked
    blocksIn += other.blocksIn
    blocksOut += other.blocksOut
    swapIn += other.swapIn
    swapOut += other.swapOut
    user += other.user
    kernel += other.kernel
    stolen += other.stolen
    active += other.active
  }

  /// A sum as a mean over the time.
  func mean(_ sum: KeyPath<Tally, Double>) -> Double {
    seconds > 0 ? self[keyPath: sum] / seconds : 0
  }

  /// KiB/s read and written.
  var traffic: Double { mean(\.blocksIn) + mean(\.blocksOut) }
}

/// What the hot rows of an episode came to, cause by cause.
struct Evidence {
  private var tallies = InlineArray<6, Tally>(repeating: Tally())
  /// Time that an earlier run of the collector saw, of which only the verdict is left.
  private var carriedSeconds = 0.0
  private var carriedKind = EpisodeKind.unclear

  init() {}

  init(carrying kind: EpisodeKind, seconds: Double) {
    carriedKind = kind
    carriedSeconds = seconds
  }

  mutating func add(_ row: RowFigures, cause: Cause, active: Double, seconds: Double) {
    tallies[cause.rawValue].add(row, active: active, seconds: seconds)
  }

  func tally(_ cause: Cause) -> Tally { tallies[cause.rawValue] }

  /// The finding with the most time behind it, and the rows that made it (no seconds, where an
  /// earlier run saw them). The one given stays unless another clearly has more.
  func finding(since earlier: EpisodeKind?) -> (finding: Finding, rows: Tally) {
    var best = (finding: Finding.hidden, rows: Tally())
    var bestSeconds = -1.0
    for finding in Finding.allCases {
      let rows = rows(of: finding)
      var seconds = rows.seconds
      if finding.kind == carriedKind && carriedSeconds > 0 && finding.isTypical {
        seconds += carriedSeconds
      }
      if finding.kind == earlier { seconds *= Limits.kindChange }
      guard seconds > bestSeconds else { continue }
      best = (finding, rows)
      bestSeconds = seconds
    }
    return best
  }

  private func rows(of finding: Finding) -> Tally {
    switch finding {
    case .cpu:
      var rows = tally(.cpu)
      if !stolenForDisk { rows.add(tally(.stolen)) }
      return rows
    case .disk: return devicesWorked ? waiting : Tally()
    case .silentDevice: return devicesWorked ? Tally() : waiting
    case .swap: return tally(.swap)
    case .hidden: return tally(.hidden)
    case .loaded: return tally(.loaded)
    }
  }

  private var waiting: Tally {
    var rows = tally(.blocked)
    if stolenForDisk { rows.add(tally(.stolen)) }
    return rows
  }

  /// Traffic is uneven (a row may show none of what its tasks wait for), so it's judged over all
  /// rows with blocked tasks.
  private var devicesWorked: Bool { waiting.traffic >= Limits.deviceTraffic }

  /// A virtual disk at work costs the guest stolen time, so its writers are found runnable as
  /// often as blocked (fixture `disk.txt`: 25 % busy, 50 % stolen, r 5, b 2).
  private var stolenForDisk: Bool {
    var rows = tally(.stolen)
    rows.add(tally(.blocked))
    return rows.mean(\.blocked) >= 1 && rows.traffic >= Limits.smallHostTraffic
  }
}
