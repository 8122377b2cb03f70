/// A set of sequence numbers, kept as the few runs that they make: what a collector has of a
/// stream.
public struct SequenceSet: Equatable, Sendable {
  /// In order, with a number missing between any two.
  public private(set) var runs: [ClosedRange<UInt64>] = []

  public init() {}

  public init(_ runs: some Sequence<ClosedRange<UInt64>>) {
    for run in runs { insert(run) }
  }

  public var isEmpty: Bool { runs.isEmpty }
  public var first: UInt64? { runs.first?.lowerBound }
  public var last: UInt64? { runs.last?.upperBound }

  /// How many numbers there are; `UInt64.max` where there are more.
  public var count: UInt64 { runs.reduce(0) { SequenceSet.sum($0, SequenceSet.count($1)) } }

  /// How many numbers a run has; `UInt64.max` where there are more.
  public static func count(_ run: ClosedRange<UInt64>) -> UInt64 {
    sum(run.upperBound - run.lowerBound, 1)
  }

  private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }

  public func contains(_ number: UInt64) -> Bool {
    let place = place(of: number)
    return place < runs.count && runs[place].contains(number)
  }

  /// Whether `number` is new.
  @discardableResult
  public mutating func insert(_ number: UInt64) -> Bool {
    // What comes in order, as nearly all does, makes the last run longer.
    if let last = runs.last, last.upperBound < number {
      if last.upperBound + 1 == number {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
      return true
    }
    guard !contains(number) else { return false }
    insert(number...number)
    return true
  }

  public mutating func insert(_ run: ClosedRange<UInt64>) {
    var (low, high) = (run.lowerBound, run.upperBound)
    // The first that overlaps or touches it.
    let start = place(of: low == 0 ? 0 : low - 1)
    var end = start
    while end < runs.count, high == .max || runs[end].lowerBound <= high + 1 {
      low = min(low, runs[end].lowerBound)
      high = max(high, runs[end].upperBound)
      end += 1
    }
    runs.replaceSubrange(start..<end, with: CollectionOfOne(low...high))
  }

  /// What of `run` isn't there, in order.
  public func missing(in run: ClosedRange<UInt64>) -> [ClosedRange<UInt64>] {
    var holes: [ClosedRange<UInt64>] = []
    var next = run.lowerBound
    var place = place(of: next)
    while place < runs.count, runs[place].lowerBound <= run.upperBound {
      if runs[place].lowerBound > next { holes.append(next...(runs[place].lowerBound - 1)) }
      guard runs[place].upperBound < run.upperBound else { return holes }
      next = runs[place].upperBound + 1
      place += 1
    }
    holes.append(next...run.upperBound)
    return holes
  }

  /// The first run that ends at `number` or behind it.
  private func place(of number: UInt64) -> Int {
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].upperBound < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
