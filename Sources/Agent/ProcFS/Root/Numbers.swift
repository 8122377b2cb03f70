import Bytes

extension Span<UInt8> {
  /// The decimal number without sign at `cursor`, blanks before it skipped; `nil` where there is
  /// none, or more than 64 bits, or where the bytes end with it: then it may have been cut.
  @inline(__always)
  public func nextUnsigned(_ cursor: inout Int) -> UInt64? {
    skipBlanks(&cursor)
    let start = cursor
    var value: UInt64 = 0
    while cursor < count {
      let digit = self[cursor] &- UInt8(ascii: "0")
      guard digit <= 9 else { return cursor > start ? value : nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry else { return nil }
      value = sum
      cursor += 1
    }
    return nil
  }

  /// The same with an optional `-`.
  @inline(__always)
  public func nextSigned(_ cursor: inout Int) -> Int64? {
    skipBlanks(&cursor)
    guard cursor < count, self[cursor] == UInt8(ascii: "-") else {
      return nextUnsigned(&cursor).flatMap { Int64(exactly: $0) }
    }
    cursor += 1
    guard cursor < count, self[cursor] &- UInt8(ascii: "0") <= 9 else { return nil }
    return nextUnsigned(&cursor).flatMap { Int64(exactly: $0) }.map { -$0 }
  }

  /// Moves `cursor` past the end of its line; `false` where the bytes end before it.
  @inline(__always)
  public func skipLine(_ cursor: inout Int) -> Bool {
    while cursor < count {
      cursor += 1
      if self[cursor - 1] == UInt8(ascii: "\n") { return true }
    }
    return false
  }

  /// The next line without its end, `nil` at the end of the bytes. The last one may lack its `\n`.
  @inline(__always)
  public func nextLine(_ cursor: inout Int) -> Range<Int>? {
    guard cursor < count else { return nil }
    let start = cursor
    while cursor < count, self[cursor] != UInt8(ascii: "\n") { cursor += 1 }
    let end = cursor
    if cursor < count { cursor += 1 }
    return start..<end
  }

  /// Whether `text` stands at `position`.
  @inline(__always)
  public func holds(_ text: StaticString, at position: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard position >= 0, position <= count - length else { return false }
    return equals(text, in: position..<(position + length))
  }

  /// The first `byte` at or after `start`.
  @inline(__always)
  public func index(of byte: UInt8, from start: Int = 0) -> Int? {
    var index = start
    while index < count {
      if self[index] == byte { return index }
      index += 1
    }
    return nil
  }
}
