/// Takes secrets out of a command line before it is kept or shown.
///
/// It can't know every program's options. What is named like a secret loses its value, wherever it
/// stands; so do the logins of URLs, and the password options of the programs that are known for
/// them. Where it isn't sure it takes too much.
///
/// The work grows with the length of the line alone, whatever is in it.
public enum CommandMask {
  public static let mask = "***"

  /// A command line as ps prints it, its arguments separated by blanks.
  public static func masked(_ command: String) -> String {
    let bytes = Array(command.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var line = MaskedLine()
    line.appendWords(of: bytes.span, to: &result)
    return String(decoding: result, as: UTF8.self)
  }

  /// A command line as the kernel has it, each argument ended by a NUL (proc_pid_cmdline(5)); the
  /// arguments are separated by blanks afterwards. NULs at the end are left out.
  public static func masked(arguments bytes: Span<UInt8>) -> [UInt8] {
    var end = bytes.count
    while end > 0, bytes[end - 1] == 0 { end -= 1 }
    var result: [UInt8] = []
    result.reserveCapacity(end)
    var line = MaskedLine()
    var start = 0
    while start <= end, end > 0 {
      var stop = start
      while stop < end, bytes[stop] != 0 { stop += 1 }
      if start > 0 { result.append(UInt8(ascii: " ")) }
      line.appendArgument(bytes.extracting(start..<stop), to: &result)
      start = stop + 1
    }
    return result
  }
}

/// A command line on its way through the mask, word by word.
private struct MaskedLine {
  /// What the next word is.
  private enum Next {
    case nothing
    case secret
    /// `user:password`
    case pair
    /// Everything up to the next option: a header's value has blanks.
    case rest
  }

  private var isFirst = true
  private var next = Next.nothing
  private var habits = ProgramHabits()

  /// One argument, which is a secret as a whole where the one before says so.
  mutating func appendArgument(_ argument: Span<UInt8>, to result: inout [UInt8]) {
    guard next == .secret, argument.count > 0, argument[0] != UInt8(ascii: "-") else {
      return appendWords(of: argument, to: &result)
    }
    next = .nothing
    result.append(contentsOf: CommandMask.mask.utf8)
  }

  mutating func appendWords(of line: Span<UInt8>, to result: inout [UInt8]) {
    var start = 0
    while start <= line.count {
      var stop = start
      while stop < line.count, line[stop] != UInt8(ascii: " ") { stop += 1 }
      if start > 0 { result.append(UInt8(ascii: " ")) }
      append(line.extracting(start..<stop), to: &result)
      start = stop + 1
    }
  }

  private mutating func append(_ word: Span<UInt8>, to result: inout [UInt8]) {
    defer { isFirst = false }
    if isFirst || !word.beginsWith(UInt8(ascii: "-")) { habits.meet(word) }
    if isFirst, word.firstIndex(of: UInt8(ascii: "=")) == nil { return result.append(word) }
    guard word.count > 0 else { return }
    let isOption = word[0] == UInt8(ascii: "-")
    switch next {
    case .secret where !isOption:
      next = .nothing
      return result.append(contentsOf: CommandMask.mask.utf8)
    case .pair:
      next = .nothing
      return appendPair(word, to: &result)
    case .rest where !isOption && word.range(of: "://") == nil:
      return result.append(contentsOf: CommandMask.mask.utf8)
    case .nothing, .secret, .rest:
      next = .nothing
    }
    appendOrdinary(word, to: &result)
  }

  private mutating func appendOrdinary(_ word: Span<UInt8>, to result: inout [UInt8]) {
    if habits.isPasswordOption(word) {
      next = .secret
      return result.append(word)
    }
    if habits.isPairOption(word) {
      next = .pair
      return result.append(word)
    }
    if habits.hasGluedPassword(word) {
      result.append(contentsOf: "-p".utf8)
      return result.append(contentsOf: CommandMask.mask.utf8)
    }
    let start = result.count
    let text = SecretWord.withoutLogin(word)
    SecretWord.append(text.span, to: &result)
    let shown = result.span.extracting(start..<result.count)
    if SecretWord.announcesRest(shown) {
      next = .rest
    } else if word[0] == UInt8(ascii: "-"), word.firstIndex(of: UInt8(ascii: "=")) == nil,
      SecretWord.isSecret(word)
    {
      next = .secret
    }
  }

