import Collector
import History
import Records

/// The suspects of a spike or a span, for people.
enum Suspects {
  /// Most that are listed under a spike.
  static let shown = 3

  /// The processes of `host` that were seen to wait during the span, the most often seen first.
  static func ranked(
    of host: String, from: Timestamp, to: Timestamp, in store: HistoryStore
  ) throws -> [RankedSuspect] {
    try store.answering { store throws(HistoryError) in
      try SpanSuspects.ranked(of: host, from: from, to: to, in: store)
    }
  }

  static func line(_ suspect: RankedSuspect) -> String {
    let how = suspect.isUninterruptible ? "in D" : "waiting"
    var text = "suspect \(suspect.pid) \(suspect.user) \(suspect.command): \(how) in "
    text += suspect.sightings == 1 ? "one look" : "\(suspect.sightings) looks"
    if suspect.threads > 1 { text += ", up to \(suspect.threads) threads" }
    if let reason = suspect.waitReasons.first {
      text += ", for \(reason)"
    } else if let channel = suspect.waitChannels.first {
      text += ", waiting in \(channel)"
    }
    if let seconds = suspect.waitSeconds, seconds >= 1 {
      text += ", up to \(Moments.span(seconds)) long"
    }
    return text
  }
}
