import Records

/// How often a host's rows come, and so when some are missing: a log written every minute has no
/// holes of a minute.
struct RowPace: Sendable {
  struct Gap {
    let from: Timestamp
    let to: Timestamp
    let missingRows: Int

    func line(of host: String) -> ScrollLine {
      ScrollLine(host: host, time: to, content: .gap(from: from, to: to))
    }
  }

  private var last: Timestamp?
  /// Seconds between two rows, as far as is known.
  private var step: Double?

  /// More than this many steps without a row are a hole.
  static let stepsLimit = 3.0
  static let leastSeconds = 3.0
  /// What is taken for the step before two rows have come.
  static let assumedSeconds = 60.0

  /// The hole before a row of this time, if there is one. Call once for each row.
  mutating func gap(before time: Timestamp) -> Gap? {
    defer { last = time }
    guard let last else { return nil }
    let seconds = time.elapsed(since: last)
    guard seconds > 0 else { return nil }
    let known = step ?? RowPace.assumedSeconds
    guard seconds > max(known * RowPace.stepsLimit, RowPace.leastSeconds) else {
      // A shorter step is believed at once, a longer one by and by.
      step = min(seconds, step.map { max($0, 0.1) * 1.25 } ?? seconds)
      return nil
    }
    let missing = Int(min(1e6, (seconds / max(known, 0.1)).rounded())) - 1
    return Gap(from: last, to: time, missingRows: max(1, missing))
  }
}
