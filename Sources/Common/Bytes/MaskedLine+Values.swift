/// Values that stand in a word together with their names: options, variables, headers, URLs, JSON.
extension MaskedLine {
  /// Appends a word, masking the value of each `name=value` and `name:value`, and URLs' logins.
  /// Returns where it ended: at a blank, or with the text.
  mutating func appendValues(_ text: Span<UInt8>, from start: Int) -> Int {
    var index = start
    var nameStart = start
    var isQuery = false
    while index < text.count, !text[index].isBlank {
      let byte = text[index]
      let isAssigned = byte == UInt8(ascii: "=")
      if isAssigned || byte == UInt8(ascii: ":"),
        SecretName.isSecret(text.extracting(nameStart..<index), isAssigned: isAssigned)
      {
        let name = text.extracting(nameStart..<index)
        index = appendValue(text, of: name, at: index, isQuery: isQuery)
        nameStart = index
        continue
      }
      append(byte)
      index += 1
      if byte == UInt8(ascii: "?") { isQuery = text.hasPath(in: start..<index) }
      if byte == UInt8(ascii: "/"), index - start >= 3, text.holds("://", at: index - 3) {
        index = appendLogin(text, from: index)
        nameStart = index
      }
      if isAssigned || byte.endsName { nameStart = index }
    }
    return index
  }

  /// From the `=` or `:` at `index` to where the value ends.
  private mutating func appendValue(
    _ text: Span<UInt8>, of name: Span<UInt8>, at index: Int, isQuery: Bool
  ) -> Int {
    append(text[index])
    let start = index + 1
    let isAssigned = text[index] == UInt8(ascii: "=")
    if !isAssigned, name.count > 0, name[name.count - 1].isQuote {
      return appendJSONValue(text, from: start)
    }
    guard start < text.count, !text[start].isBlank || isAssigned && isArgument else {
      // Nothing follows: a header's value is in the next words.
      if !isAssigned { announceRest() }
      return start
    }
    appendHiddenValue()
    if isQuery { return endOfQueryValue(text, from: start) }
    if isArgument { return text.count }
    if !isAssigned, name.hasLowerSuffix("authorization") || name.hasLowerSuffix("cookie") {
      announceRest()
    }
    return endOfValue(text, from: start)
  }

  private func endOfQueryValue(_ text: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < text.count, text[end] != UInt8(ascii: "&"), isArgument || !text[end].isBlank {
      end += 1
    }
    return end
  }

  /// `"name": "value"`
  private mutating func appendJSONValue(_ text: Span<UInt8>, from start: Int) -> Int {
    var start = start
    while start < text.count, text[start].isBlank {
      append(text[start])
      start += 1
    }
    guard start < text.count else {
      announceRest()
      return start
    }
    appendHiddenValue()
    return text.endOfJSONValue(from: start)
  }

  /// `scheme://user:password@host` keeps the user only; a user without a password may be a token.
  /// Begins behind the `//`; returns where the `@` stands, or where it began.
  private mutating func appendLogin(_ text: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < text.count, !text[end].endsAuthority, !text[end].isBlank { end += 1 }
    let colon = text.extracting(start..<end).firstIndex(of: UInt8(ascii: ":"))
    var at = text.lastIndex(of: UInt8(ascii: "@"), in: start..<end)
    if at == nil, let colon, let lastAt, lastAt > end,
      !text.isPort(in: (start + colon + 1)..<end), text[start] != UInt8(ascii: "[")
    {
      // No host and port, so a password that has a blank or a slash.
      let limit = isArgument ? text.count : text.endOfWord(from: start)
      at = text.lastIndex(of: UInt8(ascii: "@"), in: end..<limit)
    }
    guard let at else { return start }
    if let colon, start + colon < at { append(text, start..<(start + colon + 1)) }
    appendMask()
    return at
  }
}

extension Span<UInt8> {
  /// Whether a `?` behind this begins a query: it follows a URL or a path.
  fileprivate func hasPath(in range: Range<Int>) -> Bool {
    for index in range where self[index] == UInt8(ascii: "/") { return true }
    return false
  }

  /// Whether there are digits only; none are a port, too.
  fileprivate func isPort(in range: Range<Int>) -> Bool {
    for index in range where !self[index].isDigit { return false }
    return true
  }

  /// Where a string or a number of JSON ends; the whole text's end for what is neither.
  fileprivate func endOfJSONValue(from start: Int) -> Int {
    let isEscaped = self[start] == UInt8(ascii: "\\")
    var index = isEscaped ? start + 1 : start
    guard index < count else { return count }
    if self[index].isQuote {
      guard let close = closingQuote(of: index, isEscaped: isEscaped) else { return count }
      index = close + 1
    } else {
      while index < count, self[index].isDigit { index += 1 }
    }
    guard index < count, index > start else { return count }
    return self[index].endsJSONValue ? index : count
  }

  private func closingQuote(of open: Int, isEscaped: Bool) -> Int? {
    var index = open + 1
    var backslashes = 0
    while index < count {
      if self[index] == UInt8(ascii: "\\") {
        backslashes += 1
      } else {
        let closes = isEscaped ? backslashes == 1 : backslashes % 2 == 0
        if self[index] == self[open], closes { return index }
        backslashes = 0
      }
      index += 1
    }
    return nil
  }
}

extension UInt8 {
  fileprivate var endsAuthority: Bool {
    self == UInt8(ascii: "/") || self == UInt8(ascii: "?") || self == UInt8(ascii: "#")
  }

  fileprivate var endsName: Bool {
    self == UInt8(ascii: "&") || self == UInt8(ascii: ";") || self == UInt8(ascii: ",")
      || self == UInt8(ascii: "}") || self == UInt8(ascii: "?") || self == UInt8(ascii: "{")
  }

  fileprivate var endsJSONValue: Bool {
    self == UInt8(ascii: ",") || self == UInt8(ascii: "}") || self == UInt8(ascii: "]")
      || self == UInt8(ascii: "\\") || isBlank || isQuote
  }
}
