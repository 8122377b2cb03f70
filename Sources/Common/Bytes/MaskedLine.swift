/// A command line on its way through the mask, word by word.
struct MaskedLine {
  /// What the next word is.
  enum Next {
    case nothing
    /// A secret, unless it is an option.
    case secret
    /// A secret whatever it looks like.
    case certainSecret
    /// A secret from behind this byte on: `user:password`.
    case pair(UInt8)
    /// Everything up to the next option: a header's value has blanks.
    case rest
  }

  private(set) var result: [UInt8] = []
  private var next = Next.nothing
  private var isFirst = true
  private var habits = ProgramHabits()

  // Of the text at hand: a whole line, or one argument.
  /// Blanks are the argument's own.
  private(set) var isArgument = false
  /// A secret goes to the end of the text, as in `-pmy secret`.
  private var isWhole = false
  private var quotes = OpenQuotes()
  /// `.rest` was announced in this text.
  private var isRestHere = false
  /// A value of the word at hand was masked.
  private var hidesValue = false
  /// Where the text's last `@` stands.
  private(set) var lastAt: Int?

  init(capacity: Int) {
    result.reserveCapacity(capacity)
  }

  mutating func appendBlank() { result.append(UInt8(ascii: " ")) }

  /// One argument, or a line of which nobody knows any more where its arguments end.
  mutating func append(_ text: Span<UInt8>, isArgument: Bool) {
    self.isArgument = isArgument
    isWhole = isArgument && (text.beginsWith(UInt8(ascii: "-")) || awaitsSecret)
    quotes = OpenQuotes()
    isRestHere = false
    lastAt = text.lastIndex(of: UInt8(ascii: "@"), in: 0..<text.count)
    var start = 0
    while start <= text.count {
      let end = appendWord(of: text, start..<text.endOfWord(from: start))
      quotes.pass(text.extracting(start..<end))
      guard end < text.count else { return }
      result.append(text[end])
      start = end + 1
    }
  }

  private var awaitsSecret: Bool {
    switch next {
    case .secret, .certainSecret, .pair: true
    case .nothing, .rest: false
    }
  }

  /// Each of these appends the word at `range`, and what else belongs to its secret, and returns
  /// where that ends: in front of a blank, or with the text.
  private mutating func appendWord(of text: Span<UInt8>, _ range: Range<Int>) -> Int {
    defer { isFirst = false }
    hidesValue = false
    let quoted = text.extracting(range)
    let word = quoted.extracting(quoted.countOfOpeningQuotes..<quoted.count)
    guard word.count > 0 else { return copy(text, range) }
    if let end = appendAwaited(text, range, word) { return end }
    if habits.isPositionalPassword(word) { return appendMask(text, range) }
    let isOption = word[0] == UInt8(ascii: "-")
    let isProgram = isFirst || !isOption ? habits.meet(word) : false
    if isFirst, word.firstIndex(of: UInt8(ascii: "=")) == nil { return copy(text, range) }
    if let end = appendKnown(text, range, word) { return end }
    let end = appendValues(text, from: range.lowerBound)
    guard !hidesValue, case .nothing = next else { return end }
    if isOption {
      let isAssigned = word.firstIndex(of: UInt8(ascii: "=")) != nil
      if !isAssigned, SecretName.announcesValue(word) { next = .secret }
    } else if !isProgram, habits.announcesPassword(word) {
      next = .secret
    }
    return end
  }

  /// What the word before announced.
  private mutating func appendAwaited(
    _ text: Span<UInt8>, _ range: Range<Int>, _ word: Span<UInt8>
  ) -> Int? {
    let isOption = word[0] == UInt8(ascii: "-")
    switch next {
    case .nothing: return nil
    case .secret, .certainSecret:
      if case .secret = next {
        // `password = x`
        if word.isJoint { return copy(text, range) }
        if isOption { break }
      }
      if habits.isPortMapping(word) { break }
      next = .nothing
      return appendMask(text, range)
    case .pair(let separator):
      next = .nothing
      return appendPair(text, range, from: range.lowerBound, separator)
    case .rest:
      guard isRestHere && isArgument || !isOption && word.range(of: "://") == nil else { break }
      appendMask()
      return range.upperBound
    }
    next = .nothing
    return nil
  }

  /// What the programs met so far take as a password.
  private mutating func appendKnown(
    _ text: Span<UInt8>, _ range: Range<Int>, _ word: Span<UInt8>
  ) -> Int? {
    let start = range.upperBound - word.count
    // At its beginning an argument is one word, blanks and all.
    let isArgumentStart = isArgument && range.lowerBound == 0
    let end = isArgumentStart ? text.count : range.upperBound
    if let logon = habits.logon(word, all: text.extracting(start..<end)) {
      append(text, range.lowerBound..<(start + logon.lowerBound))
      appendMask()
      return copy(text, (start + logon.upperBound)..<end)
    }
    switch habits.match(isWhole && isArgumentStart ? text.extracting(start..<end) : word) {
    case nil: return nil
    case .next(let announced):
      next = announced
      return copy(text, range)
    case .glued(let from, let separator):
      if isArgumentStart { isWhole = true }
      append(text, range.lowerBound..<(start + from))
      guard let separator else { return appendMask(text, range) }
      return appendPair(text, range, from: start + from, separator)
    }
  }

  private mutating func appendPair(
    _ text: Span<UInt8>, _ range: Range<Int>, from start: Int, _ separator: UInt8
  ) -> Int {
    let end = secretEnd(text, range)
    let pair = text.extracting(start..<end)
    guard let index = pair.firstIndex(of: separator) else { return copy(text, start..<end) }
    append(text, start..<(start + index + 1))
    appendMask()
    return end
  }

  private mutating func appendMask(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
    appendMask()
    return secretEnd(text, range)
  }

  private func secretEnd(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
    if isWhole || quotes.areOpen(after: text.extracting(range)) { return text.count }
    return range.upperBound
  }

  private mutating func copy(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
    append(text, range)
    return range.upperBound
  }

  mutating func append(_ text: Span<UInt8>, _ range: Range<Int>) {
    for index in range { result.append(text[index]) }
  }

  mutating func append(_ byte: UInt8) { result.append(byte) }

  mutating func appendMask() { result.append(contentsOf: CommandMask.mask.utf8) }

  mutating func appendHiddenValue() {
    hidesValue = true
    appendMask()
  }

  mutating func announceRest() {
    next = .rest
    isRestHere = true
  }

  /// Where a value ends that a blank would end, were it not for quotes.
  func endOfValue(_ text: Span<UInt8>, from start: Int) -> Int {
    let end = text.endOfWord(from: start)
    return quotes.areOpen(after: text.extracting(start..<end)) ? text.count : end
  }
}
