import Records

/// Everything the terminal view knows, as a value: state and event make the next state, and
/// `Screen.render` makes a screen of a state. Nothing here touches a clock or a terminal.
public struct WatchState: Sendable {
  /// A one-line message about the whole.
  public struct Notice: Equatable, Sendable {
    public var text: String
    public var time: Timestamp
  }

  public private(set) var view: WatchView = .table
  public internal(set) var showsHelp = false
  /// The viewer asked to leave.
  public internal(set) var wantsQuit = false
  public private(set) var columns: Int
  public private(set) var rows: Int
  /// The viewer's clock, as of the last tick.
  public private(set) var now: Timestamp
  /// The newest message; older ones are gone.
  public private(set) var notice: Notice?
  public let colours: ColourDepth
  /// Only ASCII is drawn: the locale's characters are not UTF-8.
  public let ascii: Bool
  public let zone: ViewerZone

  private var live = WatchedFleet()
  private var frozen: (fleet: WatchedFleet, at: Timestamp)?
  /// Hosts of the table scrolled off at the top.
  var tableScroll = 0
  /// The position after the last line shown of the merged scroll; `nil` follows the newest.
  var mergedEnd: Int?

  /// Largest screen that is drawn; of a larger terminal the rest stays empty.
  static let columnsLimit = 1000
  static let rowsLimit = 500

  public init(
    hosts: [String], columns: Int, rows: Int, now: Timestamp, zone: ViewerZone = .utc,
    colours: ColourDepth = .many, ascii: Bool = false
  ) {
    self.columns = WatchState.clamp(columns, WatchState.columnsLimit)
    self.rows = WatchState.clamp(rows, WatchState.rowsLimit)
    self.now = now
    self.zone = zone
    self.colours = colours
    self.ascii = ascii
    live.setHosts(hosts)
  }

  /// Whether the screen stands still while events go on being taken in.
  public var isFrozen: Bool { frozen != nil }

  /// What the screen shows: the fleet as it is, or as it was when it was frozen.
  var fleet: WatchedFleet { frozen?.fleet ?? live }

  /// The moment the screen shows.
  var shownNow: Timestamp { frozen?.at ?? now }

  public mutating func apply(_ event: WatchEvent) {
    switch event {
    case .sample(let sample): live.take(sample, at: now)
    case .status(let status): live.take(status)
    case .hosts(let names): live.setHosts(names)
    case .key(let key): press(key)
    case .resize(let columns, let rows):
      self.columns = WatchState.clamp(columns, WatchState.columnsLimit)
      self.rows = WatchState.clamp(rows, WatchState.rowsLimit)
    case .tick(let moment):
      now = moment
      live.settle(at: moment)
    case .notice(let text): notice = Notice(text: text, time: now)
    }
  }

  mutating func show(_ view: WatchView) {
    self.view = view
    showsHelp = false
  }

  mutating func toggleFreeze() {
    frozen = frozen == nil ? (live, now) : nil
  }

  private static func clamp(_ size: Int, _ limit: Int) -> Int { min(max(0, size), limit) }
}
