import Records

/// How bad a host is, in steps, and slow to change its mind: this is what keeps the table's
/// lines from jumping.
///
/// Scores are smoothed over rows. A level is gained only when the score is clearly above its
/// threshold, and lost only when it has stayed clearly below for a while. Hosts of one level
/// stand in fleet order.
struct TroubleLevel: Sendable {
  /// 0 is quiet; level n begins at `thresholds[n - 1]`.
  private(set) var level = 0
  private var smoothed = 0.0
  private var belowSince: Timestamp?

  static let thresholds: [Double] = [4, 8, 14, 22, 34, 50, 75]
  /// How far above a threshold the score must be to gain its level, and below to lose it.
  static let rise = 1.15
  static let fall = 0.7
  /// How long it must have been below.
  static let holdSeconds = 10.0
  /// The weight of a new score against the old ones: trouble is believed sooner than calm, so
  /// that the worst host is on top with its second row.
  static let rising = 0.65
  static let falling = 0.4

  mutating func feed(_ score: Double) {
    let step = min(max(score, 0), 100) - smoothed
    smoothed += step * (step > 0 ? TroubleLevel.rising : TroubleLevel.falling)
  }

  /// Takes the level that the scores so far call for.
  mutating func settle(at now: Timestamp) {
    let risen = TroubleLevel.thresholds.count { smoothed >= $0 * TroubleLevel.rise }
    if risen > level {
      level = risen
      belowSince = nil
    } else if level > 0, smoothed < TroubleLevel.thresholds[level - 1] * TroubleLevel.fall {
      let since = min(belowSince ?? now, now)
      belowSince = since
      guard now.elapsed(since: since) >= TroubleLevel.holdSeconds else { return }
      level = min(level - 1, TroubleLevel.thresholds.count { smoothed >= $0 })
      belowSince = nil
    } else {
      belowSince = nil
    }
  }
}

/// The score of a moment, 0 to 100: how much a host deserves a look. Only for the order of lines;
/// verdicts are the collector's.
enum TroubleScore {
  /// A row: tasks per CPU above all, then what they wait for.
  static func of(_ row: VmstatRow, cpus: Int?) -> Double {
    let runnable = count(row[.r])
    let blocked = count(row[.b])
    var score = min(6 * blocked, 30)
    if let cpus, cpus > 0 {
      // As many tasks as CPUs is a machine at work; what is more waits.
      let pressure = (runnable + blocked) / Double(cpus)
      score += min(max(0, pressure - 0.75) * 10, 60)
    }
    let swapped = count(row[.si]) + count(row[.so])
    if swapped > 0 { score += swapped >= Double(ColumnTrouble.swapAlarm) ? 20 : 6 }
    if count(row[.us]) + count(row[.sy]) >= Double(ColumnTrouble.busyWarning) { score += 4 }
    score += min(count(row[.wa]), 100) * 0.1 + min(count(row[.st]), 100) * 0.1
    return min(score, 100)
  }

  /// A state that sends no rows. A host that was here and went silent comes before one that
  /// can't be reached, and that before one that was set up wrong: but none of them hides a host
  /// under real load.
  static func of(_ status: HostStatus) -> Double {
    switch status.state {
    case .connected, .waiting, .stopped: 0
    case .connecting: status.lastError == nil ? 0 : 18
    case .stale: 30
    case .backingOff: 18
    case .changedKey, .refusedKey, .unknownKey, .unsupported, .noVmstat: 12
    }
  }

  private static func count(_ value: Int64?) -> Double { Double(max(0, value ?? 0)) }
}
