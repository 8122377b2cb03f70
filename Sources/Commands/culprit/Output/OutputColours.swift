import Foundation

/// Colours for what is printed on a terminal; none in a pipe, with NO_COLOR (no-color.org), on a
/// dumb terminal, or where the user says so.
struct OutputColours {
  let areOn: Bool

  init(isPlain: Bool) {
    let environment = ProcessInfo.processInfo.environment
    areOn =
      !isPlain && StandardOutput.isTerminal && environment["NO_COLOR"]?.isEmpty ?? true
      && environment["TERM"] != "dumb"
  }

  func bold(_ text: String) -> String { wrap(text, "1") }
  func faint(_ text: String) -> String { wrap(text, "2") }
  func red(_ text: String) -> String { wrap(text, "31") }
  func green(_ text: String) -> String { wrap(text, "32") }
  func yellow(_ text: String) -> String { wrap(text, "33") }

  private func wrap(_ text: String, _ code: String) -> String {
    areOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
