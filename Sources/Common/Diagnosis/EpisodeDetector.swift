import Records

/// Turns one host's samples into load spikes, as they arrive.
///
/// A row is *hot* when more tasks want to run than there are CPUs and the CPUs are busy, when
/// tasks are blocked in I/O, when memory is swapped both ways, or when the load average holds
/// more tasks than `r` and `b` show. Some seconds of hot rows make an episode; half a minute of
/// calm ends it. `wa` is no evidence of anything (proc_stat(5)). The figures stand in `Limits`.
public struct EpisodeDetector: Sendable {
  private let host: String
  private var clock: StreamClock
  private var trend = LoadTrend()
  private var covered = CoveredTime()
  private var state: State

  private enum State {
    case calm
    case candidate(Spell, heat: Heat)
    case open(Spell, Course)
  }

  /// How far a candidate has come.
  private struct Heat {
    var seconds = 0.0
    var rows = 0
  }

  /// How an open episode goes.
  private struct Course {
    var calmSeconds = 0.0
    var calmRows = 0
    /// What was told last.
    var told: Episode
  }

  /// - Parameters:
  ///   - host: the host's name, as its episodes carry it.
  ///   - open: the host's open episode as the history has it; it goes on, or ends at its last
  ///     row if the host has been silent for too long. A closed one is ignored.
  public init(host: String, resuming open: Episode? = nil) {
    self.host = host
    guard let open, open.isOpen else {
      clock = StreamClock()
      state = .calm
      return
    }
    clock = StreamClock(latest: max(open.start, open.end))
    state = .open(Spell(resuming: open), Course(told: open))
  }

  /// Takes the next sample and returns what there is to store: an episode that began, changed
  /// (its kind or peak, or every few seconds its end and the rest) or ended.
  ///
  /// Samples come in the order of their times. One whose time was there already is passed over;
  /// a clock that was set back ends what is open.
  public mutating func feed(_ sample: HostSample) -> [Episode] {
    var told: [Episode] = []
    guard let seconds = follow(sample.time, &told) else { return told }
    let row = RowFigures(sample.row)
    let cpus = sample.cpus.flatMap { $0 > 0 ? $0 : nil }
    let second = sample.time.secondsAsDouble
    trend.add(row, seconds: seconds, atSecond: second)
    let load = sample.load.flatMap { Self.loads.contains($0.oneMinute) ? $0.oneMinute : nil }
    if let load { trend.read(load, atSecond: second) }
    let heat = RowHeat(row, cpus: cpus, trend: trend, isReading: load != nil)
    let step = Step(
      sample: sample, row: row, load: load, cpus: cpus, seconds: seconds, heat: heat)
    if let episode = advance(step) { told.append(episode) }
    return told
  }

  /// What a load average can be; the rest is garbage from the host.
  private static let loads = 0.0...1e6

  /// The end of the input, or the host is given up: closes what is open at its last hot row.
  public mutating func finish() -> Episode? { close() }
}

// MARK: - Time

extension EpisodeDetector {
  /// Follows the clock; returns the seconds that the row covers, `nil` where it's to be passed
  /// over. Adds the episode that silence or a clock step ended.
  private mutating func follow(_ time: Timestamp, _ told: inout [Episode]) -> Double? {
    let before = clock.latest ?? time
    var seconds = Limits.firstRowSeconds
    switch clock.advance(to: time) {
    case .repeated: return nil
    case .follows(let covered): seconds = covered
    case .gap(let covered):
      seconds = covered
      trend.forget()
    case .lost, .backwards:
      trend.forget()
      if let episode = close() { told.append(episode) }
    }
    if covered.contains(time) || covered.meets(after: before, through: time) {
      if let episode = close() { told.append(episode) }
      return covered.contains(time) ? nil : seconds
    }
    return seconds
  }

  private mutating func close() -> Episode? {
    guard case .open(let spell, let course) = state else {
      state = .calm
      return nil
    }
    state = .calm
    covered.add(spell.start...spell.end)
    return spell.episode(of: host, isOpen: false, kindBefore: course.told.kind)
  }
}

// MARK: - Rows

extension EpisodeDetector {
  /// One row, judged.
  private struct Step {
    var sample: HostSample
    var row: RowFigures
    var load: Double?
    var cpus: Int?
    var seconds: Double
    var heat: RowHeat
  }

