/// How many colours the terminal has. Without any, bold and reverse say what colour would.
public enum ColourDepth: Int, Comparable, CaseIterable, Sendable {
  case none = 0
  case eight = 8
  case sixteen = 16
  case many = 256

  /// The depth that a terminal with `count` colours has room for.
  public init(count: Int) {
    self = ColourDepth.allCases.last { $0.rawValue <= max(0, count) } ?? .none
  }

  public static func < (left: ColourDepth, right: ColourDepth) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// What a colour means. Which colour that is, the terminal driver says.
public enum ColourRole: Hashable, Sendable {
  case plain
  /// Header line and column names.
  case heading
  case good
  case warning
  case alarm
  /// One-line messages.
  case notice
  /// One of `hostColours` colours, by which a host's lines are known.
  case host(Int)
  /// A colour that the viewer's rules name.
  case named(NamedColour)

  /// How many colours hosts are told apart by.
  public static let hostColours = 12

  /// The colour of a host: the same in every run, since it depends on the name alone.
  static func host(named name: String) -> ColourRole {
    // FNV-1a, 32 bits: spreads web1, web2, web3 … well.
    var hash: UInt32 = 0x811C_9DC5
    for byte in name.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    return .host(Int((hash >> 16 ^ hash) % UInt32(hostColours)))
  }
}

/// The colours that rules may name, in the order of their numbers in ECMA-48.
public enum NamedColour: String, CaseIterable, Sendable {
  case black, red, green, yellow, blue, magenta, cyan, white

  /// The number of ECMA-48 (SGR 30 + n).
  var number: Int { NamedColour.allCases.firstIndex(of: self) ?? 0 }
}

/// The look of a cell.
public struct Style: Hashable, Sendable {
  public var role: ColourRole
  public var bold: Bool
  public var dim: Bool
  public var reverse: Bool

  public init(
    _ role: ColourRole = .plain, bold: Bool = false, dim: Bool = false, reverse: Bool = false
  ) {
    self.role = role
    self.bold = bold
    self.dim = dim
    self.reverse = reverse
  }

  static let plain = Style()
  static let faint = Style(dim: true)
  static let bar = Style(.heading, reverse: true)

  /// This style where there are no colours: what has to be noticed is bold, an alarm reversed.
  func withoutColour() -> Style {
    var style = self
    style.role = .plain
    if case .named = role { style.bold = true }
    style.bold = style.bold || role == .warning || role == .alarm
    style.reverse = reverse || role == .alarm
    return style
  }
}
