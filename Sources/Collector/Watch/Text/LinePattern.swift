import Glibc

/// A POSIX extended regular expression (regex(7)), compiled once.
///
/// Not Swift's `Regex`: that backtracks, and on a line that a hostile host sent it may do so for
/// ever. glibc's matcher is an automaton, and the one thing that makes it backtrack too, a
/// reference back (`\1`), is refused. A pattern without capitals matches both cases.
///
/// Invariant of @unchecked: `compiled` is written by `init` and freed by `deinit` only, and
/// regexec(3) on one pattern from several threads is safe in glibc, which takes a lock inside it
/// (posix/regexec.c, `lock_lock (dfa->lock)`).
public final class LinePattern: @unchecked Sendable, Equatable {
  /// Why there is no such pattern, in words for whoever typed it.
  public struct Problem: Error, Equatable, CustomStringConvertible {
    public var description: String
  }

  public let text: String
  private let compiled: UnsafeMutablePointer<regex_t>

  /// Longest pattern, bytes.
  static let lengthLimit = 200
  /// Most repetitions that `{m,n}` may stand for, all of them multiplied: each is compiled out.
  static let repetitionLimit = 1000
  /// Most bytes of a line that are looked at.
  static let lineLimit = 2048

  public init(_ text: String) throws(Problem) {
    try LinePattern.check(text)
    self.text = text
    let hasCapital = text.contains { $0.isUppercase }
    compiled = .allocate(capacity: 1)
    let code = regcomp(compiled, text, REG_EXTENDED | (hasCapital ? 0 : REG_ICASE))
    guard code == 0 else {
      var message = [CChar](repeating: 0, count: 200)
      regerror(code, compiled, &message, message.count)
      // What failed to compile must not be freed: regcomp(3) did.
      failed = true
      let words = String(
        decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw Problem(description: words)
    }
  }

  private var failed = false

  deinit {
    if !failed { regfree(compiled) }
    compiled.deallocate()
  }

  public static func == (left: LinePattern, right: LinePattern) -> Bool {
    left === right || left.text == right.text
  }

  /// Whether it occurs in a line.
  func matches(_ line: String) -> Bool {
    if line.utf8.count > LinePattern.lineLimit {
      return matches(String(line.unicodeScalars.prefix(LinePattern.lineLimit / 4)))
    }
    return regexec(compiled, line, 0, nil, 0) == 0
  }

  /// Where it occurs in a line: ranges of bytes that don't touch an end and are not empty.
  func ranges(in line: [UInt8]) -> [Range<Int>] {
    var bytes = line.prefix(LinePattern.lineLimit).map { CChar(bitPattern: $0 == 0 ? 0x20 : $0) }
    bytes.append(0)
    var ranges: [Range<Int>] = []
    bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      var start = 0
      while start < buffer.count - 1 {
        var match = regmatch_t()
        let flags = start == 0 ? 0 : REG_NOTBOL
        guard regexec(compiled, base + start, 1, &match, flags) == 0, match.rm_eo >= 0 else {
          return
        }
        let found = (start + Int(match.rm_so))..<(start + Int(match.rm_eo))
        if found.isEmpty {
          start = found.upperBound + 1
        } else {
          ranges.append(found)
          start = found.upperBound
        }
      }
    }
    return ranges
  }

  private static func check(_ text: String) throws(Problem) {
    guard text.utf8.count <= lengthLimit else {
      throw Problem(description: "longer than \(lengthLimit) bytes")
    }
    guard !text.utf8.contains(0) else { throw Problem(description: "it holds a NUL") }
    let bytes = Array(text.utf8)
    var repetitions = 1
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count {
        if (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(bytes[index + 1]) {
          throw Problem(description: "references back (\\1) are not supported")
        }
        index += 1
      } else if bytes[index] == UInt8(ascii: "{") {
        repetitions *= max(1, repetition(bytes[(index + 1)...]))
        guard repetitions <= repetitionLimit else {
          throw Problem(description: "more than \(repetitionLimit) repetitions")
        }
      }
      index += 1
    }
  }

  /// The larger number of `m,n}`.
  private static func repetition(_ bytes: ArraySlice<UInt8>) -> Int {
    var largest = 0
    var number = 0
    for byte in bytes {
      let digit = byte &- UInt8(ascii: "0")
      if digit <= 9 {
        number = min(number * 10 + Int(digit), repetitionLimit + 1)
        largest = max(largest, number)
      } else if byte == UInt8(ascii: ",") {
        number = 0
      } else {
        break
      }
    }
    return largest
  }
}

/// Which lines are shown: those that match one pattern and not the other.
struct LineFilter: Equatable, Sendable {
  var keep: LinePattern?
  var drop: LinePattern?

  var isEmpty: Bool { keep == nil && drop == nil }

  func passes(_ text: String) -> Bool {
    (keep?.matches(text) ?? true) && !(drop?.matches(text) ?? false)
  }
}
