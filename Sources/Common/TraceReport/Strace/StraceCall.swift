import Bytes

/// Where the parts of a call stand in a line: its name, its arguments, what it returned.
struct StraceCall {
  enum Ending: Equatable {
    /// With a result.
    case returned
    /// `<unfinished ...>`: another task's line comes first.
    case unfinished
    /// `<detached ...>`: strace let go of the task inside it.
    case detached
    /// The line breaks off.
    case cut
  }

  /// Arguments whose places are kept.
  static let argumentLimit = 4

  var name: Range<Int>
  var arguments = InlineArray<4, Range<Int>>(repeating: 0..<0)
  var argumentCount = 0
  /// All that stands between the brackets.
  var inside = 0..<0
  var ending = Ending.cut
  /// What follows the `=`, without the time.
  var result = 0..<0
  /// From `-T`, nanoseconds.
  var duration: UInt64?
}

extension Span<UInt8> {
  /// The call whose name begins at `start`; `nil` where there is none.
  func straceCall(from start: Int) -> StraceCall? {
    var cursor = start
    while cursor < count, self[cursor].isNameByte { cursor += 1 }
    // `????(`: strace couldn't read which call it is.
    while cursor < count, self[cursor] == UInt8(ascii: "?") { cursor += 1 }
    guard cursor > start, cursor - start <= 64, cursor < count,
      self[cursor] == UInt8(ascii: "("), self[start] &- UInt8(ascii: "0") > 9
    else { return nil }
    var call = StraceCall(name: start..<cursor)
    readArguments(of: &call, from: cursor + 1)
    return call
  }

  /// The rest of a call, `<... fsync resumed>) = 0`; `nil` where it is none.
  func resumedCall(from start: Int) -> StraceCall? {
    guard matches("<... ", at: start) else { return nil }
    var end = start + 5
    while end < count, self[end] != UInt8(ascii: " ") { end += 1 }
    guard end > start + 5, end - start <= 69, matches(" resumed>", at: end) else { return nil }
    var call = StraceCall(name: (start + 5)..<end)
    readArguments(of: &call, from: end + 9)
    return call
  }

  /// The rest of a call that the program's own output, or strace's, broke in two.
  func continuedCall(from start: Int) -> StraceCall? {
    var call = StraceCall(name: start..<start)
    readArguments(of: &call, from: start)
    return call.ending == .returned ? call : nil
  }

  /// Reads up to the bracket that closes the call, and what comes behind it.
  private func readArguments(of call: inout StraceCall, from start: Int) {
    var cursor = start
    var depth = 0
    var argument = start
    while cursor < count {
      let byte = self[cursor]
      switch byte {
      case UInt8(ascii: "\""):
        cursor = stringEnd(from: cursor)
        continue
      case UInt8(ascii: "<"):
        if let ending = openEnding(at: cursor) {
          call.add(argument..<cursor)
          call.inside = start..<cursor
          call.ending = ending
          return
        }
        // `3</var/lib/x>`, and not `1<<3`.
        if cursor > start, self[cursor - 1].isNameByte, !matches("<<", at: cursor) {
          cursor = decorationEnd(from: cursor)
          continue
        }
        // `restart_syscall(<... resuming interrupted poll ...>`
        if matches("<... ", at: cursor) { cursor = decorationEnd(from: cursor) - 1 }
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: ","):
        if depth <= 0 {
          call.add(argument..<cursor)
          argument = cursor + 1
        }
      case UInt8(ascii: ")"):
        if depth <= 0 {
          // Where a bracket was cut off in the arguments, the first that is followed by a result ends.
          if readResult(of: &call, from: cursor + 1) {
            call.add(argument..<cursor)
            call.inside = start..<cursor
            return
          }
        }
        depth = Swift.max(0, depth - 1)
      default: break
      }
      cursor += 1
    }
    call.add(argument..<count)
    call.inside = start..<count
  }

  /// ` = 4096 <0.000123>`, with as many blanks as bring the `=` under the others'.
  private func readResult(of call: inout StraceCall, from start: Int) -> Bool {
    var cursor = start
    skipBlanks(&cursor)
    guard cursor < count, self[cursor] == UInt8(ascii: "=") else { return false }
    cursor += 1
    skipBlanks(&cursor)
    guard cursor < count else { return false }
    let first = self[cursor]
    guard
      first &- UInt8(ascii: "0") <= 9 || first == UInt8(ascii: "-") || first == UInt8(ascii: "?")
    else { return false }
    var result = cursor..<count
    call.duration = takeDuration(&result)
    call.result = result
    call.ending = .returned
    return true
  }

  private func openEnding(at place: Int) -> StraceCall.Ending? {
    if matches("<unfinished ...>", at: place) { return .unfinished }
    if matches("<detached ...>", at: place) { return .detached }
    // A thread became another program: `execve(… <pid changed to 123 ...>`.
    if matches("<pid changed to ", at: place) { return .unfinished }
    return nil
  }

  /// Behind the string that begins at `start`, or the end of the line.
  private func stringEnd(from start: Int) -> Int {
    var cursor = start + 1
    while cursor < count {
      if self[cursor] == UInt8(ascii: "\\") {
        cursor += 2
        continue
      }
      if self[cursor] == UInt8(ascii: "\"") { return cursor + 1 }
      cursor += 1
    }
    return count
  }

  /// Behind what `-y` puts at a descriptor, which begins at `start` with `<`.
  ///
  /// A path is ended by the next `>` (strace escapes those in it), but a device has its own inside:
  /// `</dev/null<char 1:3>>`. In a socket's ends the `>` of an arrow ends nothing.
  func decorationEnd(from start: Int) -> Int {
    var cursor = start + 1
    var depth = 1
    let isPath = cursor < count && self[cursor] == UInt8(ascii: "/")
    while cursor < count {
      switch self[cursor] {
      case UInt8(ascii: "<"): depth += 1
      case UInt8(ascii: ">"):
        if isPath || self[cursor - 1] != UInt8(ascii: "-") { depth -= 1 }
        if depth == 0 { return cursor + 1 }
      default: break
      }
      cursor += 1
    }
    return count
  }
}

extension StraceCall {
  fileprivate mutating func add(_ range: Range<Int>) {
    guard argumentCount < StraceCall.argumentLimit else { return }
    arguments[argumentCount] = range
    argumentCount += 1
  }
}

extension UInt8 {
  fileprivate var isNameByte: Bool {
    self &- UInt8(ascii: "a") < 26 || self &- UInt8(ascii: "0") <= 9
      || self &- UInt8(ascii: "A") < 26 || self == UInt8(ascii: "_")
  }
}
