import Records

/// Everything that is known of the hosts, and nothing of the screen: a copy of it is what a
/// frozen screen shows, and one made from the history is the past.
struct WatchedFleet: Sendable {
  private(set) var hosts: [WatchedHost] = []
  /// The table's lines. They change places on ticks, and when the viewer asks for it.
  private(set) var items: [TableItem] = []
  private(set) var merged: Scroll
  /// Cells of the longest name.
  private(set) var longestName = 0
  private(set) var arrangement = Arrangement()
  /// The fleet's processes, while they are looked at.
  private(set) var processes = ProcessList()
  /// Places in `hosts` that the filter lets through, in the order of the table, quiet ones too.
  private(set) var order: [Int] = []
  private var places: [String: Int] = [:]
  private var folds: (places: [Int], words: [HostState], folds: [QuietFold]) = ([], [], [])
  /// The last hole of the whole fleet, so that each host's own share of it isn't told again.
  private var fleetGap: (from: Timestamp, to: Timestamp)?
  private var newestRow: Timestamp?
  /// The viewer's clock when it was settled last.
  private var settledAt: Timestamp?
  /// Tells one filter from the next, so that a process is asked once about each.
  private var filterNumber = 0
  private let zone: ViewerZone

  /// Most lines of the merged scroll, of all hosts together.
  static let mergedCapacity = 5000
  /// Rows kept of all hosts together, and bounds of what one host gets of them.
  static let rowsCapacity = 60_000
  static let hostRows = 60...2000

  init(zone: ViewerZone) {
    self.zone = zone
    merged = Scroll(capacity: WatchedFleet.mergedCapacity, zone: zone)
  }

  subscript(host name: String) -> WatchedHost? { places[name].map { hosts[$0] } }

  /// The hosts in the order of the table.
  var ordered: [WatchedHost] { order.map { hosts[$0] } }

  /// How far back a host's rows go.
  static func rowsPerHost(_ hosts: Int) -> Int {
    min(max(rowsCapacity / max(1, hosts), hostRows.lowerBound), hostRows.upperBound)
  }

  mutating func setHosts(_ names: [String]) {
    let before = hosts
    let placesBefore = places
    hosts = []
    places = [:]
    let rows = WatchedFleet.rowsPerHost(names.count)
    for name in names where places[name] == nil {
      places[name] = hosts.count
      var host =
        placesBefore[name].map { before[$0] } ?? WatchedHost(name: name, rows: rows, zone: zone)
      if placesBefore[name] == nil { host.setFilter(arrangement.filter) }
      hosts.append(host)
    }
    longestName = hosts.lazy.map(\.nameWidth).max() ?? 0
    folds = ([], [], [])
    arrange(afresh: true)
  }

  mutating func take(_ sample: HostSample, at now: Timestamp) {
    guard let place = places[sample.host] else { return }
    if let gap = hosts[place].take(sample, at: now) { noteGap(gap) }
    newestRow = max(newestRow ?? sample.time, sample.time)
    let content = ScrollLine.Content.row(sample.row, cpus: hosts[place].cpus)
    merged.append(ScrollLine(host: sample.host, time: sample.time, content: content))
  }

  mutating func take(_ status: HostStatus) {
    guard let place = places[status.host] else { return }
    let isNews = WatchedFleet.isNews(status, after: hosts[place])
    hosts[place].take(status, isNews: isNews)
    guard isNews else { return }
    merged.append(
      ScrollLine(host: status.host, time: status.since, content: .status(status)))
  }

  mutating func take(_ report: SuspectReport) {
    guard let place = places[report.host] else { return }
    hosts[place].take(report)
  }

  mutating func take(_ activity: HostActivity, at now: Timestamp) {
    guard let place = places[activity.host] else { return }
    hosts[place].take(activity, at: now)
  }

  mutating func take(_ report: HostBurst, at now: Timestamp) {
    guard let place = places[report.host] else { return }
    hosts[place].take(report.burst, at: now)
  }

  mutating func mark(at now: Timestamp) {
    merged.append(ScrollLine(host: "", time: now, content: .mark))
  }

  /// Whether a status earns a line among the rows: not the steps of a connection, nor the first
  /// success, which the rows show by themselves.
  private static func isNews(_ status: HostStatus, after host: WatchedHost) -> Bool {
    guard status.state != host.status.state else { return false }
    switch status.state {
    case .waiting, .connecting: return false
    case .connected: return host.sample != nil
    default: return true
    }
  }

  /// A hole in one host's rows is a line of its own; one in everybody's is one line.
  private mutating func noteGap(_ line: ScrollLine) {
    guard case .gap(let from, let to) = line.content else { return }
    let slack = 3.0
    if let fleetGap, from.elapsed(since: fleetGap.from) >= -slack - 60,
      to.elapsed(since: fleetGap.to) <= slack, to > fleetGap.from
    {
      return
    }
    let isFleetWide = newestRow.map { $0.elapsed(since: from) <= slack } ?? true
    guard hosts.count > 1, isFleetWide else { return merged.append(line) }
    fleetGap = (from, to)
    merged.append(ScrollLine(host: "", time: to, content: line.content))
  }

