import Bytes
import Records

/// What the screen knows of one host.
struct WatchedHost: Sendable {
  let name: String
  /// Cells of the name as it is shown.
  let nameWidth: Int
  var status: HostStatus
  private(set) var sample: HostSample?
  /// When the last row came, on the viewer's clock.
  private(set) var arrival: Timestamp?
  private(set) var cpus: Int?
  /// The load average comes with every few rows only; it stands until the next or until it is
  /// too old to be told as news.
  private var load: (average: LoadAverage, time: Timestamp)?
  /// Tasks running or blocked (`r` + `b`) of the last rows; `nil` is a gap in them.
  private(set) var pressure = RecentValues<Int64?>(capacity: pressureCapacity)
  private(set) var trouble = TroubleLevel()
  /// Its own lines: rows, gaps and changes of state.
  private(set) var scroll: Scroll
  /// What the newest look at its tasks found.
  private(set) var suspects: SuspectReport?
  /// What its processes and devices do, where an agent tells it.
  var work = HostWork()
  /// The newest burst that its agent told of, and when that came, on the viewer's clock.
  private(set) var burst: Burst?
  private var burstArrival: Timestamp?
  /// Whether that burst goes on, as far as we know.
  private(set) var isBursting = false
  /// In the past: the history has no rows of it that cover the moment.
  private(set) var isAbsent = false
  private var pace = RowPace()

  static let pressureCapacity = 60
  static let loadValidSeconds = 30.0
  /// A look at tasks is told as news for this long.
  static let suspectsValidSeconds = 30.0
  /// An agent tells of a burst at each tick; one that it tells no more of is over.
  static let burstValidSeconds = 30.0
  /// What a burst is to the order of the table: no less than this.
  static let burstScore = 10.0

  init(name: String, rows: Int, zone: ViewerZone) {
    self.name = name
    nameWidth = DisplayWidth.of(Printable.text(name))
    status = HostStatus(host: name)
    scroll = Scroll(capacity: rows, zone: zone)
  }

  /// Whether its line shows figures: rows arrive.
  var showsFigures: Bool { status.state.isHealthy && sample != nil && !isAbsent }

  /// Whether its rows, and so what its agent says, are of now, or of the moment that is shown.
  var sendsRows: Bool { status.state.isHealthy && !isAbsent }

  /// Whether its rows come from an agent.
  var hasAgent: Bool {
    sample?.source == .agent || status.through?.hasPrefix("agent") ?? false
  }

  /// Processes that the newest look found waiting.
  var waitingProcesses: Set<Int> {
    guard suspectCount > 0, let suspects else { return [] }
    return Set(suspects.suspects.lazy.map(\.pid))
  }

  /// Nothing about it asks for a look.
  var isQuiet: Bool {
    guard trouble.level == 0, !isBursting, !isAbsent else { return isAbsent }
    switch status.state {
    case .connected, .waiting, .connecting: return true
    default: return false
    }
  }

  var loadAverage: LoadAverage? {
    guard let load, let sample, sample.time.elapsed(since: load.time) <= Self.loadValidSeconds
    else { return nil }
    return load.average
  }

  /// How many tasks the newest look found waiting, while that is news.
  var suspectCount: Int {
    guard let suspects, let sample,
      sample.time.elapsed(since: suspects.time) <= Self.suspectsValidSeconds
    else { return 0 }
    return suspects.suspects.count
  }

  /// Whether all of them are in `D`: who waits for a file lock or a FUSE server sleeps in `S`.
  var areSuspectsInD: Bool { suspects?.suspects.allSatisfy(\.isUninterruptible) ?? true }

  /// The task of a process that has waited longest, as far as the newest look is news.
  func suspect(pid: Int32) -> Suspect? {
    guard suspectCount > 0, let suspects else { return nil }
    return suspects.suspects.lazy.filter { $0.pid == Int(pid) }
      .max { ($0.waitSeconds ?? 0) < ($1.waitSeconds ?? 0) }
  }

  func suspect(_ index: Int) -> Suspect? {
    guard let suspects = suspects?.suspects, suspects.indices.contains(index) else { return nil }
    return suspects[index]
  }

