/// A moment on a host's own clock: nanoseconds since 1970-01-01T00:00:00Z.
///
/// Range: the years 1678 to 2262. History stores it as `time_ns`.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// `seconds` since the epoch; what lies out of range becomes its end.
  public init(seconds: Int64) {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    nanoseconds = overflow ? (seconds < 0 ? .min : .max) : product
  }

  /// Whole seconds since the epoch, rounded towards the past.
  public var seconds: Int64 {
    let quotient = nanoseconds / 1_000_000_000
    return nanoseconds % 1_000_000_000 < 0 ? quotient - 1 : quotient
  }

  /// Seconds from `earlier` to this moment, negative where this one is the earlier.
  public func seconds(since earlier: Timestamp) -> Double {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    // Hosts' clocks may be centuries apart; then a second more or less doesn't matter.
    return overflow
      ? Double(nanoseconds) / 1e9 - Double(earlier.nanoseconds) / 1e9 : Double(difference) / 1e9
  }

  /// The moment `seconds` later; what lies out of range becomes its end, and not-a-number is no
  /// step at all.
  public func advanced(bySeconds seconds: Double) -> Timestamp {
    let step = seconds * 1e9
    let nanosecondStep =
      Int64(exactly: step.rounded(.towardZero)) ?? (step > 0 ? .max : step < 0 ? .min : 0)
    let (sum, overflow) = nanoseconds.addingReportingOverflow(nanosecondStep)
    return Timestamp(nanoseconds: overflow ? (nanosecondStep < 0 ? .min : .max) : sum)
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}
