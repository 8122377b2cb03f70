import History
import Records

/// Watches a history that a collector writes, as if it were the collector: reading only.
public struct HistoryFollower {
  private let store: HistoryStore
  private let hosts: [String]?
  private var cursor = FollowCursor()
  private var known: [String: HostStatus] = [:]
  /// The time of each host's newest look that was handed over.
  private var seen: [String: Timestamp] = [:]
  /// How far from a row the look may lie that it called for: ps takes its time.
  private static let lookSeconds = 15.0
  /// Hosts whose rows lie this close together are asked for at once.
  private static let nearSeconds = 60.0

  /// `hosts`: the ones to follow; `nil` for all.
  public init(store: HistoryStore, hosts: [String]?) {
    self.store = store
    self.hosts = hosts
  }

  /// What has been written since the last call; at the first, the newest state of each host.
  public mutating func poll() throws(HistoryError) -> [FleetEvent] {
    var events: [FleetEvent] = []
    for record in try store.hosts() {
      let status = record.status
      guard hosts?.contains(status.host) ?? true, known[status.host] != status else { continue }
      known[status.host] = status
      events.append(.status(status))
    }
    var blocked: [String: Timestamp] = [:]
    for sample in try store.follow(&cursor, hosts: hosts) {
      events.append(.sample(sample))
      if sample.row[.b] ?? 0 > 0 || sample.load != nil { blocked[sample.host] = sample.time }
    }
    return try events + suspects(of: blocked)
  }

  /// The looks at tasks in `D` that are new, of hosts whose rows may have called for one.
  private mutating func suspects(
    of hosts: [String: Timestamp]
  ) throws(HistoryError) -> [FleetEvent] {
    var events: [FleetEvent] = []
    // Clocks that are far apart are asked for one by one: between them may lie days.
    let newest = hosts.values.max() ?? .now
    let near = hosts.filter { newest.seconds(since: $0.value) < Self.nearSeconds }
    let groups = [near] + hosts.filter { near[$0.key] == nil }.map { [$0.key: $0.value] }
    for group in groups {
      events += try suspects(within: group)
    }
    return events
  }

  private mutating func suspects(
    within hosts: [String: Timestamp]
  ) throws(HistoryError) -> [FleetEvent] {
    guard let first = hosts.values.min(), let last = hosts.values.max() else { return [] }
    var events: [FleetEvent] = []
    for report in try store.suspects(
      hosts: Array(hosts.keys), from: first.advanced(bySeconds: -Self.lookSeconds),
      to: last.advanced(bySeconds: Self.lookSeconds))
    {
      guard seen[report.host].map({ $0 < report.time }) ?? true else { continue }
      seen[report.host] = report.time
      events.append(.suspects(report))
    }
    return events
  }
}
