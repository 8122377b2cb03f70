import History
import Records

/// Watches a history that a collector writes, as if it were the collector: reading only.
public struct HistoryFollower {
  private let store: HistoryStore
  private let hosts: [String]?
  private var cursor = FollowCursor()
  private var known: [String: HostStatus] = [:]

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
    for sample in try store.follow(&cursor, hosts: hosts) { events.append(.sample(sample)) }
    return events
  }
}
