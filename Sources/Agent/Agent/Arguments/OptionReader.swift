/// Walks over the words of a command line: `--name value`, `--name=value`, and plain words.
///
/// The agent has no argument parser library: those need Foundation, which is ten times the rest
/// of it.
struct OptionReader {
  private var words: ArraySlice<String>
  private let command: String

  init(_ words: some Collection<String>, of command: String) {
    self.words = Array(words)[...]
    self.command = command
  }

  /// An option with its leading dashes, or a plain word; `nil` at the end.
  mutating func next() -> String? {
    guard let word = words.popFirst() else { return nil }
    guard word.hasPrefix("--"), let sign = word.firstIndex(of: "=") else { return word }
    words = [String(word[word.index(after: sign)...])] + words
    return String(word[..<sign])
  }

  /// The value that goes with `option`.
  mutating func value(of option: String) throws(UsageError) -> String {
    guard let value = words.popFirst() else {
      throw UsageError("\(option) wants a value; see culprit-agent \(command) --help")
    }
    return value
  }

  mutating func duration(of option: String) throws(UsageError) -> UInt64 {
    let text = try value(of: option)
    guard let duration = Duration.nanoseconds(text) else {
      throw UsageError("\(option) wants a duration such as 500ms, 1s or 2m, not “\(text)”")
    }
    return duration
  }

  mutating func number(of option: String, in range: ClosedRange<Int>) throws(UsageError) -> Int {
    let text = try value(of: option)
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(
        "\(option) wants a number from \(range.lowerBound) to \(range.upperBound), not “\(text)”")
    }
    return number
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    of option: String, _ type: Choice.Type
  ) throws(UsageError) -> Choice where Choice.RawValue == String {
    let text = try value(of: option)
    guard let choice = Choice(rawValue: text) else {
      let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("\(option) is one of \(choices), not “\(text)”")
    }
    return choice
  }

  func unknown(_ word: String) -> UsageError {
    word.hasPrefix("-")
      ? UsageError("\(command) has no option \(word); see culprit-agent \(command) --help")
      : UsageError("\(command) takes no “\(word)”; see culprit-agent \(command) --help")
  }
}

/// Durations as people write them.
enum Duration {
  /// `500ms`, `1s`, `2m`, `1h`, or seconds without a unit, fractions too; `nil` for anything else,
  /// and for more than a year.
  static func nanoseconds(_ text: String) -> UInt64? {
    let units: [(name: String, nanoseconds: Double)] = [
      ("ms", 1e6), ("us", 1e3), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("d", 86_400e9), ("", 1e9),
    ]
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.dropFirst(digits.count)
    guard let number = Double(digits), let found = units.first(where: { $0.name == unit }) else {
      return nil
    }
    let result = number * found.nanoseconds
    return result >= 0 && result <= 366 * 86_400e9 ? UInt64(result) : nil
  }
}
