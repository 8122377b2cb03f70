import Records

/// What a row's time says about the stream of rows.
enum StreamStep {
  /// The row follows the one before and covers so many seconds.
  case follows(seconds: Double)
  /// Rows are missing before this one, which covers so many seconds itself.
  case gap(seconds: Double)
  /// Nothing was heard for so long that this is another story.
  case lost
  /// The clock was set back.
  case backwards
  /// The row's time was there already.
  case repeated
}

/// Follows the times of one host's rows: 1 s apart or 60, with gaps and clock steps.
struct StreamClock {
  /// The latest row's time.
  private(set) var latest: Timestamp?
  private var previousStep: Double?
  private var usualStep: Double?

  init(latest: Timestamp? = nil) {
    self.latest = latest
  }

  mutating func advance(to time: Timestamp) -> StreamStep {
    guard let latest else {
      self.latest = time
      return .follows(seconds: Limits.firstRowSeconds)
    }
    // In doubles, since the difference of two times of 64 bits may not fit into 64 bits.
    let step = time.secondsAsDouble - latest.secondsAsDouble
    guard time > latest else {
      guard step < -Limits.backwardsSeconds else { return .repeated }
      self = StreamClock(latest: time)
      return .backwards
    }
    let usual = usualStep ?? min(step, Limits.rowSecondsMax)
    usualStep = min(step, previousStep ?? step)
    previousStep = step
    self.latest = time
    if step > max(Limits.lostSeconds, Limits.gapIntervals * usual) { return .lost }
    if step > max(Limits.gapSeconds, Limits.gapIntervals * usual) {
      return .gap(seconds: min(usual, Limits.rowSecondsMax))
    }
    return .follows(seconds: min(step, Limits.rowSecondsMax))
  }
}

extension Timestamp {
  /// Seconds since the epoch, to a quarter of a microsecond.
  var secondsAsDouble: Double { Double(nanoseconds) / 1e9 }
}

/// The spans of the last closed episodes. Episodes of one host never overlap, so what a clock
/// that was set back tells again about them isn't judged again.
struct CoveredTime {
  private var spans: [ClosedRange<Timestamp>] = []

  mutating func add(_ span: ClosedRange<Timestamp>) {
    if spans.count == Limits.coveredMax { spans.removeFirst() }
    spans.append(span)
  }

  func contains(_ time: Timestamp) -> Bool {
    for span in spans where span.contains(time) { return true }
    return false
  }

  /// Whether a span begins or goes on after `start` and not after `end`.
  func meets(after start: Timestamp, through end: Timestamp) -> Bool {
    for span in spans where span.upperBound > start && span.lowerBound <= end { return true }
    return false
  }
}
