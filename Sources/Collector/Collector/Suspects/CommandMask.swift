/// Takes secrets out of a command line before it is kept or shown.
///
/// It can't know every program's options: what is named like a secret loses its value, and so do
/// the passwords of URLs.
enum CommandMask {
  static let mask = "***"

  private static let words = [
    "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "api-key", "api_key",
    "access-key", "access_key", "credential", "authorization", "private-key",
  ]

  static func masked(_ command: String) -> String {
    var masksNext = false
    let parts = command.split(separator: " ", omittingEmptySubsequences: false).map { word in
      if masksNext, !word.isEmpty {
        masksNext = false
        // The next option means that this one had no value.
        if !word.hasPrefix("-") { return mask }
      }
      let (text, takesNext) = masked(word)
      masksNext = takesNext
      return text
    }
    return parts.joined(separator: " ")
  }

  private static func masked(_ word: Substring) -> (String, takesNext: Bool) {
    if let at = word.lastIndex(of: "@"), let scheme = word.range(of: "://"),
      let colon = word[scheme.upperBound..<max(scheme.upperBound, at)].firstIndex(of: ":")
    {
      return ("\(word[...colon])\(mask)\(word[at...])", false)
    }
    // mysql's -pPASSWORD; a bare -p asks.
    if word.hasPrefix("-p"), !word.hasPrefix("--"), word.count > 2,
      !word.dropFirst(2).allSatisfy(\.isNumber), !word.contains("/"), !word.contains("=")
    {
      return ("-p\(mask)", false)
    }
    let end = word.firstIndex { $0 == "=" || $0 == ":" }
    let name = word[..<(end ?? word.endIndex)].lowercased()
    guard words.contains(where: { name.contains($0) }) else { return (String(word), false) }
    if let end {
      let isEmpty = word.index(after: end) == word.endIndex
      return ("\(word[...end])\(isEmpty ? "" : mask)", isEmpty)
    }
    return (String(word), word.hasPrefix("-"))
  }
}

extension Substring {
  /// Where `text` begins and ends in it.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) {
        return start..<index(start, offsetBy: text.count)
      }
      start = index(after: start)
    }
    return nil
  }
}
