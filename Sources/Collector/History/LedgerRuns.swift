import Records

/// The numbers of a stream that are settled, as runs with the host's times at their ends: what lies
/// between two runs is a gap from the one's last time to the other's first.
///
/// Bounded: a host whose numbers jump about makes a run of each, and gets no further.
struct LedgerRuns {
  struct Run: Equatable {
    var first: UInt64
    var last: UInt64
    /// Nanoseconds; `nil` where none of its frames had a time.
    var firstTime: Int64?
    var lastTime: Int64?
  }

  /// Runs of one stream. One that is filled from its old end while it goes on has two.
  static let limit = 4_096
  /// SQLite's integers go so far.
  static let numbers: ClosedRange<UInt64> = 1...UInt64(Int64.max)

  /// In order, with a number missing between any two.
  private(set) var runs: [Run]

  /// Runs as they were kept.
  init(_ runs: [Run] = []) {
    self.runs = runs
  }

  var set: SequenceSet { SequenceSet(runs.map { $0.first...$0.last }) }

  func contains(_ number: UInt64) -> Bool {
    // Nearly all that comes lies behind the last run.
    guard let last = runs.last, number <= last.last else { return false }
    let place = place(of: number)
    return place < runs.count && runs[place].first <= number
  }

  /// Whether `number` is the next after what is there.
  func isNext(_ number: UInt64) -> Bool { number == (runs.last?.last ?? 0) + 1 }

  enum Outcome { case added, known, refused }

  mutating func insert(_ number: UInt64, time: Int64?) -> Outcome {
    insert(number...number, time: time)
  }

  /// What of `numbers` is new becomes settled.
  mutating func insert(_ numbers: ClosedRange<UInt64>, time: Int64?) -> Outcome {
    guard LedgerRuns.numbers.contains(numbers.lowerBound),
      LedgerRuns.numbers.contains(numbers.upperBound)
    else { return .refused }
    if let last = runs.last, last.last + 1 == numbers.lowerBound {
      runs[runs.count - 1].last = numbers.upperBound
      runs[runs.count - 1].lastTime = time ?? last.lastTime
      if last.firstTime == nil { runs[runs.count - 1].firstTime = time }
      return .added
    }
    return insertAmong(numbers, time)
  }

  private mutating func insertAmong(_ numbers: ClosedRange<UInt64>, _ time: Int64?) -> Outcome {
    // The first run that overlaps or touches it.
    let start = place(of: numbers.lowerBound - 1)
    var new = Run(
      first: numbers.lowerBound, last: numbers.upperBound, firstTime: time, lastTime: time)
    var end = start
    while end < runs.count, runs[end].first <= numbers.upperBound + 1 {
      let run = runs[end]
      if run.first <= new.first, run.last >= new.last { return .known }
      if run.first <= new.first { (new.first, new.firstTime) = (run.first, run.firstTime ?? time) }
      if run.last >= new.last { (new.last, new.lastTime) = (run.last, run.lastTime ?? time) }
      end += 1
    }
    guard end > start || runs.count < LedgerRuns.limit else { return .refused }
    runs.replaceSubrange(start..<end, with: CollectionOfOne(new))
    return .added
  }

  /// The host's times just before and just behind `numbers`, as far as they are known.
  func neighbours(of numbers: ClosedRange<UInt64>) -> (before: Int64?, behind: Int64?) {
    let place = place(of: numbers.lowerBound)
    let before = place > 0 ? runs[place - 1].lastTime : nil
    let behind = runs[place...].first { $0.first > numbers.upperBound }?.firstTime
    return (before, behind)
  }

  /// The first run that ends at `number` or behind it.
  private func place(of number: UInt64) -> Int {
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].last < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
