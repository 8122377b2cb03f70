import CNcurses

/// Which colour a role has on a terminal. Backgrounds stay the terminal's own.
enum TerminalColours {
  /// Sets the pairs up, and returns how many colours there are to use. Call once the terminal
  /// is open.
  static func start() -> ColourDepth {
    guard has_colors(), start_color() == OK else { return .none }
    let background: Int16 = use_default_colors() == OK ? -1 : 0
    let depth = ColourDepth(count: Int(culprit_colours()))
    guard depth > .none else { return .none }
    for role in roles {
      init_pair(Int16(pair(of: role, depth: depth)), colour(of: role, depth: depth), background)
    }
    return depth
  }

  /// The ncurses pair of a role; 0 is the terminal's own look.
  static func pair(of role: ColourRole, depth: ColourDepth) -> Int32 {
    guard depth > .none else { return 0 }
    return switch role {
    case .plain: 0
    case .heading: 1
    case .good: 2
    case .warning: 3
    case .alarm: 4
    case .notice: 5
    case .host(let number): 6 + Int32(abs(number % ColourRole.hostColours))
    case .named(let colour): 6 + Int32(ColourRole.hostColours + colour.number)
    }
  }

  private static let roles: [ColourRole] =
    [.heading, .good, .warning, .alarm, .notice] + (0..<ColourRole.hostColours).map { .host($0) }
    + NamedColour.allCases.map { .named($0) }

  /// Numbers of ECMA-48: 1 red, 2 green, 3 yellow, 4 blue, 5 magenta, 6 cyan; 8 more is bright.
  private static func colour(of role: ColourRole, depth: ColourDepth) -> Int16 {
    switch role {
    case .plain: 7
    case .heading: 6
    case .good: 2
    case .warning: depth >= .sixteen ? 11 : 3
    case .alarm: depth >= .sixteen ? 9 : 1
    case .notice: depth >= .sixteen ? 14 : 6
    case .host(let number): hostColour(abs(number), depth: depth)
    case .named(let colour): Int16(colour.number)
    }
  }

  /// Neither red nor yellow: those say trouble.
  private static func hostColour(_ number: Int, depth: ColourDepth) -> Int16 {
    let colours: [Int16] =
      switch depth {
      case .none, .eight: [6, 2, 5, 4]
      case .sixteen: [6, 2, 5, 4, 14, 10, 13, 12]
      case .many: [39, 77, 141, 44, 110, 176, 108, 75, 150, 183, 43, 147]
      }
    return colours[number % colours.count]
  }
}
