import Records

/// What one run of retention deleted; also a row of the view `retention`.
public struct RetentionReport: Equatable, Sendable {
  public var rowsDeleted: Int64 = 0
  public var episodesDeleted: Int64 = 0
  /// The times of the rows deleted, on their hosts' clocks: what the history has lost.
  public var first: Timestamp?
  public var last: Timestamp?
  /// Bytes of the database and its write-ahead log on disk.
  public var bytesBefore: Int64 = 0
  public var bytesAfter: Int64 = 0
  var reasons: [String] = []

  public init() {}

  public var hasDeleted: Bool { rowsDeleted > 0 || episodesDeleted > 0 }

  mutating func add(_ times: ClosedRange<Int64>, rows: Int64) {
    rowsDeleted += rows
    let (low, high) = (
      Timestamp(nanoseconds: times.lowerBound), Timestamp(nanoseconds: times.upperBound)
    )
    first = min(first ?? low, low)
    last = max(last ?? high, high)
  }

  mutating func note(_ reason: String) {
    if reasons.last != reason { reasons.append(reason) }
  }
}

/// The hosts' clocks as retention sees them: whose rows lie elsewhere in the table than their age.
///
/// A clock that is off by little compared to what is kept doesn't matter. One that is years off
/// does: rows that look ancient or lie in the future. The offset that the collector measured says
/// how old they really are.
struct ClockOffsets {
  /// Offsets below this never matter, and below a quarter of what is kept.
  private static let tolerance: Int64 = 86_400 * 1_000_000_000
  /// Rows further in the future than this were written by a clock that is right again.
  static let strayNanoseconds: Int64 = tolerance

  /// Host number → nanoseconds that its clock is ahead, of those that are far off.
  let farOff: [Int64: Int64]

  init(_ measured: [Int64: Double], keepSeconds: Int64?) {
    let quarter = (keepSeconds ?? .max) / 4
    let limit = min(Double(Self.tolerance) / 1e9, Double(quarter))
    farOff = measured.filter { abs($0.value) > limit && abs($0.value) < 9e9 }
      .mapValues { Int64($0 * 1e9) }
  }

  var hosts: [Int64] { farOff.keys.sorted() }

  /// The moment on the host's clock that is `moment` on the collector's.
  func onClock(of host: Int64, _ moment: Int64) -> Int64 {
    let (sum, overflow) = moment.addingReportingOverflow(farOff[host] ?? 0)
    return overflow ? (moment > 0 ? .max : .min) : sum
  }
}

/// Up to where a host whose clock is far off has no rows left, so that each run looks only at what
/// came since: its rows stand among everybody else's. Kept in memory only: after a restart the
/// first run looks at all of them once.
typealias RetentionProgress = [Int64: Int64]
