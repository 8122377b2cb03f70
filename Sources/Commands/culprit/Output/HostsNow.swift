import Collector
import History
import Records

/// The hosts of a history as they are now, whoever recorded them last.
struct HostsNow {
  let records: [HostRecord]
  /// Whether a collector is running on it.
  let isCollected: Bool

  init(in store: HistoryStore) throws {
    let isCollected = CollectorLock.holder(of: store.path) != nil
    let records = try store.answering { store throws(HistoryError) in try store.hosts() }
    self.isCollected = isCollected
    self.records = isCollected ? records : records.map(HostsNow.left)
  }

  /// A collector that was killed left its hosts as they were: without one, none is connected.
  private static func left(_ record: HostRecord) -> HostRecord {
    var record = record
    record.status.stop()
    return record
  }
}
