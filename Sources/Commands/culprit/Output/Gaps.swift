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

  /// Hosts that keep frames of their own and are not connected: what came behind their last row may
  /// come still.
  private static func unheard(
    _ records: [HostRecord], _ to: Timestamp?, _ zone: ZoneOptions, _ namesHosts: Bool
  ) -> [String] {
    let those = records.filter { record in
      guard let spool = record.status.spool, spool.framesToCome == nil else { return false }
      guard let to, let lastRow = record.lastRow else { return true }
      return lastRow < to
    }
    guard let first = those.compactMap(\.lastRow).min() else { return [] }
    let place = namesHosts ? "\(HostNames.fold(those.map(\.status.host))) " : ""
    let (it, agent) = those.count == 1 ? ("it", "its agent keeps") : ("they", "their agents keep")
    return [
      "gap \(place)from \(Moments.date(first, zone.timeZone)) on: not known, \(it) "
        + "\(those.count == 1 ? "isn't" : "aren't") connected; what \(agent) meanwhile comes when "
        + "\(it) \(those.count == 1 ? "is" : "are")"
    ]
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
