import GRDB
import Records

extension HistoryStore {
  /// The hosts' parts of traces that overlap the span (both ends included), by their numbers; of more
  /// than `limit` the newest.
  public func traces(
    hosts: [String]? = nil, from: Timestamp? = nil, to: Timestamp? = nil, limit: Int = 10_000
  ) throws(HistoryError) -> [PastTrace] {
    guard let times = HistoryStore.range(from, to) else { return [] }
    return try read { db in
      let ids = try hosts.map { try ServerTable.ids(of: $0, db) }
      return try TraceTable.overlapping(times, hosts: ids, limit: limit, db)
    }
  }

  /// The hosts' parts of one trace, as whoever recorded it encoded them; empty where there is no such
  /// trace (any more).
  public func encodedTrace(
    _ number: Int64
  ) throws(HistoryError) -> [(host: String, encoded: [UInt8])] {
    try read { db in try TraceTable.encoded(number, db) }
  }
}
