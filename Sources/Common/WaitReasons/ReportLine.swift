import Bytes
import Records

/// What one line of a report says, whatever mailers, syslog, the journal and dmesg put before it.
enum ReportLine: Equatable {
  /// `schedule+0x2c/0x80`; unreliable with `?` before it.
  case frame(String, isReliable: Bool, isPlainStack: Bool)
  /// `[<0>] 0xffffffffffffffff`: the end of a stack of old kernels.
  case stackEnd
  /// `INFO: task NAME:PID blocked for more than N seconds.`
  case blocked(TaskReference, seconds: Int64?)
  /// `task:NAME state:D … pid:N`, or the older `NAME D 0 PID PPID 0x0`.
  case header(ReportedTask)
  /// `INFO: task NAME:PID is blocked on a mutex likely owned by task NAME:PID.`
  case owner(of: TaskReference, owner: TaskReference)
  case workqueue(String)
  /// `Call Trace:`
  case callTrace
  /// `</TASK>`
  case traceEnd
  /// `CPU: 0 PID: 1 Comm: x`: what follows is a trace of running code.
  case running
  /// `2 locks held by NAME/PID:`
  case locksHeld(TaskReference)
  /// ` #0: ADDRESS (NAME){…}, at: FUNCTION+…`
  case lock(address: String, name: String, function: String)
  /// A command or a title that names a stack: `/proc/PID/stack`.
  case stackOf(Int32)
  case blank
  case other

  /// Longest line that is read; what goes beyond is left out.
  static let limit = 1024

  init(_ text: Substring) {
    let content = LinePrefix.content(of: text)
    self = ReportLine.sentence(content, whole: text) ?? ReportLine.trace(content)
  }

  // MARK: - Sentences of the kernel

  private static func sentence(_ content: Substring, whole: Substring) -> ReportLine? {
    if content.isEmpty { return .blank }
    if let place = content.range(of: "INFO: task ") {
      return info(content[place.upperBound...])
    }
    if let place = content.range(of: " blocked for more than ") {
      // A mailer broke the line in front of it.
      return .blocked(
        task(content[..<place.lowerBound]), seconds: number(content[place.upperBound...]))
    }
    if content.hasPrefix("blocked for more than ") {
      return .blocked(
        TaskReference(pid: nil, name: nil), seconds: number(content.dropFirst(22)))
    }
    if content.hasPrefix("Workqueue: ") {
      return .workqueue(String(content.dropFirst(11).trimmed.prefix(80)))
    }
    if content.hasPrefix("Call Trace:") || content.hasPrefix("Call trace:")
      || content.hasPrefix("Backtrace:")
    {
      return .callTrace
    }
    if content.hasPrefix("</TASK>") { return .traceEnd }
    if content.hasPrefix("CPU: "), content.range(of: " PID: ") != nil { return .running }
    if let lock = lockLine(content) { return lock }
    if let pid = stackPath(whole) { return .stackOf(pid) }
    return TaskHeader.task(in: content).map { .header($0) }
  }

  /// What stands after `INFO: task `.
  private static func info(_ text: Substring) -> ReportLine {
    if let place = text.range(of: " blocked ") {
      let rest = text[place.upperBound...]
      if rest.hasPrefix("on a"), text[..<place.lowerBound].hasSuffix(" is") {
        return owner(text[..<place.lowerBound].dropLast(3), rest)
      }
      let seconds = rest.range(of: "more than ").flatMap { number(rest[$0.upperBound...]) }
      return .blocked(task(text[..<place.lowerBound]), seconds: seconds)
    }
    return .blocked(task(text), seconds: nil)
  }

  private static func owner(_ waiter: Substring, _ text: Substring) -> ReportLine {
    for words in ["owned by task ", "held by task "] {
      guard let place = text.range(of: words) else { continue }
      let end = text.lastIndex(of: ".") ?? text.endIndex
      guard place.upperBound < end else { return .other }
      return .owner(of: task(waiter), owner: task(text[place.upperBound..<end]))
    }
    return .other
  }

  /// `NAME:PID`; the name may hold colons and spaces.
  static func task(_ text: Substring, separator: Character = ":") -> TaskReference {
    let text = text.trimmed
    guard let place = text.lastIndex(of: separator),
      let pid = Int32(text[text.index(after: place)...]), pid >= 0
    else { return TaskReference(pid: nil, name: name(text)) }
    return TaskReference(pid: pid, name: name(text[..<place]))
  }

  /// A name of bounded length; `nil` where there is none.
  static func name(_ text: Substring) -> String? {
    let text = text.trimmed
    return text.isEmpty ? nil : String(text.prefix(64))
  }

  /// The number that `text` begins with.
  static func number(_ text: Substring) -> Int64? {
    Int64(text.drop { $0 == " " }.prefix { $0.isASCII && $0.isNumber })
  }

  /// The pid of a path `/proc/PID/stack` or `/proc/PID/task/TID/stack`.
  private static func stackPath(_ text: Substring) -> Int32? {
    guard let place = text.range(of: "/proc/") else { return nil }
    let parts = text[place.upperBound...].split(separator: "/", maxSplits: 4)
    guard let pid = parts.first.flatMap({ Int32($0) }), pid > 0 else { return nil }
    if parts.count >= 2, parts[1].hasPrefix("stack") { return pid }
    guard parts.count >= 4, parts[1] == "task", parts[3].hasPrefix("stack") else { return nil }
    return Int32(parts[2])
  }

  // MARK: - lockdep