  mutating func settle(at now: Timestamp) {
    settledAt = now
    for place in hosts.indices { hosts[place].settle(at: now) }
    arrange(afresh: false)
  }

  /// Arranges the table's lines in another way, at once.
  mutating func arrange(_ wanted: Arrangement) {
    guard wanted != arrangement else { return }
    let isNewFilter = wanted.filter != arrangement.filter
    arrangement = wanted
    if isNewFilter {
      filterNumber += 1
      merged.setFilter(wanted.filter)
      for place in hosts.indices { hosts[place].setFilter(wanted.filter) }
    }
    arrange(afresh: true)
  }

  /// In the past: says of each host whose rows end before `moment` that there are none then.
  mutating func endPast(at moment: Timestamp) {
    for place in hosts.indices {
      if let gap = hosts[place].endPast(at: moment) { noteGap(gap) }
    }
    settle(at: moment)
  }

  /// What the filter looks at for a host: its name, its state, its newest figures.
  func text(of host: WatchedHost) -> String {
    guard host.showsFigures, let sample = host.sample else {
      return "\(host.name) \(HostSentence.text(host.status, zone: zone))"
    }
    return LineText.of(host.name, sample.row)
  }

  /// `afresh`: sorted without regard for how the lines stood.
  private mutating func arrange(afresh: Bool) {
    arrangeProcesses()
    let filter = arrangement.filter
    let chosen =
      filter.isEmpty
      ? Array(hosts.indices) : hosts.indices.filter { filter.passes(text(of: hosts[$0])) }
    order = sorted(chosen, afresh: afresh)
    guard arrangement.isFolded else {
      items = order.flatMap(lines)
      return
    }
    let quiet = chosen.filter { hosts[$0].isQuiet }
    let states = quiet.map { hosts[$0].status.state }
    // Folding a thousand names takes a millisecond; mostly the quiet ones are the same.
    if folds.places != quiet || folds.words != states {
      folds = (quiet, states, QuietFold.folds(of: quiet, in: hosts))
    }
    items = order.filter { !hosts[$0].isQuiet }.flatMap(lines) + folds.folds.map { .fold($0) }
  }

  private mutating func arrangeProcesses() {
    guard let order = arrangement.processes, let settledAt else {
      processes = ProcessList()
      return
    }
    processes = ProcessList(
      of: &hosts, order, arrangement.filter, filterNumber: filterNumber, at: settledAt)
  }

  /// A host's line, and those of its tasks in `D`.
  private func lines(_ place: Int) -> [TableItem] {
    let tasks = hosts[place].showsFigures ? hosts[place].suspectCount : 0
    return [.host(place)]
      + (0..<min(tasks, TableItem.suspectsLimit)).map { .suspect(host: place, task: $0) }
  }

  private func sorted(_ chosen: [Int], afresh: Bool) -> [Int] {
    switch arrangement.sort {
    case .trouble:
      return chosen.sorted { left, right in
        let levels = (hosts[left].trouble.level, hosts[right].trouble.level)
        return levels.0 == levels.1 ? left < right : levels.0 > levels.1
      }
    case .name:
      return chosen.sorted { hosts[$0].name < hosts[$1].name }
    default:
      guard let figure = arrangement.sort.figure else { return chosen }
      var levels = [Double](repeating: -1, count: hosts.count)
      for place in chosen { levels[place] = hosts[place].level(of: figure) }
      guard !afresh else {
        return chosen.sorted { levels[$0] == levels[$1] ? $0 < $1 : levels[$0] > levels[$1] }
      }
      return overtaken(chosen, levels)
    }
  }

  /// How much larger a figure must be to pass the one above: what keeps lines from jumping.
  private static let clearlyMore = 1.15

  /// As the lines stood, but for those that are clearly above the one before them.
  private func overtaken(_ chosen: [Int], _ levels: [Double]) -> [Int] {
    var isChosen = [Bool](repeating: false, count: hosts.count)
    for place in chosen { isChosen[place] = true }
    var sorted: [Int] = []
    sorted.reserveCapacity(chosen.count)
    func insert(_ place: Int) {
      var spot = sorted.count
      while spot > 0, levels[place] > levels[sorted[spot - 1]] * WatchedFleet.clearlyMore + 0.5 {
        spot -= 1
      }
      sorted.insert(place, at: spot)
    }
    for place in order where place < isChosen.count && isChosen[place] {
      isChosen[place] = false
      insert(place)
    }
    for place in chosen where isChosen[place] { insert(place) }
    return sorted
  }
}

extension WatchedFleet {
  /// The fleet as a span of the history has it.
  init(_ span: PastSpan, zone: ViewerZone, arrangement: Arrangement) {
    self.init(zone: zone)
    arrange(arrangement)
    setHosts(span.hosts)
    for sample in span.samples where sample.time <= span.at { take(sample, at: sample.time) }
    for report in span.suspects where report.time <= span.at { take(report) }
    for activity in span.activities where activity.time <= span.at {
      take(activity, at: activity.time)
    }
    for burst in span.bursts where burst.burst.start <= span.at {
      take(burst, at: burst.burst.end)
    }
    endPast(at: span.at)
  }
}
