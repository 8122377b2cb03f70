import Bytes
import Records

// Texts in strace's output: strings in quotes, what -y tells of a descriptor, numbers.

extension Span<UInt8> {
  /// `range` without blanks around.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, self[start] == UInt8(ascii: " ") { start += 1 }
    while end > start, self[end - 1] == UInt8(ascii: " ") { end -= 1 }
    return start..<end
  }

  /// The text of a string in quotes that begins `range`, unescaped and at most as long as a path
  /// is kept; `nil` where there is none.
  func quoted(_ range: Range<Int>) -> [UInt8]? {
    let range = trimmed(range)
    guard !range.isEmpty, self[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
    var end = range.lowerBound + 1
    while end < range.upperBound, self[end] != UInt8(ascii: "\"") {
      end += self[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    return unescaped((range.lowerBound + 1)..<Swift.min(end, range.upperBound))
  }

  /// Where the inside of `<…>` stands that `-y` put behind a descriptor, which begins `range`.
  func decoration(_ range: Range<Int>) -> Range<Int>? {
    var cursor = trimmed(range).lowerBound
    while cursor < range.upperBound, self[cursor] != UInt8(ascii: "<") {
      let byte = self[cursor]
      // `3`, `-1`, `AT_FDCWD`
      guard
        byte &- UInt8(ascii: "0") <= 9 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
          || byte &- UInt8(ascii: "A") < 26
      else { return nil }
      cursor += 1
    }
    guard cursor < range.upperBound else { return nil }
    let end = Swift.min(decorationEnd(from: cursor), range.upperBound)
    guard end - cursor > 2, self[end - 1] == UInt8(ascii: ">") else { return nil }
    return (cursor + 1)..<(end - 1)
  }

  /// What strace wrote of a path: without `\"`, `\74`, `\x3c`, at most ``TracedFile/pathLimit`` bytes.
  func unescaped(_ range: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    var cursor = range.lowerBound
    while cursor < range.upperBound, bytes.count < TracedFile.pathLimit {
      guard self[cursor] == UInt8(ascii: "\\"), cursor + 1 < range.upperBound else {
        bytes.append(self[cursor])
        cursor += 1
        continue
      }
      cursor += 1
      bytes.append(escaped(&cursor, before: range.upperBound))
    }
    return bytes
  }

  private func escaped(_ cursor: inout Int, before end: Int) -> UInt8 {
    let byte = self[cursor]
    cursor += 1
    switch byte {
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "v"): return 0x0B
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "x"): return number(&cursor, before: end, base: 16, digits: 2)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      cursor -= 1
      return number(&cursor, before: end, base: 8, digits: 3)
    default: return byte
    }
  }

  private func number(_ cursor: inout Int, before end: Int, base: UInt8, digits: Int) -> UInt8 {
    var value: UInt8 = 0
    var left = digits
    while left > 0, cursor < end, let digit = self[cursor].digit(base) {
      value = value &* base &+ digit
      cursor += 1
      left -= 1
    }
    return value
  }

  /// The number that begins `range`: decimal, or hexadecimal behind `0x`; `nil` where there is none.
  /// What doesn't fit becomes the largest.
  func leadingNumber(_ range: Range<Int>) -> Int64? {
    var cursor = trimmed(range).lowerBound
    let isNegative = cursor < range.upperBound && self[cursor] == UInt8(ascii: "-")
    if isNegative { cursor += 1 }
    var base: UInt8 = 10
    if matches("0x", at: cursor) {
      base = 16
      cursor += 2
    }
    var value: Int64?
    while cursor < range.upperBound, let digit = self[cursor].digit(base) {
      let (product, overflow) = (value ?? 0).multipliedReportingOverflow(by: Int64(base))
      let (sum, carry) = product.addingReportingOverflow(Int64(digit))
      guard !overflow, !carry else { return isNegative ? .min : .max }
      value = sum
      cursor += 1
    }
    return value.map { isNegative ? -$0 : $0 }
  }

  /// Whether `text` stands somewhere in `range`.
  func contains(_ text: StaticString, in range: Range<Int>) -> Bool {
    let length = text.utf8CodeUnitCount
    var cursor = range.lowerBound
    while cursor + length <= range.upperBound {
      if self[cursor] == text.utf8Start[0], equals(text, in: cursor..<(cursor + length)) {
        return true
      }
      cursor += 1
    }
    return false
  }
}

extension UInt8 {
  fileprivate func digit(_ base: UInt8) -> UInt8? {
    let value: UInt8
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): value = self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): value = self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): value = self - UInt8(ascii: "A") + 10
    default: return nil
    }
    return value < base ? value : nil
  }
}
