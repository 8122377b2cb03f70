import Bytes
import Records

/// What stands around vmstat's own text in a saved log: quotes of a mail, a time before each
/// line, marks of rows left out.
struct LogDecoration {
  /// Where vmstat's text begins.
  private(set) var start = 0
  /// The epoch time written before the line, whole or with a fraction.
  private(set) var time: Timestamp?

  init(_ line: Span<UInt8>) {
    line.skipBlanks(&start)
    while start < line.count, line[start] == UInt8(ascii: ">") {
      start += 1
      line.skipBlanks(&start)
    }
    var cursor = start
    guard let word = line.nextWord(&cursor), let time = LogDecoration.epoch(line, word) else {
      return
    }
    line.skipBlanks(&cursor)
    guard cursor < line.count else { return }
    start = cursor
    self.time = time
  }

  /// The time that `word` is, where it has the ten digits of the years 2001 to 2286 and perhaps
  /// a fraction. No column that a row can start with gets that large.
  static func epoch(_ line: Span<UInt8>, _ word: Range<Int>) -> Timestamp? {
    guard word.count >= 10 else { return nil }
    let whole = word.lowerBound..<(word.lowerBound + 10)
    guard line[word.lowerBound] != UInt8(ascii: "0"), line.isNumber(whole),
      let seconds = line.decimal(in: whole)
    else { return nil }
    // Ten digits of seconds may pass the year 2262, where a Timestamp ends.
    guard seconds < Int64.max / 1_000_000_000 else { return nil }
    guard word.count > 10 else { return Timestamp(seconds: seconds) }
    let fraction = (whole.upperBound + 1)..<word.upperBound
    guard line[whole.upperBound] == UInt8(ascii: "."), (1...9).contains(fraction.count),
      line.isNumber(fraction), var nanoseconds = line.decimal(in: fraction)
    else { return nil }
    for _ in fraction.count..<9 { nanoseconds *= 10 }
    return Timestamp(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
  }

  /// Whether the line says that rows were left out.
  static func isCut(_ line: Span<UInt8>) -> Bool {
    let marks: [StaticString] = [
      "[...]", "(...)", "...", "[…]", "(…)", "…", "[..]", "[snip]", "<snip>", "--snip--",
      "[cut]", "[ ... ]",
    ]
    let whole = 0..<line.trimmedCount
    return marks.contains { line.equals($0, in: whole) }
  }
}
