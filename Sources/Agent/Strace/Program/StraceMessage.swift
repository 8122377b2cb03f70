import Bytes

/// A line that strace says beside its output: who it has attached to, or why it couldn't.
enum StraceMessage: Equatable {
  /// A process, or a thread or child that came later.
  case attached(Int32)
  case detached(Int32)
  /// ptrace(2) refused.
  case refused(why: String)
  /// It never ran.
  case notStarted(errno: Int32)
  case other(String)

  /// `strace: Process 4711 attached with 3 threads`; before 4.12 without `strace: `.
  init(_ line: Span<UInt8>) {
    var text = Printable.text(line, limit: 300)[...]
    if text.hasPrefix("strace: ") { text = text.dropFirst(8) }
    let words = text.split(separator: " ")
    if words.count >= 3, words[0] == "Process", let pid = Int32(words[1]) {
      switch words[2] {
      case "attached":
        self = .attached(pid)
        return
      case "detached":
        self = .detached(pid)
        return
      default: break
      }
    }
    if text.hasPrefix("exec: errno "), let code = Int32(text.dropFirst(12)) {
      self = .notStarted(errno: code)
      return
    }
    // `attach: ptrace(PTRACE_SEIZE, 4711): Operation not permitted`
    if text.hasPrefix("attach: "), let colon = text.lastIndex(of: ":") {
      let why = text[text.index(after: colon)...].drop { $0 == " " }
      self = .refused(why: String(why))
      return
    }
    self = .other(String(text))
  }
}