  private func appendPair(_ word: Span<UInt8>, to result: inout [UInt8]) {
    guard let colon = word.firstIndex(of: UInt8(ascii: ":")) else { return result.append(word) }
    result.append(word.extracting(0...colon))
    result.append(contentsOf: CommandMask.mask.utf8)
  }
}

/// How the programs of a command line take their passwords. Any word may be a program that
/// another one (sudo, sh -c, timeout) runs.
private struct ProgramHabits {
  /// `-pPASSWORD`
  private static let gluedP: [StaticString] = [
    "mysql", "mariadb", "sshpass", "xtrabackup", "mongo",
  ]
  /// The word after the option is the password.
  private static let nextWord: [(program: StaticString, option: StaticString)] = [
    ("sshpass", "-p"), ("redis-cli", "-a"), ("mongo", "-p"), ("mongosh", "-p"),
    ("mongodump", "-p"), ("ldapsearch", "-w"), ("ldapmodify", "-w"), ("smbclient", "-U"),
    ("zip", "-P"), ("unzip", "-P"), ("vncviewer", "-passwd"),
  ]
  /// The word after the option is `user:password`.
  private static let pairs: [StaticString] = ["curl", "wget", "http", "https", "lftp", "ab"]
  private static let pairOptions: [StaticString] = [
    "-u", "--user", "--proxy-user", "-U", "-A", "-a",
  ]

  private var gluesP = false
  private var takesPairs = false
  private var optionPrograms: [StaticString] = []

  /// Looks whether `word` names a program we know.
  mutating func meet(_ word: Span<UInt8>) {
    var start = word.count
    while start > 0, word[start - 1] != UInt8(ascii: "/") { start -= 1 }
    let name = word.extracting(start..<word.count)
    if ProgramHabits.gluedP.contains(where: { name.starts(with: $0) }) { gluesP = true }
    if ProgramHabits.pairs.contains(where: { name.isEqual(to: $0) }) { takesPairs = true }
    for habit in ProgramHabits.nextWord where name.isEqual(to: habit.program) {
      optionPrograms.append(habit.option)
    }
  }

  func isPasswordOption(_ word: Span<UInt8>) -> Bool {
    optionPrograms.contains { word.isEqual(to: $0) }
  }

  func isPairOption(_ word: Span<UInt8>) -> Bool {
    takesPairs && ProgramHabits.pairOptions.contains { word.isEqual(to: $0) }
  }

  func hasGluedPassword(_ word: Span<UInt8>) -> Bool {
    gluesP && word.count > 2 && word.starts(with: "-p")
  }
}

/// What in a single word is a secret.
private enum SecretWord {
  /// A name that holds one of these is a secret's.
  private static let words: [StaticString] = [
    "passw", "passphrase", "passwd", "pwd", "secret", "token", "apikey", "api-key", "api_key",
    "accesskey", "access-key", "access_key", "credential", "authorization", "private-key",
    "private_key", "signature", "cookie", "bearer",
  ]
  /// In front of a `=` these will do, too.
  private static let assignedWords: [StaticString] = ["pass", "key"]
  /// A name that is one of these, too short to be looked for inside others.
  private static let wholeWords: [StaticString] = ["pass", "pw", "auth", "key", "sig"]
  /// Bytes of a name that are looked at: its last ones.
  private static let nameLimit = 64

  /// Whether `name` is that of a secret.
  static func isSecret(_ name: Span<UInt8>, isAssigned: Bool = false) -> Bool {
    let name = name.extracting(max(0, name.count - nameLimit)..<name.count)
    if words.contains(where: { name.range(ofLower: $0) != nil }) { return true }
    if isAssigned, assignedWords.contains(where: { name.range(ofLower: $0) != nil }) { return true }
    var end = name.count
    while end > 0, !name[end - 1].isWordByte { end -= 1 }
    var start = end
    while start > 0, name[start - 1].isWordByte { start -= 1 }
    let last = name.extracting(start..<end)
    return wholeWords.contains {
      last.count == $0.utf8CodeUnitCount && last.range(ofLower: $0) != nil
    }
  }

