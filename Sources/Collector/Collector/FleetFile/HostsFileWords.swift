import Bytes

/// The words of an inventory: what quotes hold together, ranges as Ansible writes them.
enum HostsFileWords {
  /// `db-[a:c]` as db-a, db-b, db-c.
  static func withoutLetterRanges(_ pattern: String) -> [String] {
    guard let open = pattern.firstIndex(of: "["), let close = pattern[open...].firstIndex(of: "]")
    else { return [pattern] }
    let inner = Array(pattern[pattern.index(after: open)..<close].unicodeScalars)
    let tails = withoutLetterRanges(String(pattern[close...].dropFirst()))
    guard inner.count == 3, inner[1] == ":", inner[0].value <= inner[2].value,
      inner[0].properties.isAlphabetic, inner[0].isASCII, inner[2].properties.isAlphabetic,
      inner[2].isASCII
    else { return tails.map { pattern[...close] + $0 } }
    // Left as it is, and refused as no range of numbers.
    guard tails.count * 58 <= HostNames.expansionLimit else { return [pattern] }
    return (inner[0].value...inner[2].value).compactMap(Unicode.Scalar.init).flatMap { letter in
      tails.map { "\(pattern[..<open])\(letter)\($0)" }
    }
  }

  static func assignment(_ text: Substring) -> (key: String, value: String)? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    let key = text[..<equals].filter { $0 != " " }
    let value = text[text.index(after: equals)...].drop { $0 == " " }
    return key.isEmpty ? nil : (String(key), String(value))
  }

  /// `web[01:20]` as `web[01-20]`; an IPv6 address stays.
  static func withDashes(_ pattern: String) -> String {
    guard let open = pattern.firstIndex(of: "["), let close = pattern[open...].firstIndex(of: "]")
    else { return pattern }
    let inner = pattern[pattern.index(after: open)..<close]
    guard inner.allSatisfy({ $0.isNumber || ":,-".contains($0) }),
      inner.count(where: { $0 == ":" }) == 1
    else { return pattern }
    let tail = withDashes(String(pattern[close...].dropFirst()))
    return "\(pattern[...open])\(inner.replacing(":", with: "-"))]\(tail)"
  }

  /// The words of a line, without comments; quotes hold words together.
  static func words(_ line: Substring) -> WordsResult {
    var words: [String] = []
    var word = ""
    var isWord = false
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        isWord = true
      } else if (character == "#" || character == ";") && !isWord {
        break
      } else if character == " " || character == "\t" || character == "\r" {
        if isWord { words.append(word) }
        (word, isWord) = ("", false)
      } else {
        word.append(character)
        isWord = true
      }
    }
    guard quote == nil else { return .failure("a quote that doesn't end") }
    if isWord { words.append(word) }
    return .success(words)
  }

  enum WordsResult {
    case success([String])
    case failure(String)

    func mapError(
      _ make: (String) -> FleetFileError
    ) throws(FleetFileError) -> [String] {
      switch self {
      case .success(let words): return words
      case .failure(let text): throw make(text)
      }
    }
  }
}
