// Numbers on the wire: LEB128 (seven bits a byte, the low ones first, the high bit set on all but
// the last), and fixed ones, the low byte first.

extension Array<UInt8> {
  /// Appends `value` as LEB128: 1 to 10 bytes.
  @inlinable
  public mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends the bytes of `value`, the low one first.
  @inlinable
  public mutating func appendLittleEndian(_ value: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}

extension Span<UInt8> {
  /// The LEB128 number at `cursor`, which moves past it; `nil` where the bytes end inside it or
  /// it has more than 64 bits.
  @inlinable
  public func varint(_ cursor: inout Int) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while cursor < count {
      let byte = self[cursor]
      cursor += 1
      // The tenth byte holds the 64th bit and no other.
      guard shift < 63 || byte <= 1 else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    return nil
  }

  /// The number in the next bytes, the low one first; `cursor` moves past it. `nil` where too few
  /// are left.
  @inlinable
  public func littleEndian<Number: FixedWidthInteger & UnsignedInteger>(
    _ type: Number.Type, _ cursor: inout Int
  ) -> Number? {
    let size = Number.bitWidth / 8
    guard cursor >= 0, count - cursor >= size else { return nil }
    var value: Number = 0
    for offset in 0..<size {
      value |= Number(truncatingIfNeeded: self[cursor + offset]) << (offset * 8)
    }
    cursor += size
    return value
  }
}

/// Signed numbers as unsigned ones that are small where the signed one is near 0:
/// 0, -1, 1, -2, … become 0, 1, 2, 3, …
public enum ZigZag {
  @inlinable
  public static func encode(_ value: Int64) -> UInt64 {
    UInt64(bitPattern: value << 1 ^ value >> 63)
  }

  @inlinable
  public static func decode(_ value: UInt64) -> Int64 {
    Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}
