import Diagnosis
import History
import Records

/// The suspects of a span of one host, out of the history.
public enum SpanSuspects {
  /// The processes that were seen to wait during the span, the most often seen first. Looks just
  /// beside it count, for one is kept every ten seconds only.
  public static func ranked(
    of host: String, from: Timestamp, to: Timestamp, in store: HistoryStore
  ) throws(HistoryError) -> [RankedSuspect] {
    let margin = SuspectQuestion.leastSeconds
    return SuspectRanking.ranked(
      try store.suspects(
        hosts: [host], from: from.advanced(bySeconds: -margin), to: to.advanced(bySeconds: margin)))
  }
}
