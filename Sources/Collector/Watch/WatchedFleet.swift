import Records

/// A line of the merged scroll.
struct MergedLine: Sendable {
  enum Content: Sendable {
    case row(VmstatRow, cpus: Int?)
    /// The host's connection changed its state.
    case status(HostStatus)
  }

  let host: String
  let time: Timestamp
  let content: Content
}

/// Everything that is known of the hosts, and nothing of the screen: a copy of it is what a
/// frozen screen shows.
struct WatchedFleet: Sendable {
  private(set) var hosts: [WatchedHost] = []
  /// Places in `hosts`, worst first. It changes on ticks only.
  private(set) var order: [Int] = []
  private(set) var merged = RecentValues<MergedLine>(capacity: mergedCapacity)
  /// Cells of the longest name.
  private(set) var longestName = 0
  private var places: [String: Int] = [:]

  /// Most lines of the merged scroll, of all hosts together.
  static let mergedCapacity = 5000

  subscript(host name: String) -> WatchedHost? { places[name].map { hosts[$0] } }

  /// The hosts in the order of the table.
  var ordered: [WatchedHost] { order.map { hosts[$0] } }

  mutating func setHosts(_ names: [String]) {
    let before = hosts
    let placesBefore = places
    hosts = []
    places = [:]
    for name in names where places[name] == nil {
      places[name] = hosts.count
      hosts.append(placesBefore[name].map { before[$0] } ?? WatchedHost(name: name))
    }
    longestName = hosts.lazy.map(\.nameWidth).max() ?? 0
    sort()
  }

  mutating func take(_ sample: HostSample, at now: Timestamp) {
    guard let place = places[sample.host] else { return }
    hosts[place].take(sample, at: now)
    let content = MergedLine.Content.row(sample.row, cpus: hosts[place].cpus)
    merged.append(MergedLine(host: sample.host, time: sample.time, content: content))
  }

  mutating func take(_ status: HostStatus) {
    guard let place = places[status.host] else { return }
    let isNews = WatchedFleet.isNews(status, after: hosts[place])
    hosts[place].take(status)
    guard isNews else { return }
    merged.append(
      MergedLine(host: status.host, time: status.since, content: .status(status)))
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

  mutating func settle(at now: Timestamp) {
    for place in hosts.indices { hosts[place].settle(at: now) }
    sort()
  }

  private mutating func sort() {
    order = hosts.indices.sorted { left, right in
      let levels = (hosts[left].trouble.level, hosts[right].trouble.level)
      return levels.0 == levels.1 ? left < right : levels.0 > levels.1
    }
  }
}
