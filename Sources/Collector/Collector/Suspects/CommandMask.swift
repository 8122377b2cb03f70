/// Takes secrets out of a command line before it is kept or shown.
///
/// It can't know every program's options. What is named like a secret loses its value, wherever it
/// stands; so do the logins of URLs, and the password options of the programs that are known for
/// them. Where it isn't sure it takes too much.
enum CommandMask {
  static let mask = "***"

  /// A name that holds one of these is a secret's.
  private static let words = [
    "passw", "passphrase", "passwd", "pwd", "secret", "token", "apikey", "api-key", "api_key",
    "accesskey", "access-key", "access_key", "credential", "authorization", "private-key",
    "private_key", "signature", "cookie", "bearer",
  ]
  /// A name that is one of these, too short to be looked for inside others.
  private static let wholeWords: Set<String> = ["pass", "pw", "auth", "key", "sig"]

  /// Programs that take a password as `-pPASSWORD`, as the word after a flag, or as USER:PASSWORD.
  private static let gluedP = ["mysql", "mariadb", "sshpass", "xtrabackup", "mongo"]
  private static let nextWord: [String: Set<String>] = [
    "sshpass": ["-p"], "redis-cli": ["-a"], "mongo": ["-p"], "mongosh": ["-p"],
    "mongodump": ["-p"], "ldapsearch": ["-w"], "ldapmodify": ["-w"], "smbclient": ["-U"],
    "zip": ["-P"], "unzip": ["-P"], "vncviewer": ["-passwd"],
  ]
  private static let pairs: Set<String> = ["curl", "wget", "http", "https", "lftp", "ab"]
  private static let pairOptions: Set<String> = ["-u", "--user", "--proxy-user", "-U", "-A", "-a"]

  static func masked(_ command: String) -> String {
    let parts = command.split(separator: " ", omittingEmptySubsequences: false)
    let program = parts.first.map { String($0.split(separator: "/").last ?? "") } ?? ""
    var state = Next.nothing
    return parts.enumerated().map { index, word in
      guard index > 0 || word.contains("=") else { return String(word) }
      guard !word.isEmpty else { return "" }
      switch state {
      case .secret where !word.hasPrefix("-"):
        state = .nothing
        return mask
      case .pair:
        state = .nothing
        return pair(word)
      case .rest where !word.hasPrefix("-") && !word.contains("://"): return mask
      case .nothing, .secret, .rest: state = .nothing
      }
      let (text, next) = masked(word, of: program)
      state = next
      return text
    }.joined(separator: " ")
  }

  /// What the word after this one is.
  private enum Next {
    case nothing
    case secret
    /// `user:password`
    case pair
    /// Everything up to the next option: a header's value has blanks.
    case rest
  }

  private static func masked(_ word: Substring, of program: String) -> (String, Next) {
    if nextWord[program]?.contains(String(word)) ?? false { return (String(word), .secret) }
    if pairs.contains(program), pairOptions.contains(String(word)) { return (String(word), .pair) }
    if word.hasPrefix("-p"), !word.hasPrefix("--"), word.count > 2,
      gluedP.contains(where: program.hasPrefix)
    {
      return ("-p\(mask)", .nothing)
    }
    let text = withoutSecretValues(withoutLogin(word))
    if text.hasSuffix(":") || text.hasSuffix(": "), isSecret(text.dropLast()[...]) {
      return (text, .rest)
    }
    let lower = text.lowercased()
    if lower.hasSuffix("authorization:\(mask)") || lower.hasSuffix("cookie:\(mask)") {
      return (text, .rest)
    }
    let isFlag = word.hasPrefix("-") && !word.contains("=") && isSecret(word[...])
    return (text, isFlag ? .secret : .nothing)
  }

  private static func pair(_ word: Substring) -> String {
    guard let colon = word.firstIndex(of: ":") else { return String(word) }
    return "\(word[...colon])\(mask)"
  }

  /// `scheme://user:password@host` keeps the user only; a user without a password may be a token.
  private static func withoutLogin(_ word: Substring) -> Substring {
    guard let start = word.end(of: "://") else { return word }
    let authority = word[start...].prefix { !"/?#".contains($0) }
    guard let at = authority.lastIndex(of: "@") else { return word }
    let login = word[start..<at]
    let user = login.firstIndex(of: ":").map { "\(login[...$0])" } ?? ""
    return "\(word[..<start])\(user)\(mask)\(word[at...])"[...]
  }

  /// Masks the value of each `name=value` and `name:value` inside a word: options, variables,
  /// URL queries, JSON.
  private static func withoutSecretValues(_ word: Substring) -> String {
    let ends: Set<Character> = ["&", ";", ",", "?", "{", "}", "\"", "'"]
    var result = ""
    var name = ""
    var isMasking = false
    for character in word {
      if isMasking {
        guard character == "&" || character == ";" || character == "," || character == "}" else {
          continue
        }
        isMasking = false
        name = ""
        result.append(character)
      } else if (character == "=" || character == ":"), isSecret(name[...]) {
        result.append(character)
        result += mask
        isMasking = true
      } else {
        result.append(character)
        let isEnd =
          ends.contains(character) && character != "\"" && character != "'" || character == "="
        if isEnd { name = "" } else if !ends.contains(character) { name.append(character) }
      }
    }
    return isMasking && word.last.map { "=:".contains($0) } ?? false
      ? String(result.dropLast(mask.count)) : result
  }

  private static func isSecret(_ name: Substring) -> Bool {
    let name = name.lowercased()
    if words.contains(where: { name.contains($0) }) { return true }
    let last = name.split { !$0.isLetter && !$0.isNumber }.last.map(String.init) ?? ""
    return wholeWords.contains(last)
  }
}

extension Substring {
  /// Where the first `text` in it ends.
  fileprivate func end(of text: String) -> Index? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
