import Bytes
import History
import Records

/// What is missing of a span, for people: gone for good, or still kept by an agent.
enum Gaps {
  /// The gaps of `hosts` (`nil`: all) within the span; a word for each host whose agent still holds
  /// frames: nobody knows of which time before they are here; and one of those whose agents nobody
  /// hears, where the span goes on behind their last row.
  static func lines(
    of hosts: [String]?, from: Timestamp?, to: Timestamp?, in store: HistoryStore,
    zone: ZoneOptions, namesHosts: Bool
  ) throws -> [String] {
    let gaps = try store.answering { store throws(HistoryError) in
      try store.gaps(hosts: hosts, from: from, to: to)
    }
    let records = try HostsNow(in: store).records.filter {
      hosts?.contains($0.status.host) ?? true
    }
    let gone = gaps.map { gap in
      "gap \(place(gap.host, namesHosts))\(span(gap, zone)): gone (\(gap.reason.words))"
    }
    let soft = records.map(\.status).filter { $0.spool?.framesToCome ?? 0 > 0 }
    return gone
      + soft.map { status in
        let frames = status.spool?.framesToCome ?? 0
        return "gap \(place(status.host, namesHosts))to come: its agent holds \(frames) "
          + "frame\(frames == 1 ? "" : "s") that the history doesn't have yet"
      } + unheard(records, to, zone, namesHosts)
  }

  /// Hosts that keep frames of their own and whose agents nobody hears: what came behind their last row
  /// may come still.
  private static func unheard(
    _ records: [HostRecord], _ to: Timestamp?, _ zone: ZoneOptions, _ namesHosts: Bool
  ) -> [String] {
    let those = records.filter { record in
      guard let spool = record.status.spool else { return false }
      return spool.framesToCome == nil
    }
    let away = those.filter { record in
      guard !record.status.state.isHealthy else { return false }
      return to.map { record.lastRow ?? $0 < $0 } ?? true
    }
    var lines: [String] = []
    if !away.isEmpty {
      let first = away.compactMap(\.lastRow).min()
      let from = first.map { "from \(Moments.date($0, zone.timeZone)) on: " } ?? ""
      lines.append(
        "gap \(place(of: away, namesHosts))\(from)not known: nobody is connected, and what the "
          + "agent kept meanwhile is still to come")
    }
    let others = those.filter { $0.status.state.isHealthy }
    if !others.isEmpty {
      lines.append(
        "gap \(place(of: others, namesHosts))not known: rows come through vmstat, and what the agent "
          + "kept meanwhile may still come")
    }
    return lines
  }

  private static func place(of records: [HostRecord], _ isNamed: Bool) -> String {
    isNamed ? "\(HostNames.fold(records.map(\.status.host))) " : ""
  }

  /// Says them behind what a command has found: it may hide where nothing is known. Rows for a
  /// program stay by themselves on standard output.
  static func tell(
    of hosts: [String]?, from: Timestamp?, to: Timestamp?, in store: HistoryStore,
    zone: ZoneOptions, apart: Bool
  ) throws {
    for line in try lines(of: hosts, from: from, to: to, in: store, zone: zone, namesHosts: true) {
      if apart { printError("culprit: \(line)") } else { StandardOutput.write("# \(line)\n") }
    }
  }

  private static func place(_ host: String, _ isNamed: Bool) -> String {
    isNamed ? "\(Printable.text(host)) " : ""
  }

  private static func span(_ gap: FrameGap, _ zone: ZoneOptions) -> String {
    switch (gap.from, gap.to) {
    case (let from?, let to?):
      "\(Moments.date(from, zone.timeZone)) to \(Moments.clock(to, zone.timeZone))"
    case (let from?, nil): "from \(Moments.date(from, zone.timeZone)) on"
    case (nil, let to?): "before \(Moments.date(to, zone.timeZone))"
    case (nil, nil): "at an unknown time"
    }
  }
}
