/// How many tasks were active between two readings of the load average.
///
/// The kernel samples the active tasks (running, waiting for a CPU, in `D`) every 5 s and folds
/// them into the one-minute average: L ← L·a + n·(1 − a), a = 1884/2048 (kernel/sched/loadavg.c,
/// EXP_1). Turned round, two readings k samples apart give the mean n between them, which
/// follows a spike at once, where the average itself climbs and decays for minutes.
struct ActiveTasks {
  /// At least, at most and most likely so many tasks were active on average.
  var least: Double
  var most: Double
  var likely: Double

  /// k isn't known exactly: a reading comes just before or just after a sample, and rows carry
  /// the time they were printed. So both ends of its range are tried, and the rounding of the
  /// averages to two decimals is allowed for.
  init(from first: Double, to last: Double, seconds: Double) {
    let fewest = max(1, (seconds - Self.jitterSeconds) / Self.sampleSecondsMax).rounded(.down)
    let most = max(1, (seconds + Self.jitterSeconds) / Self.sampleSecondsMin).rounded(.up)
    let weights = (Self.weight(ofSamples: fewest), Self.weight(ofSamples: most))
    let ends = (first + (last - first) / weights.0, first + (last - first) / weights.1)
    let rounding = Self.rounding / weights.0
    least = max(0, min(ends.0, ends.1) - rounding)
    self.most = max(0, max(ends.0, ends.1) + rounding)
    let samples = max(1, (seconds / Self.sampleSecondsMin).rounded())
    likely = max(0, first + (last - first) / Self.weight(ofSamples: samples))
  }

  private static let jitterSeconds = 0.3
  /// LOAD_FREQ is 5 s and one timer tick: 5.001 s at 1000 Hz to 5.01 s at 100 Hz.
  private static let sampleSecondsMin = 5.0
  private static let sampleSecondsMax = 5.01
  private static let rounding = 0.01
  private static let decay = 1884.0 / 2048

  /// 1 − aᵏ: the share that k samples have in the average.
  private static func weight(ofSamples count: Double) -> Double {
    var kept = 1.0
    for _ in 0..<Int(min(count, 300)) { kept *= decay }
    return 1 - kept
  }
}

/// The last readings of the load average, each with what `r` and `b` came to until then.
struct LoadTrend {
  private struct Reading {
    var second = 0.0
    var load = 0.0
    var runnableSeconds = 0.0
    var blockedSeconds = 0.0
    var seenSeconds = 0.0

    /// Mean `b` since an earlier reading.
    func blocked(since earlier: Reading) -> Double {
      let seconds = seenSeconds - earlier.seenSeconds
      return seconds > 0 ? (blockedSeconds - earlier.blockedSeconds) / seconds : 0
    }
  }

  /// Two readings 5 s apart may have no sample of the kernel between them, or two; three have
  /// one to three.
  private static let windowSeconds = 9.0
  /// The least share of a window that its rows must cover.
  private static let seenShare = 0.6

  private var readings = InlineArray<4, Reading>(repeating: Reading())
  private var count = 0
  private var now = Reading()
  /// Through which second `b` has been compared with the load average.
  private var comparedThrough: Double?

  /// Least number of active tasks, lately, and how many of them `r` and `b` don't show.
  private(set) var active = 0.0
  private(set) var surplus = 0.0
  /// The likely number of active tasks: for a sentence, where `active` is for a judgement.
  private(set) var likelyActive = 0.0
  /// The same of the latest two readings alone: rougher, but the first to know of an end.
  private(set) var activeNow = 0.0
  private(set) var surplusNow = 0.0
  /// Share of `b` that is in the load average too, 0…1; 1 where there is no reason to doubt it.
  private(set) var blockedShare = 1.0
  /// Seconds since the reading before the latest, at most two of the usual intervals.
  private(set) var readingSeconds = 0.0

  /// Adds a row and the seconds it covers. Readings that have ceased are let go.
  mutating func add(_ figures: RowFigures, seconds: Double, atSecond second: Double) {
    if count > 0, second - readings[count - 1].second > Limits.loadLifetime {
      let seenSeconds = now.seenSeconds
      forget()
      now.seenSeconds = seenSeconds
    }
    now.runnableSeconds += figures.runnable * seconds
    now.blockedSeconds += figures.blocked * seconds
    now.seenSeconds += seconds
  }

  /// Adds a reading made with the row just added.
  mutating func read(_ load: Double, atSecond second: Double) {
    now.second = second
    now.load = load
    readingSeconds = count == 0 ? 0 : min(10, second - readings[count - 1].second)
    noteActiveNow()
    if let base = base() { conclude(since: base) }
    push()
  }

  /// Whether it could have shown by now that tasks blocked since `start` aren't in the load
  /// average: `true` too where there is no load average to wait for.
  func hasJudged(since start: Double, isLive: Bool) -> Bool {
    if let comparedThrough { return comparedThrough - start >= Limits.comparedSeconds }
    // Until the first readings of a stream have come, they are waited for.
    return count == 0 && (!isLive || now.seenSeconds > Limits.loadLifetime)
  }

  /// Forgets the readings: rows are missing, so nothing can be said of the time between.
  mutating func forget() { self = LoadTrend() }

  /// The youngest reading that is far enough away, with one between.
  private func base() -> Reading? {
    var index = count - 2
    while index >= 0 {
      if now.second - readings[index].second >= Self.windowSeconds { return readings[index] }
      index -= 1
    }
    return nil
  }

  private mutating func noteActiveNow() {
    guard count > 0 else { return }
    let before = readings[count - 1]
    // An average that hasn't moved wasn't sampled between, or stands where it must: no news.
    guard now.load != before.load, now.second > before.second else { return }
    let seconds = now.second - before.second
    activeNow = ActiveTasks(from: before.load, to: now.load, seconds: seconds).least
  }

  private mutating func conclude(since base: Reading) {
    let seconds = now.second - base.second
    let seen = now.seenSeconds - base.seenSeconds
    guard seen >= seconds * Self.seenShare else { return }
    let tasks = ActiveTasks(from: base.load, to: now.load, seconds: seconds)
    let runnable = (now.runnableSeconds - base.runnableSeconds) / seen
    let blocked = now.blocked(since: base)
    active = tasks.least
    likelyActive = tasks.likely
    surplus = max(0, tasks.least - runnable - blocked)
    surplusNow = max(0, activeNow - runnable - blocked)
    compare(tasks, runnable: runnable, since: base)
  }

  /// Compares `b` with the load average: with the lower of what it was before and after the
  /// reading before the latest, as the kernel may have sampled neither the end of the one nor
  /// the other at all.
  private mutating func compare(_ tasks: ActiveTasks, runnable: Double, since base: Reading) {
    let before = readings[count - 1]
    comparedThrough = before.second
    let blocked = min(before.blocked(since: base), now.blocked(since: before))
    guard blocked >= Limits.comparedTasks else {
      blockedShare = 1
      return
    }
    // One of the runnable may be vmstat, seen by its own reading and by no sample.
    let others = max(0, runnable - 1)
    // `b` is believed if it may be true, and cut to what must be true if not.
    let isConfirmed = tasks.most - others >= blocked * Limits.confirmedShare
    blockedShare = isConfirmed ? 1 : min(1, max(0, tasks.least - others) / blocked)
  }

  private mutating func push() {
    if count == readings.count {
      for index in 1..<count { readings[index - 1] = readings[index] }
      count -= 1
    }
    readings[count] = now
    count += 1
  }
}
