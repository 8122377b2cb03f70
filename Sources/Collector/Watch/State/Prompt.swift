/// A line that the viewer types: editing is as in less and bash.
struct Prompt: Equatable, Sendable {
  enum Kind: Hashable, Sendable {
    case search, searchBack, filter, goTo
    /// Not typed into: each letter shows or hides a group of columns.
    case columns
  }

  let kind: Kind
  private(set) var text = ""
  /// Why what was typed can't be taken.
  var problem: String?
  /// Which of the earlier lines is shown; `nil` is the one being typed.
  private var recalled: Int?
  private var typed = ""

  static let lengthLimit = 200

  init(_ kind: Kind) { self.kind = kind }

  /// What stands before the text.
  var label: String {
    switch kind {
    case .search: "/"
    case .searchBack: "?"
    case .filter: "&"
    case .goTo: "go to: "
    case .columns: ""
    }
  }

  /// What stands in place of the text while there is none.
  var hint: String {
    switch kind {
    case .search: "regular expression; Enter repeats the last"
    case .searchBack: "search back (help is h or F1)"
    case .filter: "only lines that match; !PATTERN without them; empty: all lines"
    case .goTo: "03:12, -2h, 2026-11-22 03:12"
    case .columns: ""
    }
  }

  mutating func edit(_ key: WatchKey, earlier: [String]) {
    problem = nil
    switch key {
    case .character(let character):
      guard text.utf8.count + character.utf8.count <= Prompt.lengthLimit else { return }
      set(text + String(character))
    case .backspace: set(String(text.dropLast()))
    case .control("u"): set("")
    case .control("w"):
      let words = text.trimmingSuffix { $0 == " " }
      set(words.trimmingSuffix { $0 != " " })
    case .up: recall(-1, earlier)
    case .down: recall(1, earlier)
    default: break
    }
  }

  private mutating func set(_ text: String) {
    self.text = text
    recalled = nil
  }

  private mutating func recall(_ step: Int, _ earlier: [String]) {
    if recalled == nil { typed = text }
    let place = min((recalled ?? earlier.count) + step, earlier.count)
    guard place >= 0 else { return }
    recalled = place < earlier.count ? place : nil
    text = place < earlier.count ? earlier[place] : typed
  }
}

extension String {
  fileprivate func trimmingSuffix(_ isTrimmed: (Character) -> Bool) -> String {
    var text = self
    while let last = text.last, isTrimmed(last) { text.removeLast() }
    return text
  }
}
