/// A moment on a host's own clock: nanoseconds since 1970-01-01T00:00:00Z.
///
/// Range: the years 1678 to 2262. History stores it as `time_ns`.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// Whole seconds since the epoch, rounded towards the past.
  public init(seconds: Int64) {
    nanoseconds = seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue
  }

  /// Whole seconds since the epoch, rounded towards the past.
  public var seconds: Int64 {
    let quotient = nanoseconds / 1_000_000_000
    return nanoseconds % 1_000_000_000 < 0 ? quotient - 1 : quotient
  }

  /// Seconds from `earlier` to this moment, negative where this one is the earlier.
  public func seconds(since earlier: Timestamp) -> Double {
    Double(nanoseconds - earlier.nanoseconds) / 1e9
  }

  public func advanced(bySeconds seconds: Double) -> Timestamp {
    Timestamp(nanoseconds: nanoseconds &+ Int64(seconds * 1e9))
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}
