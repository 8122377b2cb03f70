import GRDB
import Records

extension HistoryStore {
  /// Most rows that one call of `follow` looks at; what is left comes with the next call.
  static let followRows = 50_000
  /// Most rows handed over of a host that is new, or whose clock went back.
  private static let followBehindRows: Int64 = 100
  /// How long after the last row seen the rows are looked for that came before a clock went back.
  private static let followOverlapNanoseconds: Int64 = 60_000_000_000

  /// The live rows that arrived since the last call with this cursor, in order of time: for a
  /// watcher that asks once a second beside the collector that writes. The first call returns
  /// each host's newest row. Imported logs are not followed.
  ///
  /// It goes by each host's own clock, so hosts whose clocks differ by hours or go back are
  /// followed like any other. Hosts without news cost nothing.
  public func follow(
    _ cursor: inout FollowCursor, hosts: [String]? = nil
  ) throws(HistoryError) -> [HostSample] {
    var places = cursor.places
    let hasStarted = cursor.hasStarted
    let samples = try read { db in
      let wanted = try hosts.map { try ServerTable.ids(of: $0, db) }
      var samples: [HostSample] = []
      var ahead: [FollowSpan] = []
      for (host, arrived, last) in try counters(db) where wanted?.contains(host) ?? true {
        if let place = places[host] {
          guard let span = FollowSpan(host: host, arrived: arrived, last: last, since: place)
          else { continue }
          guard span.isBehind else {
            ahead.append(span)
            continue
          }
          let news = min(arrived - place.arrived, HistoryStore.followBehindRows)
          samples += try behind(span, Int(max(0, news)), db)
        } else {
          samples +=
            hasStarted
            ? try newest(
              Int(min(arrived, HistoryStore.followBehindRows)), of: host, in: .min...last, db)
            : try newest(1, of: host, in: last...last, db)
        }
        places[host] = FollowCursor.Place(time: last, arrived: arrived)
      }
      samples += try rows(of: ahead, &places, db)
      return samples.sorted { $0.time < $1.time }
    }
    cursor.places = places
    cursor.hasStarted = true
    return samples
  }

  private func counters(_ db: Database) throws -> [(host: Int64, arrived: Int64, last: Int64)] {
    let rows = try BoundStatement("SELECT host, arrived, last_ns FROM server_rows", db)
    var counters: [(host: Int64, arrived: Int64, last: Int64)] = []
    while try rows.step() {
      counters.append((rows.integer(0), rows.integer(1), rows.integer(2)))
    }
    return counters
  }

  /// The host's newest live rows in the span of time. Looked for among a bounded number of rows:
  /// they lie at its end, unless other hosts' clocks are far ahead.
  private func newest(
    _ count: Int, of host: Int64, in times: ClosedRange<Int64>, _ db: Database
  ) throws -> [HostSample] {
    guard count > 0 else { return [] }
    var samples: [HostSample] = []
    var scan = TickScan(
      times: times, direction: .newestFirst, pieceRows: HistoryStore.followRows)
    let name = try name(of: host, db)
    try scan.next(db) { key, rows in
      guard key.host == host, let sample = TickTable.sample(rows, host: name) else { return true }
      if sample.source.isLive { samples.append(sample) }
      return samples.count < count
    }
    return samples
  }

  /// The news of a host whose clock went back: what it sent before that, then what it sent since.
  private func behind(
    _ span: FollowSpan, _ count: Int, _ db: Database
  ) throws -> [HostSample] {
    let (end, overflow) = span.seen.addingReportingOverflow(HistoryStore.followOverlapNanoseconds)
    let before =
      overflow ? [] : try newest(count, of: span.host, in: (span.seen + 1)...end, db)
    return before
      + (try newest(count - before.count, of: span.host, in: .min...span.last, db))
  }

  private func rows(
    of spans: [FollowSpan], _ places: inout [Int64: FollowCursor.Place], _ db: Database
  ) throws -> [HostSample] {
    let byHost = Dictionary(uniqueKeysWithValues: spans.map { ($0.host, $0) })
    var samples: [HostSample] = []
    var budget = HistoryStore.followRows
    for range in FollowSpan.ranges(spans) where budget > 0 {
      var scan = TickScan(times: range, pieceRows: budget)
      try scan.next(db) { key, rows in
        budget -= 1
        guard let span = byHost[key.host], key.time > span.seen, key.time <= span.last,
          let sample = TickTable.sample(rows, host: try name(of: key.host, db))
        else { return true }
        if sample.source.isLive { samples.append(sample) }
        places[key.host]?.time = key.time
        return true
      }
      // Where the budget ended the scan, its last moment may have more rows.
      let through = budget > 0 ? range.upperBound : scan.position.time - 1
      for span in spans where range.contains(span.last) {
        advance(&places, span, through: through)
      }
    }
    return samples
  }

  /// All rows of the span through that moment were looked at. Only when that is its end does the
  /// counter move too, so that otherwise the next call goes on from there.
  private func advance(
    _ places: inout [Int64: FollowCursor.Place], _ span: FollowSpan, through time: Int64
  ) {
    if time >= span.last {
      places[span.host] = FollowCursor.Place(time: span.last, arrived: span.arrived)
    } else if let place = places[span.host], time > place.time {
      places[span.host]?.time = time
    }
  }
}