  /// A row proves that rows arrive, whatever was last said of the connection's progress.
  /// Returns the hole before it, where rows are missing.
  @discardableResult
  mutating func take(_ sample: HostSample, at now: Timestamp) -> ScrollLine? {
    let gap = pace.gap(before: sample.time)
    if let gap { noteGap(gap.line(of: name), missing: gap.missingRows) }
    self.sample = sample
    arrival = now
    cpus = Self.credible(sample.cpus) ?? cpus
    if let average = sample.load { load = (average, sample.time) }
    pressure.append(Self.pressure(sample.row))
    scroll.append(
      ScrollLine(
        host: name, time: sample.time,
        content: .row(sample.row, cpus: cpus, load: sample.load?.oneMinute)))
    switch status.state {
    case .waiting, .connecting, .stale:
      status.state = .connected
      status.since = now
    default: break
    }
    let score = TroubleScore.of(sample.row, cpus: cpus)
    trouble.feed(isBursting ? max(score, Self.burstScore) : score)
    return gap.map { $0.line(of: name) }
  }

  /// `isNews`: worth a line of its own in the scroll.
  mutating func take(_ status: HostStatus, isNews: Bool) {
    self.status = status
    cpus = Self.credible(status.cpus) ?? cpus
    // One gap is enough to show that rows are missing.
    if !status.state.isHealthy, pressure.last ?? nil != nil { pressure.append(nil) }
    guard isNews else { return }
    scroll.append(ScrollLine(host: name, time: status.since, content: .status(status)))
  }

  mutating func take(_ report: SuspectReport) { suspects = report }

  mutating func take(_ activity: HostActivity, at now: Timestamp) {
    work.take(activity, at: now)
  }

  /// What is told late, of a burst before the one we know, is passed over.
  mutating func take(_ burst: Burst, at now: Timestamp) {
    if let known = self.burst, burst.start < known.start, let burstArrival,
      now.elapsed(since: burstArrival) <= Self.burstValidSeconds
    {
      return
    }
    self.burst = burst
    burstArrival = now
    isBursting = !burst.isOver
  }

  mutating func settle(at now: Timestamp) {
    let age = burstArrival.map { now.elapsed(since: $0) } ?? .infinity
    isBursting = burst?.isOver == false && age <= Self.burstValidSeconds
    if !status.state.isHealthy { trouble.feed(TroubleScore.of(status)) }
    trouble.settle(at: now)
  }

  mutating func setFilter(_ filter: LineFilter) { scroll.setFilter(filter) }

  /// In the past: says so where no row covers the moment, and returns the hole up to it.
  mutating func endPast(at moment: Timestamp) -> ScrollLine? {
    isAbsent = sample == nil
    guard let gap = pace.gap(before: moment) else { return nil }
    let line = gap.line(of: name)
    noteGap(line, missing: gap.missingRows)
    isAbsent = true
    // What it did before the hole is no trouble of the moment.
    trouble = TroubleLevel()
    return line
  }

  /// The mean of a figure's last rows, for sorting; below zero where it is absent.
  func level(of figure: SortFigure) -> Double {
    let values = scroll.newestRows(5).compactMap { line -> Double? in
      guard case .row(let row, _, let load) = line.content else { return nil }
      return figure.value(row, load: load ?? loadAverage?.oneMinute)
    }
    guard showsFigures, !values.isEmpty else { return -1 }
    return values.reduce(0, +) / Double(values.count)
  }

  private mutating func noteGap(_ line: ScrollLine, missing: Int) {
    let holes = min(missing, Self.pressureCapacity)
    let already = pressure.count > 0 && pressure.last == .some(nil) ? 1 : 0
    for _ in 0..<max(0, holes - already) { pressure.append(nil) }
    scroll.append(line)
  }

  /// A host may say anything; no machine has this many.
  private static func credible(_ cpus: Int?) -> Int? {
    cpus.flatMap { (1...1_000_000).contains($0) ? $0 : nil }
  }

  private static func pressure(_ row: VmstatRow) -> Int64? {
    guard row[.r] != nil || row[.b] != nil else { return nil }
    return max(0, (row[.r] ?? 0).addingReportingOverflow(row[.b] ?? 0).partialValue)
  }
}
