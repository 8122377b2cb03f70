/// A key, as the terminal names it.
public enum WatchKey: Hashable, Sendable {
  case character(Character)
  /// With Ctrl held: a lower-case letter.
  case control(Character)
  /// F1 to F12.
  case function(Int)
  case tab, enter, escape, backspace
  case up, down, left, right, pageUp, pageDown, home, end
  case wheelUp, wheelDown
  /// The first mouse button, at a cell of the screen.
  case click(row: Int, column: Int)
  /// Ctrl-C, or the terminal is gone.
  case interrupt
}

extension WatchKey {
  private static let named: [(name: String, key: WatchKey)] = [
    ("Space", .character(" ")), ("Tab", .tab), ("Enter", .enter), ("Esc", .escape),
    ("Backspace", .backspace), ("Up", .up), ("Down", .down), ("Left", .left), ("Right", .right),
    ("PageUp", .pageUp), ("PageDown", .pageDown), ("Home", .home), ("End", .end),
    ("WheelUp", .wheelUp), ("WheelDown", .wheelDown),
  ]

  /// What can stand for a key in the rules, in words.
  static let namesInWords =
    "one character, F1 to F12, Ctrl-A to Ctrl-Z, or "
    + named.map(\.name).joined(separator: ", ")

  /// The key that the rules call `name`; `nil` where there is none, or none that can be bound:
  /// Ctrl-C always leaves, Ctrl-Z always suspends.
  init?(name: String) {
    if name.count == 1, let character = name.first {
      guard character.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
        return nil
      }
      self = .character(character)
    } else if let known = WatchKey.named.first(where: {
      $0.name.lowercased() == name.lowercased()
    }) {
      self = known.key
    } else if name.hasPrefix("F"), let number = Int(name.dropFirst()), (1...12).contains(number) {
      self = .function(number)
    } else if name.hasPrefix("Ctrl-"), name.utf8.count == 6,
      let letter = name.lowercased().last, ("a"..."z").contains(letter),
      // The terminal gives these other meanings: Ctrl-I is Tab, Ctrl-M and Ctrl-J are Enter.
      !"chijmqsz".contains(letter)
    {
      self = .control(letter)
    } else {
      return nil
    }
  }

  /// The name that the rules and the help screen have for it.
  var name: String {
    if let known = WatchKey.named.first(where: { $0.key == self }) { return known.name }
    return switch self {
    case .character(let character): String(character)
    case .control(let letter): "Ctrl-\(letter.uppercased())"
    case .function(let number): "F\(number)"
    case .interrupt: "Ctrl-C"
    default: "?"
    }
  }
}
