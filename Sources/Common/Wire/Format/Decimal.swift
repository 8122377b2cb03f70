import Bytes

/// A `Double` on the wire, exact to the bit: as thousandths (zig-zag, times 2) where it is a whole
/// number of them, as load averages are; otherwise a 1 and its eight bytes.
enum Decimal {
  private static let scale = 1000.0
  /// Below it thousandths are exact in a `Double` and fit the number.
  private static let bound = 1e12

  static func append(_ value: Double, to bytes: inout [UInt8]) {
    if let thousandths = thousandths(value) {
      bytes.appendVarint(ZigZag.encode(thousandths) << 1)
    } else {
      bytes.append(1)
      bytes.appendLittleEndian(value.bitPattern)
    }
  }

  static func read(_ bytes: Span<UInt8>, _ cursor: inout Int) -> Double? {
    guard let number = bytes.varint(&cursor) else { return nil }
    if number & 1 == 0 { return Double(ZigZag.decode(number >> 1)) / scale }
    guard number == 1, let pattern = bytes.littleEndian(UInt64.self, &cursor) else { return nil }
    return Double(bitPattern: pattern)
  }

  private static func thousandths(_ value: Double) -> Int64? {
    // Not-a-number fails the comparison.
    guard value.magnitude < bound else { return nil }
    let whole = Int64((value * scale).rounded())
    // By the pattern, so that -0 stays what it is.
    return (Double(whole) / scale).bitPattern == value.bitPattern ? whole : nil
  }
}
