import Bytes
import Glibc
import Records

/// A POSIX extended regular expression (regex(7)) that command lines are looked at with, bytes as they
/// are. It owns what regcomp(3) made.
struct CommandLinePattern: ~Copyable {
  private let compiled: UnsafeMutablePointer<regex_t>

  /// - Throws: `TraceFailure.badSelection`
  init(_ text: String) throws(TraceFailure) {
    try CommandLinePattern.check(Array(text.utf8))
    let compiled = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
    let code = regcomp(compiled, text, REG_EXTENDED | REG_NOSUB)
    guard code == 0 else {
      var message = [CChar](repeating: 0, count: 256)
      regerror(code, compiled, &message, message.count)
      compiled.deallocate()
      let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw .badSelection(
        "“\(Printable.text(text, limit: 80))” is no regular expression: "
          + Printable.text(bytes.span, limit: 200))
    }
    self.compiled = compiled
  }

  deinit {
    regfree(compiled)
    compiled.deallocate()
  }

  /// Whether the expression matches anywhere in `line`, which holds no NUL.
  func matches(_ line: [UInt8]) -> Bool {
    // Its end is told, so nothing needs to be put behind it.
    var range = regmatch_t(rm_so: 0, rm_eo: regoff_t(line.count))
    return line.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else {
        return regexec(compiled, "", 0, nil, 0) == 0
      }
      let text = start.assumingMemoryBound(to: CChar.self)
      return regexec(compiled, text, 1, &range, REG_STARTEND) == 0
    }
  }

  // MARK: What it may cost

  /// Copies that all repetitions of an expression together may ask for.
  private static let repetitionLimit = 1000

  /// Most expressions take time in proportion to the text. Back-references don't, and `{m,n}` within
  /// `{m,n}` makes copies of copies: glibc would take all memory for `((a{255}){255}){255}`.
  private static func check(_ text: [UInt8]) throws(TraceFailure) {
    guard !text.isEmpty else { throw .badSelection("an empty expression matches everybody") }
    guard text.count <= TraceRequest.textLimit, !text.contains(0) else {
      throw .badSelection("an expression is at most \(TraceRequest.textLimit) bytes long")
    }
    var copies = 1
    var index = 0
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "\\"):
        index += 1
        if index < text.count, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(text[index]) {
          throw .badSelection("back-references (\\1) are not taken: they may run for ever")
        }
      case UInt8(ascii: "["): index = endOfBrackets(text, from: index)
      case UInt8(ascii: "{"): copies = min(copies * most(text, from: index + 1), .max >> 32)
      default: break
      }
      index += 1
    }
    guard copies <= repetitionLimit else {
      throw .badSelection(
        "its {m,n} ask for more than \(repetitionLimit) copies: say it with * or +")
    }
  }

  /// Where a bracket expression ends: a `]` right at its start is one of its characters.
  private static func endOfBrackets(_ text: [UInt8], from start: Int) -> Int {
    var index = start + 1
    if index < text.count, text[index] == UInt8(ascii: "^") { index += 1 }
    if index < text.count, text[index] == UInt8(ascii: "]") { index += 1 }
    while index < text.count, text[index] != UInt8(ascii: "]") {
      // `[:alpha:]`, `[.x.]`, `[=x=]` end with their own sign.
      if text[index] == UInt8(ascii: "["), index + 1 < text.count,
        [UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "=")].contains(text[index + 1])
      {
        let sign = text[index + 1]
        index += 2
        while index + 1 < text.count,
          text[index] != sign || text[index + 1] != UInt8(ascii: "]")
        { index += 1 }
        index += 1
      }
      index += 1
    }
    return index
  }

  /// The greatest number up to the closing brace; at least 1.
  private static func most(_ text: [UInt8], from start: Int) -> Int {
    var (most, number) = (1, 0)
    for byte in text[start...] {
      if byte == UInt8(ascii: "}") { break }
      let digit = byte &- UInt8(ascii: "0")
      number = digit <= 9 ? min(number * 10 + Int(digit), 1 << 20) : 0
      most = max(most, number)
    }
    return most
  }
}
