import Bytes
import Diagnosis
import History
import Records

/// Finds the episodes of spans anew, from the rows that are stored: of what was imported, and of
/// what came out of a spool.
public struct SpanDiagnosis {
  /// How far around a span episodes are looked for anew: one that reaches into it from rows stored
  /// earlier is told as one.
  static let marginSeconds = 900.0
  /// Rows from before an episode, for its detector to see how it began.
  private static let leadSeconds = 60.0

  /// A stretch of one host's rows.
  struct Span: Equatable {
    var host: String
    var from: Timestamp
    var to: Timestamp
  }

  private let store: HistoryStore

  public init(store: HistoryStore) {
    self.store = store
  }

  /// Finds the episodes of the rows from `first` to `last`, which may touch rows that were there
  /// before, and puts them in place of those found earlier.
  public func diagnose(host: String, from first: Timestamp, to last: Timestamp) throws {
    try diagnose([Span(host: host, from: first, to: last)])
  }

  /// The same for one span each of several hosts, whose rows are read in one go.
  ///
  /// An episode that is open is its detector's: rows from its beginning on are left alone. Returns
  /// the spans that reach to one, to be looked at again when it has ended.
  @discardableResult
  func diagnose(_ spans: [Span]) throws -> [Span] {
    var works: [String: Work] = [:]
    var touching: [Span] = []
    for span in spans {
      let (work, isCut) = try work(for: span)
      if isCut { touching.append(span) }
      if let work { works[span.host] = work }
    }
    guard let from = works.values.map(\.from).min(), let to = works.values.map(\.to).max() else {
      return touching
    }
    try store.forEachSample(hosts: Array(works.keys), from: from, to: to, limit: nil) { sample in
      works[sample.host]?.feed(sample)
      return true
    }
    for (host, var work) in works {
      try store.replaceEpisodes(host: host, from: work.from, to: work.to, with: work.finish())
    }
    return touching
  }

  /// What is to be read for a span; `nil` where an open episode covers all of it.
  private func work(for span: Span) throws -> (work: Work?, isCut: Bool) {
    var from = span.from.advanced(bySeconds: -Self.marginSeconds)
    var to = span.to.advanced(bySeconds: Self.marginSeconds)
    var isCut = false
    // An episode that reaches into the span is found anew as a whole.
    for episode in try store.episodes(hosts: [span.host], from: from, to: to, kinds: nil) {
      if episode.isOpen {
        isCut = true
        to = min(to, Timestamp(nanoseconds: episode.start.nanoseconds.addingSaturated(-1)))
      } else {
        from = min(from, episode.start.advanced(bySeconds: -Self.leadSeconds))
      }
    }
    return (from <= to ? Work(host: span.host, from: from, to: to) : nil, isCut)
  }

  private struct Work {
    var from: Timestamp
    var to: Timestamp
    private var detector: EpisodeDetector
    private var found: [Int64: Episode] = [:]

    init(host: String, from: Timestamp, to: Timestamp) {
      (self.from, self.to) = (from, to)
      detector = EpisodeDetector(host: host)
    }

    mutating func feed(_ sample: HostSample) {
      guard sample.time >= from, sample.time <= to else { return }
      for episode in detector.feed(sample) { found[episode.start.nanoseconds] = episode }
    }

    mutating func finish() -> [Episode] {
      if let last = detector.finish() { found[last.start.nanoseconds] = last }
      return found.values.sorted { $0.start < $1.start }
    }
  }
}