  private static func lockLine(_ content: Substring) -> ReportLine? {
    if let place = content.range(of: " held by "), content.hasSuffix(":"),
      content[..<place.lowerBound].hasSuffix("lock")
        || content[..<place.lowerBound].hasSuffix("locks")
    {
      return .locksHeld(task(content[place.upperBound...].dropLast(), separator: "/"))
    }
    guard content.hasPrefix("#"), let colon = content.firstIndex(of: ":"),
      let open = content.firstIndex(of: "("), let at = content.range(of: ", at: "), colon < open,
      open < at.lowerBound
    else { return nil }
    let middle = content[content.index(after: open)..<at.lowerBound]
    guard let close = middle.lastIndex(where: { $0 == ")" }) else { return nil }
    return .lock(
      address: String(content[content.index(after: colon)..<open].trimmed.prefix(32)),
      name: String(middle[..<close].prefix(80)),
      function: KernelSymbol.plain(String(content[at.upperBound...].prefix { $0 != "+" })))
  }

  // MARK: - Frames

  private static func trace(_ content: Substring) -> ReportLine {
    guard !content.hasPrefix("RIP") else { return .other }
    var rest = content
    let isPlain = rest.hasPrefix("[<")
    // Addresses: `[<ffffffff8105b1a1>]`, powerpc's `[c00000] [c00001]`, s390's `([<0000>]`.
    while let first = rest.first, first == "[" || first == "(",
      let close = rest.firstIndex(of: "]"),
      isAddress(rest[rest.index(after: rest.startIndex)..<close])
    {
      rest = rest[rest.index(after: close)...].trimmed
    }
    if isPlain, rest.hasPrefix("0x") { return .stackEnd }
    // arm's `(schedule) from [<8000>] (worker_thread+0x1/0x2)`.
    if let place = rest.range(of: " from "), rest[..<place.lowerBound].allSatisfy(isFromWord) {
      rest = rest[..<place.lowerBound]
      return frame(name: rest.filter { $0 != "(" && $0 != ")" }, isPlain: isPlain)
    }
    var isReliable = true
    if rest.hasPrefix("? ") {
      isReliable = false
      rest = rest.dropFirst(2).trimmed
    }
    if rest.hasPrefix("(") { rest = rest.dropFirst() }
    if rest.hasPrefix("#") { rest = crashFrame(rest) }
    guard let name = frameName(rest, needsOffset: !isPlain) else { return .other }
    return .frame(name, isReliable: isReliable, isPlainStack: isPlain)
  }

  private static func frame(name: some StringProtocol, isPlain: Bool) -> ReportLine {
    guard let name = frameName(Substring(name), needsOffset: false) else { return .other }
    return .frame(name, isReliable: true, isPlainStack: isPlain)
  }

  private static func isFromWord(_ character: Character) -> Bool {
    character == "(" || character == ")"
      || character.utf8.count == 1 && character.utf8.allSatisfy(KernelSymbol.isPart)
  }

  private static func isAddress(_ text: Substring) -> Bool {
    let text = text.drop { $0 == "<" || $0 == "[" }
    return !text.isEmpty && text.allSatisfy { $0.isHexDigit || $0 == ">" || $0 == "x" || $0 == "*" }
  }

  /// crash(8)'s ` #1 [ffff88…] schedule at ffffffff81…`, without what stands around the name.
  private static func crashFrame(_ text: Substring) -> Substring {
    guard let close = text.firstIndex(of: "]") else { return text }
    let rest = text[text.index(after: close)...].trimmed
    guard let at = rest.range(of: " at ") else { return text }
    return rest[..<at.lowerBound] + "+0x0/0x0"
  }

  /// The function that `text` consists of: `name+0x1/0x2`, perhaps with ` [module]` after it, or
  /// the bare name where the table knows it. Anything else is prose.
  private static func frameName(_ text: Substring, needsOffset: Bool) -> String? {
    let bytes = text.utf8
    let nameEnd = bytes.firstIndex { !KernelSymbol.isPart($0) } ?? text.endIndex
    let name = text[..<nameEnd]
    guard let first = name.first, !first.isNumber, name.utf8.count <= KernelSymbol.limit else {
      return nil
    }
    let plain = KernelSymbol.plain(String(name))
    let rest = text[nameEnd...]
    if rest.hasPrefix("+") {
      let offset = rest.dropFirst().prefix { $0.isHexDigit || $0 == "x" || $0 == "/" }
      guard !offset.isEmpty, isModule(rest.dropFirst(1 + offset.count)) else { return nil }
      return plain
    }
    guard isModule(rest) else { return nil }
    return !needsOffset || WaitIndex.shared.uses[plain] != nil ? plain : nil
  }

  /// What may follow a frame: nothing, its module, a remark of the unwinder.
  private static func isModule(_ text: Substring) -> Bool {
    let text = text.trimmed
    if text.isEmpty || text == ")" { return true }
    guard text.hasPrefix("[") || text.hasPrefix("(") || text.hasPrefix(") [") else { return false }
    return text.hasSuffix("]") || text.hasSuffix(")")
  }
}

extension Substring {
  /// Without blanks at either end.
  var trimmed: Substring {
    var result = self
    while let first = result.utf8.first, first == 0x20 || first == 0x09 || first == 0x0D {
      result = Substring(result.utf8.dropFirst())
    }
    while let last = result.utf8.last, last == 0x20 || last == 0x09 || last == 0x0D {
      result = Substring(result.utf8.dropLast())
    }
    return result
  }

  /// Where `words` first stand; the standard library has this only with regular expressions.
  func range(of words: String) -> Range<Index>? {
    let wanted = Array(words.utf8)
    guard let first = wanted.first else { return nil }
    var start = startIndex
    while let place = self[start...].utf8.firstIndex(of: first) {
      if self[place...].utf8.starts(with: wanted) {
        return place..<utf8.index(place, offsetBy: wanted.count)
      }
      start = utf8.index(after: place)
    }
    return nil
  }
}
