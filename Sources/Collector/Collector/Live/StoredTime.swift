import History
import Records

/// The time of which a host's rows were stored already as they came: what an agent kept of it meanwhile,
/// for nobody had asked it then, would tell the same again.
struct StoredTime {
  enum Extent {
    /// vmstat's rows: what an agent says besides is news.
    case rows
    /// All that an agent says, by another one, which kept nothing.
    case all
  }

  private struct Span {
    var from: Timestamp
    var to: Timestamp
    var extent: Extent
  }

  /// The newest are kept.
  private static let limit = 256
  /// A row is of the second before it.
  private static let tolerance = 0.5
  private var spans: [Span] = []

  /// A row came.
  ///
  /// - Parameter interval: seconds between rows; where two are further apart, what lies between them
  ///   wasn't covered.
  mutating func note(_ time: Timestamp, _ extent: Extent, interval: Double) {
    if let last = spans.last, last.extent == extent {
      let pause = time.seconds(since: last.to)
      if pause >= 0, pause <= 2 * interval {
        spans[spans.count - 1].to = time
        return
      }
    }
    if spans.count >= StoredTime.limit { spans.removeFirst() }
    spans.append(Span(from: time, to: time, extent: extent))
  }

  mutating func add(_ other: StoredTime) {
    spans = Array((spans + other.spans).suffix(StoredTime.limit))
  }

  func extent(at time: Timestamp) -> Extent? {
    var found: Extent?
    for span in spans
    where time.seconds(since: span.from) >= -StoredTime.tolerance
      && span.to.seconds(since: time) >= -StoredTime.tolerance
    {
      if span.extent == .all { return .all }
      found = span.extent
    }
    return found
  }

  /// What of a late frame isn't stored yet.
  func news(of delivery: FrameDelivery) -> FrameDelivery {
    guard !delivery.isLive, let time = delivery.time, let extent = extent(at: time) else {
      return delivery
    }
    var news = delivery
    news.sample = nil
    if extent == .all { (news.suspects, news.activity) = (nil, nil) }
    return news
  }
}
