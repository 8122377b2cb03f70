import Bytes
import Records

extension WatchRules {
  /// Largest file, bytes, and most colour rules of lines: each line on the screen is matched
  /// against all of them.
  public static let fileLimit = 1 << 16
  static let lineRulesLimit = 64

  /// Reads rules, a line each:
  ///
  ///     colour COLUMN >= VALUE COLOUR
  ///     colour /REGULAR EXPRESSION/ COLOUR
  ///     bind KEY ACTION
  ///
  /// `file` is what errors call the file.
  public static func parse(_ bytes: [UInt8], file: String) throws(RuleError) -> WatchRules {
    var rules = WatchRules()
    var number = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      do throws(Refusal) {
        guard let text = String(validating: line, as: UTF8.self) else {
          throw Refusal("not UTF-8")
        }
        try rules.take(text)
      } catch {
        throw RuleError(
          file: Printable.text(file), line: number, reason: Printable.text(error.reason))
      }
    }
    return rules
  }

  private struct Refusal: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  private mutating func take(_ line: String) throws(Refusal) {
    let text = line.trimmed
    guard !text.isEmpty, !text.hasPrefix("#") else { return }
    let (word, rest) = text.firstWord
    switch word {
    case "colour", "color": try takeColour(rest)
    case "bind": try takeBinding(rest)
    default: throw Refusal("“\(word)” is no rule; there are “colour” and “bind”")
    }
  }

  private mutating func takeColour(_ text: String) throws(Refusal) {
    guard text.hasPrefix("/") else { return try takeThreshold(text) }
    guard let close = text.lastIndex(of: "/"), close > text.startIndex else {
      throw Refusal("a “/” without its second one, as in colour /^db/ cyan")
    }
    let pattern = String(text[text.index(after: text.startIndex)..<close])
    let role = try WatchRules.role(text[text.index(after: close)...].trimmed)
    guard !pattern.isEmpty else { throw Refusal("an empty regular expression matches every line") }
    guard lines.count < WatchRules.lineRulesLimit else {
      throw Refusal("more than \(WatchRules.lineRulesLimit) regular expressions")
    }
    do throws(LinePattern.Problem) {
      lines.append(LineColour(pattern: try LinePattern(pattern), role: role))
    } catch {
      throw Refusal("/\(pattern)/ is no regular expression: \(error.description)")
    }
  }

  private mutating func takeThreshold(_ text: String) throws(Refusal) {
    let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
    let shape = "expected: colour COLUMN >= VALUE COLOUR, or colour /REGULAR EXPRESSION/ COLOUR"
    guard words.count >= 4 else { throw Refusal(shape) }
    guard let figure = WatchRules.figures[words[0]] else {
      throw Refusal("“\(words[0])” is no column; there are \(WatchRules.figureNames)")
    }
    guard let comparison = Comparison(rawValue: words[1]) else {
      let all = Comparison.allCases.map(\.rawValue).joined(separator: " ")
      throw Refusal("“\(words[1])” is no comparison; there are \(all)")
    }
    guard let value = Double(words[2]), value.isFinite else {
      throw Refusal("“\(words[2])” is no number")
    }
    let role = try WatchRules.role(words[3...].joined(separator: " "))
    thresholds.append(
      Threshold(figure: figure, comparison: comparison, value: value, role: role))
  }

  private mutating func takeBinding(_ text: String) throws(Refusal) {
    let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
    guard words.count == 2 else { throw Refusal("expected: bind KEY ACTION") }
    guard let key = WatchKey(name: words[0]) else {
      throw Refusal("“\(words[0])” is no key; there are \(WatchKey.namesInWords)")
    }
    guard let action = WatchAction(rawValue: words[1]) else {
      let all = WatchAction.allCases.map(\.rawValue).joined(separator: " ")
      throw Refusal("“\(words[1])” is no action; there are \(all)")
    }
    keymap.bind(key, to: action)
    guard !keymap.names(of: .quit).isEmpty else {
      throw Refusal("no key is left to quit with; bind another key to quit first")
    }
  }

  private static let figures: [String: SortFigure] = {
    var figures: [String: SortFigure] = ["load1": .load1]
    for column in VmstatColumn.allCases { figures[column.name] = .column(column) }
    return figures
  }()

  private static let figureNames =
    (VmstatColumn.allCases.map(\.name) + ["load1"]).joined(separator: " ")

  private static func role(_ name: String) throws(Refusal) -> ColourRole {
    switch name {
    case "plain": return .plain
    case "good": return .good
    case "warning": return .warning
    case "alarm": return .alarm
    default:
      guard let colour = NamedColour(rawValue: name) else {
        let names = NamedColour.allCases.map(\.rawValue).joined(separator: " ")
        throw Refusal(
          name.isEmpty
            ? "no colour; there are plain good warning alarm \(names)"
            : "“\(name)” is no colour; there are plain good warning alarm \(names)")
      }
      return .named(colour)
    }
  }
}

extension StringProtocol {
  /// Without blanks at its ends, a carriage return among them.
  fileprivate var trimmed: String {
    var text = Substring(self)
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }

  fileprivate var firstWord: (String, String) {
    let word = prefix { !$0.isWhitespace }
    return (String(word), self[word.endIndex...].trimmed)
  }
}