  private mutating func advance(_ step: Step) -> Episode? {
    switch state {
    case .calm:
      guard case .hot = step.heat else { return nil }
      return kindle(Spell(start: step.sample.time), Heat(), step)
    case .candidate(let spell, let heat): return kindle(spell, heat, step)
    case .open(let spell, let course): return goOn(spell, course, step)
    }
  }

  /// Adds a row to a spell; returns the seconds that it speaks for.
  private func include(
    _ step: Step, in spell: inout Spell, _ cause: Cause, _ basis: Basis
  ) -> Double {
    let seconds = basis == .load ? trend.readingSeconds : step.seconds
    spell.include(step.sample, step.row, cause: cause, trend: trend, seconds: seconds)
    return seconds
  }

  /// A candidate's next row: it grows, fades, or becomes an episode.
  private mutating func kindle(_ spell: Spell, _ heat: Heat, _ step: Step) -> Episode? {
    var (spell, heat) = (spell, heat)
    if let load = step.load { spell.note(load1: load) }
    if let cpus = step.cpus { spell.note(cpus: cpus) }
    var opens = false
    switch step.heat {
    case .hot(let cause, let basis):
      let seconds = include(step, in: &spell, cause, basis)
      heat.seconds = min(heat.seconds + seconds * basis.speed, Limits.hotSecondsKept)
      heat.rows += 1
      let isLong = basis == .plain && step.seconds >= Limits.longRowSeconds
      opens = heat.seconds >= Limits.hotSeconds && (heat.rows >= Limits.hotRows || isLong)
    case .warm, .neutral: break
    case .calm: heat.seconds -= step.seconds
    }
    if opens && isBelievable(spell, step.sample) {
      let episode = spell.episode(of: host, isOpen: true, kindBefore: nil)
      state = .open(spell, Course(told: episode))
      return episode
    }
    state = heat.seconds > 0 ? .candidate(spell, heat: heat) : .calm
    return nil
  }

  /// Blocked tasks are believed once a reading of the load average has seen them, where the load
  /// average is read at all.
  private func isBelievable(_ spell: Spell, _ sample: HostSample) -> Bool {
    guard spell.isMostlyBlocked else { return true }
    return trend.hasJudged(
      since: spell.start.secondsAsDouble, isLive: sample.source.isLive)
  }

  /// An open episode's next row.
  private mutating func goOn(_ spell: Spell, _ course: Course, _ step: Step) -> Episode? {
    var (spell, course) = (spell, course)
    if let load = step.load { spell.note(load1: load) }
    if let cpus = step.cpus { spell.note(cpus: cpus) }
    switch step.heat {
    case .hot(let cause, let basis):
      let seconds = include(step, in: &spell, cause, basis)
      course.calmSeconds = max(0, course.calmSeconds - seconds * Limits.calmUndoneByHot)
      course.calmRows = 0
    case .warm(let cause):
      course.calmSeconds = max(0, course.calmSeconds - step.seconds * Limits.calmUndoneByWarm)
      guard course.calmSeconds <= Limits.calmBeforeWarmIsNews else { break }
      _ = include(step, in: &spell, cause, .plain)
    case .neutral: break
    case .calm:
      course.calmSeconds += step.seconds
      course.calmRows += 1
    }
    state = .open(spell, course)
    if course.calmSeconds >= Limits.calmSeconds && course.calmRows >= Limits.calmRows {
      return close()
    }
    return tell(spell, course, at: step.sample.time)
  }

  /// What has changed enough to be stored.
  private mutating func tell(_ spell: Spell, _ course: Course, at time: Timestamp) -> Episode? {
    let told = course.told
    let hasMoved = spell.end != told.end || spell.load1Peak != told.load1Peak
    guard hasMoved else { return nil }
    let isDue =
      time.secondsAsDouble - told.end.secondsAsDouble >= Limits.tellSeconds
      || spell.peak != told.peak || spell.kind(before: told.kind) != told.kind
    guard isDue else { return nil }
    var course = course
    course.told = spell.episode(of: host, isOpen: true, kindBefore: told.kind)
    state = .open(spell, course)
    return course.told
  }
}
