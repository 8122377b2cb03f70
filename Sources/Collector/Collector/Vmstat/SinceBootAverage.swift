import Records

/// Tells whether a row that follows a header in the middle of a log may be an average since
/// boot: a new run's first row, which must never be stored.
///
/// If it is one, then it has grown out of the last run's average and of what that run did since:
/// in every column it lies between the two, at the same share of the way. The share is the
/// uptime before that run, over the uptime now.
struct SinceBootAverage {
  private static let rates: [VmstatColumn] = [.si, .so, .bi, .bo, .in, .cs]
  private static let percentages: [VmstatColumn] = [.us, .sy, .id, .wa]

  private let first: VmstatRow
  private var sums = InlineArray<18, Double>(repeating: 0)
  private var rows = 0.0

  /// `first`: the average since boot that the last run began with.
  init(first: VmstatRow) {
    self.first = first
  }

  /// Counts a sample of the run.
  mutating func add(_ row: VmstatRow) {
    rows += 1
    for column in SinceBootAverage.rates { add(column, row) }
    for column in SinceBootAverage.percentages { add(column, row) }
  }

  /// Whether `row` may be the next run's average. `leastShare`: uptime before the last run began,
  /// over the uptime now, that is thought possible; 0 allows a run as old as the host, and takes
  /// a host that does the same all the time for one.
  func mayBecome(_ row: VmstatRow, leastShare: Double) -> Bool {
    var low = leastShare
    var high = 1.0
    for column in SinceBootAverage.rates {
      narrow(&low, &high, column, row, slack: 0.02)
    }
    for column in SinceBootAverage.percentages {
      narrow(&low, &high, column, row, slack: 0)
    }
    return low <= high
  }

  private mutating func add(_ column: VmstatColumn, _ row: VmstatRow) {
    guard let value = row[column] else { return }
    sums[Int(column.rawValue)] += Double(value)
  }

  /// Narrows the shares to those at which `column` fits, rounding allowed for.
  private func narrow(
    _ low: inout Double, _ high: inout Double, _ column: VmstatColumn, _ row: VmstatRow,
    slack: Double
  ) {
    guard let start = first[column].map(Double.init), let value = row[column].map(Double.init)
    else { return }
    let mean = rows > 0 ? sums[Int(column.rawValue)] / rows : start
    let tolerance = 1.5 + slack * max(start, mean)
    let span = start - mean
    guard abs(span) > 0.01 else {
      if abs(value - mean) > tolerance { high = -1 }
      return
    }
    let one = (value - mean - tolerance) / span
    let other = (value - mean + tolerance) / span
    low = max(low, min(one, other))
    high = min(high, max(one, other))
  }
}
