// Hosts may count what they like: sums and conversions of what they say stay within the range.

extension FixedWidthInteger {
  /// The sum; beyond the range, its nearer end.
  public func addingSaturated(_ other: Self) -> Self {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }
}

extension Int64 {
  /// `value` rounded; beyond the range, its nearer end, and 0 for what isn't a number.
  public init(bounding value: Double) {
    let whole = value.rounded()
    self = Int64(exactly: whole) ?? (whole.isNaN ? 0 : whole < 0 ? .min : .max)
  }
}
