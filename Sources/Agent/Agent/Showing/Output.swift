import Bytes
import Glibc

/// Standard output and error.
enum Output {
  /// Set once nobody reads any more: a good end, not an error.
  nonisolated(unsafe) private(set) static var isClosed = false
  /// Why it couldn't be written, where that is no good end: a full disk.
  nonisolated(unsafe) private(set) static var failure: Int32?

  static func write(_ text: String) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  /// Writes all of it. Single-threaded: only the agent's main thread writes.
  static func write(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    while !rest.isEmpty, !isClosed {
      let count = Glibc.write(1, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        isClosed = true
        if errno != EPIPE { failure = errno }
        return
      }
      rest = rest.dropFirst(count)
    }
  }

  static func complain(_ message: String) {
    let line = Array("culprit-agent: \(Printable.text(message, limit: 2000))\n".utf8)
    _ = line.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
  }

  static var isTerminal: Bool { isatty(1) == 1 }

  /// Whether colours are wanted: a terminal, and no NO_COLOR (no-color.org).
  static var hasColours: Bool {
    guard isTerminal else { return false }
    if let value = getenv("NO_COLOR"), value[0] != 0 { return false }
    guard let terminal = getenv("TERM") else { return false }
    return String(cString: terminal) != "dumb"
  }

  /// Size of the terminal; `nil` where standard output is none.
  static var columns: Int? { size.map { Int($0.ws_col) }.flatMap { $0 > 0 ? $0 : nil } }
  static var rows: Int? { size.map { Int($0.ws_row) }.flatMap { $0 > 0 ? $0 : nil } }

  private static var size: winsize? {
    var size = winsize()
    return ioctl(1, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
  }
}
