import Bytes

// What the lines of vmstat are taken apart with, beside the cursor functions of `Bytes`.

extension Span<UInt8> {
  /// Whether the bytes of two ranges are the same.
  func sameBytes(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    guard left.count == right.count else { return false }
    for offset in 0..<left.count
    where self[left.lowerBound + offset] != self[right.lowerBound + offset] {
      return false
    }
    return true
  }

  /// Whether the four words from `cursor` on are these.
  func words(
    at cursor: Int, are first: StaticString, _ second: StaticString, _ third: StaticString,
    _ fourth: StaticString
  ) -> Bool {
    var cursor = cursor
    return nextWord(&cursor).map { equals(first, in: $0) } == true
      && nextWord(&cursor).map { equals(second, in: $0) } == true
      && nextWord(&cursor).map { equals(third, in: $0) } == true
      && nextWord(&cursor).map { equals(fourth, in: $0) } == true
  }

  /// Length without blanks and a carriage return at the end.
  var trimmedCount: Int {
    var end = count
    while end > 0, isBlank(end - 1) || self[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return end
  }

  /// Whether a space or a tab stands at `index`.
  func isBlank(_ index: Int) -> Bool {
    self[index] == UInt8(ascii: " ") || self[index] == UInt8(ascii: "\t")
  }

  /// Whether a decimal digit stands at `index`; false past the end.
  func isDigit(_ index: Int) -> Bool {
    index < count && self[index] &- UInt8(ascii: "0") <= 9
  }

  /// Whether `range` holds digits only (and one at least).
  func isNumber(_ range: Range<Int>) -> Bool {
    for index in range where !isDigit(index) { return false }
    return !range.isEmpty
  }
}
