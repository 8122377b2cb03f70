import Foundation
import History
import Records

/// The traces of a host that were made within a time, for people: a line each, and how to see more.
enum TraceLines {
  /// More of one spike nobody reads here.
  private static let limit = 5

  static func of(
    _ host: String, from: Timestamp, to: Timestamp, in store: HistoryStore, _ zone: TimeZone
  ) throws -> [String] {
    let traces = try store.answering { store throws(HistoryError) in
      try store.traces(hosts: [host], from: from, to: to, limit: limit)
    }
    return traces.map { trace in
      "trace \(trace.number) at \(Moments.clock(trace.time, zone)): \(trace.attached) traced, "
        + "first \(trace.firstWords); culprit traces show \(trace.number)"
    }
  }
}
