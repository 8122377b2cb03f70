/// What a key can do. The raw value is its name in the rules.
enum WatchAction: String, CaseIterable, Sendable {
  case table, merged, split, processes
  case nextView = "next-view"
  case zoom, back
  case up, down, left, right
  case pageUp = "page-up"
  case pageDown = "page-down"
  case top, bottom
  case search
  case searchBack = "search-back"
  case nextMatch = "next-match"
  case previousMatch = "previous-match"
  case filter
  case sort
  case sortBack = "sort-back"
  case reverse
  case fold, columns, freeze, mark
  case minuteBack = "minute-back"
  case minuteForward = "minute-forward"
  case dayBack = "day-back"
  case dayForward = "day-forward"
  case spikeBack = "spike-back"
  case spikeForward = "spike-forward"
  case goTo = "go-to"
  case live, screenshot, cost, help, quit

  /// What the help screen says of it: at most 28 cells, so that two columns stand in 80.
  var help: String {
    switch self {
    case .table: "a line per host, worst top"
    case .merged: "all rows in one scroll"
    case .split: "a window per host"
    case .processes: "processes of all, by bytes"
    case .nextView: "the next view"
    case .zoom: "one host alone"
    case .back: "back; no highlights"
    case .up: "up"
    case .down: "down"
    case .left: "window before"
    case .right: "window after"
    case .pageUp: "a page up"
    case .pageDown: "a page down"
    case .top: "first line"
    case .bottom: "the end, follow newest rows"
    case .search: "search down, regular expr."
    case .searchBack: "search up"
    case .nextMatch: "next match"
    case .previousMatch: "next match the other way"
    case .filter: "only what matches; !: not"
    case .sort: "sort by the next figure"
    case .sortBack: "sort by the one before"
    case .reverse: "turn the processes round"
    case .fold: "fold or unfold what is quiet"
    case .columns: "choose columns"
    case .freeze: "freeze; rows go on"
    case .mark: "a mark into the scroll"
    case .minuteBack: "a minute back in time"
    case .minuteForward: "a minute forward"
    case .dayBack: "a day back"
    case .dayForward: "a day forward"
    case .spikeBack: "the load spike before"
    case .spikeForward: "the load spike after"
    case .goTo: "go to a time: 03:12, -2h"
    case .live: "back to now"
    case .screenshot: "the screen as a text file"
    case .cost: "what watching costs"
    case .help: "this help"
    case .quit: "quit, or back to the view"
    }
  }
}

/// Which key does what.
struct Keymap: Sendable {
  private(set) var actions: [WatchKey: WatchAction]
  /// In the order the help screen lists them.
  private var order: [WatchKey]

  static let standard = Keymap(bindings)

  // As less (/ ? n N & g G q h), htop (F1 F3 F4 F6 F10) and multitail have them. `?` searches
  // back as in less, so help is `h` and F1, which less, htop and multitail all know. Of the keys
  // in time the small letter goes back and the capital forward.
  private static let bindings: [(WatchKey, WatchAction)] = [
    (.character("1"), .table), (.character("2"), .merged), (.character("3"), .split),
    (.character("4"), .processes),
    (.tab, .nextView), (.enter, .zoom), (.escape, .back),
    (.up, .up), (.character("k"), .up), (.wheelUp, .up),
    (.down, .down), (.character("j"), .down), (.wheelDown, .down),
    (.left, .left), (.right, .right),
    (.pageUp, .pageUp), (.pageDown, .pageDown),
    (.home, .top), (.character("g"), .top), (.end, .bottom), (.character("G"), .bottom),
    (.character("/"), .search), (.function(3), .search), (.character("?"), .searchBack),
    (.character("n"), .nextMatch), (.character("N"), .previousMatch),
    (.character("&"), .filter), (.function(4), .filter),
    (.character("o"), .sort), (.function(6), .sort), (.character("O"), .sortBack),
    (.character("R"), .reverse),
    (.character("f"), .fold), (.character("c"), .columns), (.character(" "), .freeze),
    (.character("m"), .mark),
    (.character("t"), .minuteBack), (.character("T"), .minuteForward),
    (.character("d"), .dayBack), (.character("D"), .dayForward),
    (.character("e"), .spikeBack), (.character("E"), .spikeForward),
    (.character("b"), .goTo), (.character("0"), .live),
    (.character("S"), .screenshot), (.character("i"), .cost),
    (.character("h"), .help), (.function(1), .help),
    (.character("q"), .quit), (.character("Q"), .quit), (.function(10), .quit),
  ]

  private init(_ bindings: [(WatchKey, WatchAction)]) {
    actions = Dictionary(bindings, uniquingKeysWith: { $1 })
    order = bindings.map(\.0)
  }

  /// Gives a key another meaning, whatever it had before.
  mutating func bind(_ key: WatchKey, to action: WatchAction) {
    if actions.updateValue(action, forKey: key) == nil { order.append(key) }
  }

  subscript(key: WatchKey) -> WatchAction? { actions[key] }

  /// The names of the keys that do it, the first bound first.
  func names(of action: WatchAction) -> [String] {
    order.filter { actions[$0] == action }.map(\.name)
  }
}
