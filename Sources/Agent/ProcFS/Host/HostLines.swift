import Bytes

// Cursor functions that the host-wide files share: lines, counters, keys.

extension Span<UInt8> {
  /// The next line without its newline. A last line that has none isn't given: whoever cut it off
  /// may have cut a number too.
  @inlinable
  func nextWholeLine(_ cursor: inout Int) -> Range<Int>? {
    let start = cursor
    var end = start
    while end < count, self[end] != UInt8(ascii: "\n") { end += 1 }
    guard end < count else {
      cursor = count
      return nil
    }
    cursor = end + 1
    return start..<end
  }

  /// The next word as an unsigned decimal number; `nil` where there is none, or it is anything
  /// else, or beyond 64 bits.
  @inlinable
  func nextCounter(_ cursor: inout Int) -> UInt64? {
    skipBlanks(&cursor)
    var value: UInt64 = 0
    let start = cursor
    while cursor < count {
      let digit = self[cursor] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry else { return nil }
      value = sum
      cursor += 1
    }
    guard cursor > start, cursor == count || isBlank(cursor) else { return nil }
    return value
  }

  /// The next word as a hexadecimal number without a prefix.
  @inlinable
  func hexadecimal(in range: Range<Int>) -> UInt32? {
    guard !range.isEmpty, range.count <= 8 else { return nil }
    var value: UInt32 = 0
    for index in range {
      switch self[index] {
      case 0x30...0x39: value = value << 4 | UInt32(self[index] - 0x30)
      case 0x41...0x46: value = value << 4 | UInt32(self[index] - 0x37)
      case 0x61...0x66: value = value << 4 | UInt32(self[index] - 0x57)
      default: return nil
      }
    }
    return value
  }

  @inlinable
  func isBlank(_ index: Int) -> Bool {
    self[index] == UInt8(ascii: " ") || self[index] == UInt8(ascii: "\t")
  }

  /// The first place of `byte` in `range`.
  @inlinable
  func first(_ byte: UInt8, in range: Range<Int>) -> Int? {
    for index in range where self[index] == byte { return index }
    return nil
  }
}
