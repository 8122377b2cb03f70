// Parsing functions over bytes: each reads at `cursor` and moves it past what it read.
// They allocate nothing, so that the steady path of agent and collector doesn't either.

extension Span<UInt8> {
  /// Moves `cursor` past spaces and tabs.
  @inlinable
  public func skipBlanks(_ cursor: inout Int) {
    while cursor < count, self[cursor] == UInt8(ascii: " ") || self[cursor] == UInt8(ascii: "\t") {
      cursor += 1
    }
  }

  /// The next run of bytes that are neither space nor tab, or `nil` at the end.
  @inlinable
  public func nextWord(_ cursor: inout Int) -> Range<Int>? {
    skipBlanks(&cursor)
    let start = cursor
    while cursor < count, self[cursor] != UInt8(ascii: " "), self[cursor] != UInt8(ascii: "\t") {
      cursor += 1
    }
    return cursor > start ? start..<cursor : nil
  }

  /// The decimal number that fills `range` wholly, with an optional leading `-`; `nil` where it
  /// is anything else, or too large for 64 bits.
  @inlinable
  public func decimal(in range: Range<Int>) -> Int64? {
    var index = range.lowerBound
    let isNegative = index < range.upperBound && self[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    guard index < range.upperBound else { return nil }
    var value: Int64 = 0
    while index < range.upperBound {
      let digit = self[index] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int64(digit))
      guard !overflow, !carry else { return nil }
      value = sum
      index += 1
    }
    return isNegative ? -value : value
  }

  /// The unsigned decimal fraction (`12`, `0.07`) that fills `range` wholly. Digits past the
  /// ninth of the fraction are read over.
  @inlinable
  public func fraction(in range: Range<Int>) -> Double? {
    var dot = range.lowerBound
    while dot < range.upperBound, self[dot] != UInt8(ascii: ".") { dot += 1 }
    guard let whole = decimal(in: range.lowerBound..<dot), whole >= 0 else { return nil }
    guard dot < range.upperBound else { return Double(whole) }
    var digits: Int64 = 0
    var scale: Int64 = 1
    var index = dot + 1
    guard index < range.upperBound else { return nil }
    while index < range.upperBound {
      let digit = self[index] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      if index - dot <= 9 {
        digits = digits * 10 + Int64(digit)
        scale *= 10
      }
      index += 1
    }
    // One division rounds once, so that 2.47 is the same 2.47 as everybody's.
    let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
    let (sum, carry) = product.addingReportingOverflow(digits)
    guard !overflow, !carry else { return Double(whole) + Double(digits) / Double(scale) }
    return Double(sum) / Double(scale)
  }

  /// Whether the bytes in `range` are those of `text`.
  @inlinable
  public func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count where self[range.lowerBound + offset] != text.utf8Start[offset] {
      return false
    }
    return true
  }

  /// Whether the bytes begin with those of `text`.
  @inlinable
  public func starts(with text: StaticString) -> Bool {
    count >= text.utf8CodeUnitCount && equals(text, in: 0..<text.utf8CodeUnitCount)
  }

  /// Where the first occurrence of `text` ends.
  @inlinable
  public func end(of text: StaticString) -> Int? {
    let length = text.utf8CodeUnitCount
    guard length > 0, length <= count else { return nil }
    for start in 0...count - length where self[start] == text.utf8Start[0] {
      if equals(text, in: start..<start + length) { return start + length }
    }
    return nil
  }

  @inlinable
  public func contains(_ text: StaticString) -> Bool { end(of: text) != nil }
}
