/// Why the terminal view can't be shown. The way out is always the same: `--plain`.
public enum TerminalError: Error, Equatable, CustomStringConvertible {
  /// Input or output is a pipe or a file.
  case notATerminal(descriptor: Int32)
  /// TERM is empty, or terminfo has no entry of that name.
  case unknownTerminal(String)
  /// Terminfo's entry has no way to place the cursor (`cup`): TERM=dumb.
  case noCursorAddressing(String)
  /// There is one terminal, and it is in use by another driver.
  case alreadyOpen
  /// A call of libc failed.
  case system(call: String, errno: Int32)
  /// ncurses gives no reason.
  case refused(String)

  public var description: String {
    switch self {
    case .notATerminal(let descriptor):
      "descriptor \(descriptor) is no terminal; use --plain for lines of text"
    case .unknownTerminal(let name):
      name.isEmpty
        ? "TERM is not set; set it to what your terminal is (xterm-256color), or use --plain"
        : "no terminfo entry for TERM=\(name); install ncurses-term, set TERM=xterm, or use --plain"
    case .noCursorAddressing(let name):
      "TERM=\(name) can't place the cursor; set TERM to what your terminal is, or use --plain"
    case .alreadyOpen: "the terminal is already in use by another view of this process"
    case .system(let call, let errno):
      "\(call) on the terminal failed (errno \(errno)); use --plain for lines of text"
    case .refused(let name): "ncurses can't open TERM=\(name); use --plain for lines of text"
    }
  }
}
