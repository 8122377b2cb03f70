import Testing

@testable import Bytes

@Suite("byte cursor")
struct ByteCursorTests {
  @Test(
    "decimal numbers fill their range wholly",
    arguments: [
      ("0", 0), ("42", 42), ("-7", -7), ("9223372036854775807", Int64.max),
      ("007", 7), ("", nil), ("-", nil), ("4x", nil), ("9223372036854775808", nil), (" 1", nil),
      ("+1", nil), ("１", nil),
    ] as [(String, Int64?)])
  func decimals(text: String, expected: Int64?) {
    let bytes = Array(text.utf8)
    #expect(bytes.span.decimal(in: 0..<bytes.count) == expected)
  }

  @Test(
    "fractions",
    arguments: [
      ("0.07", 0.07), ("12", 12), ("3.5", 3.5), ("1.", nil), (".5", nil), ("-1.5", nil),
      ("1.2.3", nil), ("0.123456789012", 0.123456789), ("", nil),
    ] as [(String, Double?)])
  func fractions(text: String, expected: Double?) throws {
    let bytes = Array(text.utf8)
    let value = bytes.span.fraction(in: 0..<bytes.count)
    guard let expected else {
      #expect(value == nil)
      return
    }
    #expect(abs(try #require(value) - expected) < 1e-9)
  }

  @Test("words are what stands between blanks")
  func words() {
    let bytes = Array("  a \t bc  ".utf8)
    var cursor = 0
    #expect(bytes.span.nextWord(&cursor) == 2..<3)
    #expect(bytes.span.nextWord(&cursor) == 6..<8)
    #expect(bytes.span.nextWord(&cursor) == nil)
    #expect(cursor == bytes.count)
  }
}

@Suite("line splitter")
struct LineSplitterTests {
  private func pieces(_ text: String, chunk: Int, limit: Int = 16) -> [String] {
    var splitter = LineSplitter(limit: limit)
    let bytes = Array(text.utf8)
    var result: [String] = []
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      let part = Array(bytes[start..<min(start + chunk, bytes.count)])
      splitter.feed(part.span) { piece, line in
        var copy: [UInt8] = []
        for index in 0..<line.count { copy.append(line[index]) }
        result.append((piece == .line ? "" : "!") + String(decoding: copy, as: UTF8.self))
      }
    }
    return result
  }

  @Test("the same lines whatever the chunks", arguments: 1...12)
  func chunks(size: Int) {
    let text = "one\ntwo\r\n\nfour is long\nunfinished"
    #expect(pieces(text, chunk: size) == ["one", "two", "", "four is long"])
  }

  @Test("a line past the bound is reported once, and the next one is whole", arguments: 1...40)
  func tooLong(size: Int) {
    let text = "a\n" + String(repeating: "x", count: 100) + "\nb\n"
    #expect(pieces(text, chunk: size) == ["a", "!" + String(repeating: "x", count: 16), "b"])
  }

  @Test("a line of just the bound is no longer than it")
  func atTheBound() {
    let line = String(repeating: "y", count: 16)
    for size in 1...20 { #expect(pieces(line + "\n", chunk: size) == [line]) }
  }

  @Test("reset forgets what was unfinished")
  func reset() {
    var splitter = LineSplitter()
    splitter.feed(Array("half a r".utf8).span) { _, _ in Issue.record("no line is finished") }
    #expect(splitter.hasUnfinishedLine)
    splitter.reset()
    #expect(!splitter.hasUnfinishedLine)
    var lines = 0
    splitter.feed(Array("new\n".utf8).span) { _, line in
      lines += 1
      #expect(line.count == 3)
    }
    #expect(lines == 1)
  }
}
