import GRDB
import Records

/// Frames of a host that are gone for good.
public struct FrameGap: Equatable, Sendable {
  public var host: String
  /// The host's times of the frames beside it; `nil` where there are none.
  public var from: Timestamp?
  public var to: Timestamp?
  /// How many frames; most have one tick each.
  public var frames: UInt64
  public var reason: LossReason
  /// When it was found out, on the collector's clock.
  public var noted: Timestamp
}

/// All that a host has lost.
public struct GapTotal: Equatable, Sendable {
  public var gaps: Int
  public var frames: UInt64
  /// Why the newest of them is gone.
  public var lastReason: LossReason
  /// When that was found out, on the collector's clock.
  public var lastNoted: Timestamp
}

extension HistoryStore {
  /// What is settled of these hosts' streams: stored, or known to be gone.
  public func ledgers(hosts: [String]? = nil) throws(HistoryError) -> [StreamLedger] {
    try read { db in
      let wanted = try hosts.map { try ServerTable.ids(of: $0, db) }
      var ledgers: [StreamLedger] = []
      for (id, name) in try ServerTable.names(db) where wanted?.contains(id) ?? true {
        for (stream, entry) in try LedgerTable.streams(of: id, db) {
          ledgers.append(StreamLedger(host: name, stream: stream, settled: entry.runs.set))
        }
      }
      return ledgers
    }
  }

  /// Up to when, on its own clock, streams of a host were forgotten.
  public func forgotten() throws(HistoryError) -> [String: Timestamp] {
    try read { db in
      var marks: [String: Timestamp] = [:]
      let rows = try Row.fetchCursor(
        db, sql: "SELECT name, forgotten_ns FROM server WHERE forgotten_ns IS NOT NULL")
      while let row = try rows.next() { marks[row[0]] = Timestamp(nanoseconds: row[1]) }
      return marks
    }
  }

  /// The gaps that touch the span (both ends included), in order of time. Frames from before a host
  /// was known are none.
  public func gaps(
    hosts: [String]? = nil, from: Timestamp? = nil, to: Timestamp? = nil, limit: Int = 10_000
  ) throws(HistoryError) -> [FrameGap] {
    guard let times = HistoryStore.range(from, to) else { return [] }
    return try read { db in
      let wanted = try hosts.map { try ServerTable.ids(of: $0, db) }
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT stream_gap.*, server.name FROM stream_gap
          JOIN server ON server.id = stream_gap.host
          WHERE coalesce(from_ns, to_ns) <= ? AND coalesce(to_ns, from_ns) >= ? AND reason <> ?
          ORDER BY coalesce(from_ns, to_ns), stream_gap.id
          """, arguments: [times.upperBound, times.lowerBound, LossReason.before.rawValue])
      var gaps: [FrameGap] = []
      while gaps.count < limit, let row = try rows.next() {
        if let wanted, !wanted.contains(row["host"]) { continue }
        gaps.append(HistoryStore.gap(row))
      }
      return gaps
    }
  }

  private static func gap(_ row: Row) -> FrameGap {
    let (from, to): (Int64?, Int64?) = (row["from_ns"], row["to_ns"])
    let (first, last): (Int64, Int64) = (row["first"], row["last"])
    return FrameGap(
      host: row["name"], from: from.map(Timestamp.init(nanoseconds:)),
      to: to.map(Timestamp.init(nanoseconds:)), frames: UInt64(max(0, last - first)) + 1,
      reason: LossReason(rawValue: row["reason"]) ?? .unknown,
      noted: Timestamp(nanoseconds: row["noted_ns"]))
  }

  /// What each host has lost, of those that have.
  public func gapTotals() throws(HistoryError) -> [String: GapTotal] {
    try read { db in
      // SQLite takes the other columns from the row of the maximum
      // (https://www.sqlite.org/lang_select.html#bareagg).
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT name, count(*), total(last - first + 1), reason, noted_ns, max(stream_gap.id)
          FROM stream_gap JOIN server ON server.id = stream_gap.host
          WHERE reason <> ? GROUP BY stream_gap.host
          """, arguments: [LossReason.before.rawValue])
      var totals: [String: GapTotal] = [:]
      while let row = try rows.next() {
        let frames: Double = row[2]
        totals[row[0]] = GapTotal(
          gaps: row[1], frames: frames < 1e18 ? UInt64(max(0, frames)) : UInt64(1e18),
          lastReason: LossReason(rawValue: row[3]) ?? .unknown,
          lastNoted: Timestamp(nanoseconds: row[4]))
      }
      return totals
    }
  }
}