  /// `scheme://user:password@host` keeps the user only; a user without a password may be a token.
  static func withoutLogin(_ word: Span<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    guard let start = word.range(of: "://")?.upperBound else {
      result.append(word)
      return result
    }
    var end = start
    var at: Int?
    while end < word.count, !word[end].endsAuthority {
      if word[end] == UInt8(ascii: "@") { at = end }
      end += 1
    }
    guard let at else {
      result.append(word)
      return result
    }
    var user = start
    while user < at, word[user] != UInt8(ascii: ":") { user += 1 }
    result.append(word.extracting(0..<(user < at ? user + 1 : start)))
    result.append(contentsOf: CommandMask.mask.utf8)
    result.append(word.extracting(at..<word.count))
    return result
  }

  /// Masks the value of each `name=value` and `name:value` inside a word: options, variables,
  /// URL queries, JSON.
  static func append(_ word: Span<UInt8>, to result: inout [UInt8]) {
    var name: [UInt8] = []
    var isMasking = false
    for index in word.indices {
      let byte = word[index]
      if isMasking {
        guard byte.endsValue else { continue }
        isMasking = false
        name.removeAll(keepingCapacity: true)
        result.append(byte)
        continue
      }
      result.append(byte)
      let isAssigned = byte == UInt8(ascii: "=")
      if isAssigned || byte == UInt8(ascii: ":"), isSecret(name.span, isAssigned: isAssigned) {
        isMasking = true
        // Nothing follows: the value is the next word's.
        if index + 1 < word.count { result.append(contentsOf: CommandMask.mask.utf8) }
      } else if isAssigned || byte.endsName {
        name.removeAll(keepingCapacity: true)
      } else if byte != UInt8(ascii: "\""), byte != UInt8(ascii: "'") {
        name.append(byte)
      }
    }
  }

  /// Whether what follows in other words belongs to the secret that begins here: `Cookie:`.
  static func announcesRest(_ text: Span<UInt8>) -> Bool {
    if text.count > 0, text[text.count - 1] == UInt8(ascii: ":"),
      isSecret(text.extracting(0..<(text.count - 1)))
    {
      return true
    }
    return text.hasLowerSuffix("authorization:***") || text.hasLowerSuffix("cookie:***")
  }
}

extension UInt8 {
  /// Letters, digits, and whatever isn't ASCII.
  fileprivate var isWordByte: Bool {
    self >= 0x80 || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
  }

  fileprivate var endsAuthority: Bool {
    self == UInt8(ascii: "/") || self == UInt8(ascii: "?") || self == UInt8(ascii: "#")
  }

  fileprivate var endsValue: Bool {
    self == UInt8(ascii: "&") || self == UInt8(ascii: ";") || self == UInt8(ascii: ",")
      || self == UInt8(ascii: "}")
  }

  fileprivate var endsName: Bool {
    endsValue || self == UInt8(ascii: "?") || self == UInt8(ascii: "{")
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ bytes: Span<UInt8>) {
    for index in bytes.indices { append(bytes[index]) }
  }
}

extension Span<UInt8> {
  fileprivate func beginsWith(_ byte: UInt8) -> Bool { count > 0 && self[0] == byte }

  fileprivate func isEqual(to text: StaticString) -> Bool { equals(text, in: 0..<count) }

  fileprivate func firstIndex(of byte: UInt8) -> Int? {
    for index in indices where self[index] == byte { return index }
    return nil
  }

  fileprivate func range(of text: StaticString) -> Range<Int>? {
    let length = text.utf8CodeUnitCount
    guard count >= length else { return nil }
    for start in 0...(count - length) where equals(text, in: start..<(start + length)) {
      return start..<(start + length)
    }
    return nil
  }

  /// Where `text`, which has no capitals, stands in whatever case.
  fileprivate func range(ofLower text: StaticString) -> Range<Int>? {
    let length = text.utf8CodeUnitCount
    guard count >= length else { return nil }
    for start in 0...(count - length) where equalsLower(text, at: start) {
      return start..<(start + length)
    }
    return nil
  }

  fileprivate func hasLowerSuffix(_ text: StaticString) -> Bool {
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
