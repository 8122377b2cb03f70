/// Names whose values are secrets.
enum SecretName {
  /// A name that holds one of these is a secret's.
  private static let words: [StaticString] = [
    "passw", "passphrase", "passwd", "pwd", "secret", "token", "apikey", "api-key", "api_key",
    "accesskey", "access-key", "access_key", "credential", "authorization", "private-key",
    "private_key", "signature", "cookie", "bearer",
  ]
  /// A name whose last part is one of these, too short to be looked for inside others.
  private static let lastParts: [StaticString] = ["pw", "key", "sig", "psk"]
  /// A name whose last part ends so: `dbpass`, `masterauth`.
  private static let lastSuffixes: [StaticString] = ["pass", "auth", "creds"]
  /// Parts that end so and are no secret's.
  private static let harmlessParts: [StaticString] = ["bypass", "compass", "noauth"]
  /// An option that ends so has a value that isn't the secret itself, or none.
  private static let harmlessEnds: [StaticString] = [
    "-file", "-path", "-stdin", "-prompt", "askpass",
  ]
  /// Options that begin so have no value.
  private static let harmlessStarts: [StaticString] = ["--no-", "--ask-", "--skip-"]
  /// Bytes of a name that are looked at: its last ones.
  private static let nameLimit = 64

  /// Whether `name` is that of a secret. In front of a `=` it need but hold `pass` or `key`.
  static func isSecret(_ name: Span<UInt8>, isAssigned: Bool = false) -> Bool {
    let name = name.extracting(max(0, name.count - nameLimit)..<name.count)
    if words.contains(where: { name.range(ofLower: $0) != nil }) { return true }
    if isAssigned, name.range(ofLower: "key") != nil || holdsPass(name) { return true }
    let last = name.extracting(name.lastPart)
    if lastParts.contains(where: { last.isEqualLower(to: $0) }) { return true }
    return lastSuffixes.contains { last.hasLowerSuffix($0) }
      && !harmlessParts.contains { last.isEqualLower(to: $0) }
  }

  /// Whether the word behind this option is a secret.
  static func announcesValue(_ option: Span<UInt8>) -> Bool {
    isSecret(option) && !harmlessEnds.contains { option.hasLowerSuffix($0) }
      && !harmlessStarts.contains { option.starts(with: $0) }
  }

  /// Whether this word, which is no option, names a secret that the next one is:
  /// `mysqladmin password hunter2`.
  static func isPlainAnnouncement(_ word: Span<UInt8>) -> Bool {
    let word = word.extracting(0..<word.endWithoutClosingMarks)
    for index in word.indices where !word[index].isPlainNameByte { return false }
    let start = word.lastIndex(of: UInt8(ascii: "."), in: 0..<word.count).map { $0 + 1 } ?? 0
    // Not the `secrets` of `secrets.yml`.
    let name = word.extracting(start..<word.count)
    let names: [StaticString] = [
      "password", "passwd", "passphrase", "psk", "requirepass", "masterauth",
    ]
    let suffixes: [StaticString] = ["_token", "_password", "_passwd", "_passphrase"]
    return names.contains { name.isEqualLower(to: $0) }
      || suffixes.contains { name.hasLowerSuffix($0) } || name.range(ofLower: "secret") != nil
  }

  /// `pass` other than in `bypass` and `compass`.
  private static func holdsPass(_ name: Span<UInt8>) -> Bool {
    var start = 0
    while let found = name.extracting(start..<name.count).range(ofLower: "pass") {
      let end = start + found.upperBound
      var partStart = start + found.lowerBound
      while partStart > 0, name[partStart - 1].isWordByte { partStart -= 1 }
      let part = name.extracting(partStart..<end)
      guard harmlessParts.contains(where: { part.isEqualLower(to: $0) }) else { return true }
      start = end
    }
    return false
  }
}

extension Span<UInt8> {
  /// The last run of letters and digits.
  fileprivate var lastPart: Range<Int> {
    var end = count
    while end > 0, !self[end - 1].isWordByte { end -= 1 }
    var start = end
    while start > 0, self[start - 1].isWordByte { start -= 1 }
    return start..<end
  }
}

extension UInt8 {
  fileprivate var isPlainNameByte: Bool {
    isWordByte || self == UInt8(ascii: "_") || self == UInt8(ascii: "-")
      || self == UInt8(ascii: ".")
  }
}
