import Bytes

/// What stands in front of a line of strace(1), and where the rest of it begins.
struct StraceLine {
  /// The task that the line is of; `nil` where it doesn't say.
  var pid: Int32?
  var stamp: StraceTime.Stamp?
  /// Where the call, the signal or the message begins.
  var body: Int

  /// Reads what is in front of a call: quoting of a mail, `[pid 123] ` or `123  `, and times.
  init(_ line: Span<UInt8>) {
    var cursor = 0
    line.skipQuoting(&cursor)
    pid = line.straceTask(&cursor)
    while let found = line.straceTime(&cursor) {
      // Where there are two, the first is the one of day; what lies since the last line follows.
      if stamp == nil { stamp = found }
    }
    while line.skipNumber(&cursor) {}
    body = cursor
  }
}

extension Span<UInt8> {
  /// Blanks, the `> ` of mails, a `^C` of the terminal, and what the journal puts in front of what
  /// strace writes (`[  4.019227] strace[262]: `).
  fileprivate func skipQuoting(_ cursor: inout Int) {
    while cursor < count {
      switch self[cursor] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ">"): cursor += 1
      case UInt8(ascii: "^") where cursor + 1 < count && self[cursor + 1] == UInt8(ascii: "C"):
        cursor += 2
      default:
        if self[cursor] == UInt8(ascii: "["), let end = journalEnd(from: cursor) { cursor = end }
        return
      }
    }
  }

  private func journalEnd(from start: Int) -> Int? {
    guard !matches("[pid", at: start) else { return nil }
    var cursor = start
    while cursor < Swift.min(count, start + 100) {
      if matches("strace[", at: cursor) {
        var end = cursor + 7
        guard digits(&end) != nil, matches("]: ", at: end) else { return nil }
        end += 3
        skipBlanks(&end)
        return end
      }
      cursor += 1
    }
    return nil
  }

  /// Whether the bytes of `text` stand at `place`.
  func matches(_ text: StaticString, at place: Int) -> Bool {
    place >= 0 && place + text.utf8CodeUnitCount <= count
      && equals(text, in: place..<(place + text.utf8CodeUnitCount))
  }

  /// `[ 257] `: a call's number (`-n`); `[00007eff334dfce7] `: where it was made (`-i`).
  fileprivate func skipNumber(_ cursor: inout Int) -> Bool {
    guard cursor < count, self[cursor] == UInt8(ascii: "[") else { return false }
    var here = cursor + 1
    skipBlanks(&here)
    let start = here
    while here < count, self[here].isHexadecimal || self[here] == UInt8(ascii: "?") { here += 1 }
    guard here > start, matches("] ", at: here) else { return false }
    here += 2
    skipBlanks(&here)
    cursor = here
    return true
  }

  /// `[pid 123] `, `[pid  123<bash>] `, `123  `, `123<bash> `: `-f` to the terminal, and to a file.
  fileprivate func straceTask(_ cursor: inout Int) -> Int32? {
    var here = cursor
    let isBracketed = matches("[pid", at: here)
    if isBracketed {
      here += 4
      skipBlanks(&here)
    }
    guard let number = digits(&here), number > 0, number <= Span.largestPID else { return nil }
    // `-Y`, `--decode-pids=comm`
    if here < count, self[here] == UInt8(ascii: "<") { here = decorationEnd(from: here) }
    if isBracketed {
      guard here < count, self[here] == UInt8(ascii: "]") else { return nil }
      here += 1
    }
    guard here < count, self[here] == UInt8(ascii: " ") || self[here] == UInt8(ascii: "\t") else {
      return nil
    }
    skipBlanks(&here)
    cursor = here
    return Int32(number)
  }
}

extension UInt8 {
  fileprivate var isHexadecimal: Bool {
    self &- UInt8(ascii: "0") <= 9 || self &- UInt8(ascii: "a") < 6 || self &- UInt8(ascii: "A") < 6
  }
}
