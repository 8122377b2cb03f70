import Bytes
import History
import Records

/// What is missing of a span, for people: gone for good, or still kept by an agent.
enum Gaps {
  /// The gaps of `hosts` (`nil`: all) within the span, and a word for each host whose agent still
  /// holds frames: nobody knows of which time before they are here.
  static func lines(
    of hosts: [String]?, from: Timestamp?, to: Timestamp?, in store: HistoryStore,
    zone: ZoneOptions, namesHosts: Bool
  ) throws -> [String] {
    let (gaps, records) = try store.answering { store throws(HistoryError) in
      (try store.gaps(hosts: hosts, from: from, to: to), try store.hosts())
    }
    let gone = gaps.map { gap in
      "gap \(place(gap.host, namesHosts))\(span(gap, zone)): gone (\(gap.reason.words))"
    }
    let soft = records.map(\.status).filter {
      $0.spool?.framesToCome ?? 0 > 0 && hosts?.contains($0.host) ?? true
    }
    return gone
      + soft.map { status in
        let frames = status.spool?.framesToCome ?? 0
        return "gap \(place(status.host, namesHosts))to come: its agent holds \(frames) "
          + "frame\(frames == 1 ? "" : "s") that the history doesn't have yet"
      }
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
