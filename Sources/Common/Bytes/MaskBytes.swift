// What the mask asks of bytes. Names and options are compared as ASCII.

/// Which quotes were opened and not closed. Where a secret stands in an open one, or opens one,
/// nobody but a shell knows its end.
struct OpenQuotes {
  private var isSingleOpen = false
  private var isDoubleOpen = false

  mutating func pass(_ text: Span<UInt8>) {
    for index in text.indices {
      if text[index] == UInt8(ascii: "'") { isSingleOpen.toggle() }
      if text[index] == UInt8(ascii: "\"") { isDoubleOpen.toggle() }
    }
  }

  func areOpen(after word: Span<UInt8>) -> Bool {
    var inWord = OpenQuotes()
    inWord.pass(word)
    return isSingleOpen || isDoubleOpen || inWord.isSingleOpen || inWord.isDoubleOpen
  }
}

extension UInt8 {
  /// Letters, digits, and whatever isn't ASCII.
  var isWordByte: Bool {
    self >= 0x80 || isDigit
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
  }

  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  var isBlank: Bool { self == UInt8(ascii: " ") || (0x09...0x0D).contains(self) }

  var isQuote: Bool { self == UInt8(ascii: "\"") || self == UInt8(ascii: "'") }

  /// What a shell may put behind a word.
  fileprivate var isClosingMark: Bool {
    isQuote || self == UInt8(ascii: ";") || self == UInt8(ascii: ")")
  }
}

extension Span<UInt8> {
  func beginsWith(_ byte: UInt8) -> Bool { count > 0 && self[0] == byte }

  func isEqual(to text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && holds(text, at: 0)
  }

  func isEqualLower(to text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && hasLowerSuffix(text)
  }

  func holds(_ text: StaticString, at start: Int) -> Bool {
    guard start >= 0, count - start >= text.utf8CodeUnitCount else { return false }
    for offset in 0..<text.utf8CodeUnitCount
    where self[start + offset] != text.utf8Start[offset] { return false }
    return true
  }

  func firstIndex(of byte: UInt8) -> Int? {
    for index in indices where self[index] == byte { return index }
    return nil
  }

  func lastIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
    for index in range.reversed() where self[index] == byte { return index }
    return nil
  }

  func endOfWord(from start: Int) -> Int {
    var end = start
    while end < count, !self[end].isBlank { end += 1 }
    return end
  }

  /// Where a word begins that may be in quotes.
  var countOfOpeningQuotes: Int {
    var start = 0
    while start < count, self[start].isQuote { start += 1 }
    return start
  }

  var endWithoutClosingMarks: Int {
    var end = count
    while end > 0, self[end - 1].isClosingMark { end -= 1 }
    return end
  }

  /// What may stand between a name and its secret.
  var isJoint: Bool { isEqual(to: "=") || isEqual(to: ":") || isEqualLower(to: "by") }

  func range(of text: StaticString) -> Range<Int>? {
    let length = text.utf8CodeUnitCount
    guard count >= length else { return nil }
    for start in 0...(count - length) where holds(text, at: start) {
      return start..<(start + length)
    }
    return nil
  }

  /// Where `text`, which has no capitals, stands in whatever case.
  func range(ofLower text: StaticString) -> Range<Int>? {
    let length = text.utf8CodeUnitCount
    guard count >= length else { return nil }
    for start in 0...(count - length) where equalsLower(text, at: start) {
      return start..<(start + length)
    }
    return nil
  }

  func hasLowerSuffix(_ text: StaticString) -> Bool {
    count >= text.utf8CodeUnitCount && equalsLower(text, at: count - text.utf8CodeUnitCount)
  }

  private func equalsLower(_ text: StaticString, at start: Int) -> Bool {
    for offset in 0..<text.utf8CodeUnitCount {
      let byte = self[start + offset]
      let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
      guard (isCapital ? byte | 0x20 : byte) == text.utf8Start[offset] else { return false }
    }
    return true
  }
}
