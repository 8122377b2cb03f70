import Records

/// Everything the terminal view knows, as a value: state and event make the next state, and
/// `Screen.render` makes a screen of a state. Nothing here touches a clock or a terminal.
public struct WatchState: Sendable {
  /// A one-line message about the whole.
  public struct Notice: Equatable, Sendable {
    public var text: String
    public var time: Timestamp
  }

  /// Which scroll: the merged one or a host's own.
  enum ScrollName: Hashable, Sendable {
    case merged
    case host(String)
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
  /// The viewer's own colours and keys.
  let rules: WatchRules
  /// Columns of windows that the viewer asked for; `nil`: as many as have room.
  let splitColumns: Int?

  private var live: WatchedFleet
  var frozen: (fleet: WatchedFleet, at: Timestamp)?
  /// Where in the past the viewer is, or wants to be.
  var travel: Travel?
  var requests: [WatchRequest] = []

  /// The one line that answers a key.
  var reply: String?
  var prompt: Prompt?
  /// What was typed before, by prompt, newest last.
  var typed: [Prompt.Kind: [String]] = [:]
  var search: (pattern: LinePattern, isBack: Bool)?
  /// The line that the search stopped at.
  var found: (scroll: ScrollName, position: Int)?
  private(set) var arrangement = Arrangement()
  /// Whether quiet hosts are folded; `nil`: when there are more hosts than lines.
  var foldsQuiet: Bool?
  /// How the processes are arranged when they are shown.
  var processOrder = ProcessOrder()
  /// The process that keys are meant for; `nil`: the first.
  var processCursor: ProcessCursor?
  /// Lines of the processes scrolled off at the top.
  var processScroll = 0
  /// The line of the table, or the window, that keys are meant for; `nil`: the first.
  var cursor: String?
  /// The host that is shown alone.
  var zoomed: String?
  var hiddenColumns: Set<ColumnGroup> = []
  var showsCost = false
  private(set) var cost: OwnCost?
  /// Lines of the table scrolled off at the top.
  var tableScroll = 0
  var helpScroll = 0
  /// The position after the last line shown of a scroll; the newest is followed where there is
  /// none.
  var scrollEnds: [ScrollName: Int] = [:]

  /// Largest screen that is drawn; of a larger terminal the rest stays empty.
  static let columnsLimit = 1000
  static let rowsLimit = 500
  /// Most requests that wait to be taken.
  static let requestsLimit = 100

  public init(
    hosts: [String], columns: Int, rows: Int, now: Timestamp, zone: ViewerZone = .utc,
    colours: ColourDepth = .many, ascii: Bool = false, view: WatchView = .table,
    splitColumns: Int? = nil, rules: WatchRules = .standard
  ) {
    self.columns = WatchState.clamp(columns, WatchState.columnsLimit)
    self.rows = WatchState.clamp(rows, WatchState.rowsLimit)
    self.now = now
    self.zone = zone
    self.colours = colours
    self.ascii = ascii
    self.view = view
    self.splitColumns = splitColumns.map { min(max(1, $0), 15) }
    self.rules = rules
    live = WatchedFleet(zone: zone)
    live.setHosts(hosts)
    settleFolding()
  }

  /// Whether the screen stands still while events go on being taken in.
  public var isFrozen: Bool { frozen != nil }

  /// The moment of the past that is on the screen; `nil`: it shows what is.
  public var shownPast: Timestamp? { travel?.shown?.at }

  /// What the screen shows: the fleet as it was, as it was when it was frozen, or as it is.
  var fleet: WatchedFleet { travel?.shown?.fleet ?? frozen?.fleet ?? live }

  /// The moment the screen shows.
  var shownNow: Timestamp { travel?.shown?.at ?? frozen?.at ?? now }

  /// Hosts that are watched, whatever the screen shows.
  var liveHostCount: Int { live.hosts.count }

  /// What the viewer asked for since the last call.
  public mutating func takeRequests() -> [WatchRequest] {
    defer { requests = [] }
    return requests
  }

  public mutating func apply(_ event: WatchEvent) {
    switch event {
    case .sample(let sample): live.take(sample, at: now)
    case .status(let status): live.take(status)
    case .suspects(let report): live.take(report)
    case .activity(let activity): live.take(activity, at: now)
    case .burst(let burst): live.take(burst, at: now)
    case .hosts(let names):
      live.setHosts(names)
      settleFolding()
    case .key(let key): press(key)
    case .resize(let columns, let rows):
      self.columns = WatchState.clamp(columns, WatchState.columnsLimit)
      self.rows = WatchState.clamp(rows, WatchState.rowsLimit)
      settleFolding()
    case .tick(let moment):
      now = moment
      live.settle(at: moment)
    case .notice(let text): notice = Notice(text: text, time: now)
    case .reply(let text): reply = text
    case .cost(let cost): self.cost = cost
    case .past(let span): arrive(span)
    case .pastFailed(let reason): stay(reason)
    }
  }

  mutating func show(_ view: WatchView) {
    self.view = view
    showsHelp = false
    zoomed = nil
    settleFolding()
  }

  mutating func toggleFreeze() {
    guard frozen != nil else {
      // What the viewer has scrolled back to stays where it is: positions hold in the copy too.
      frozen = (live, now)
      return
    }
    frozen = nil
    scrollEnds = [:]
    found = nil
  }

  mutating func mark() {
    live.mark(at: now)
    frozen?.fleet.mark(at: now)
  }

  /// Changes how the table is arranged, in every fleet that there is.
  mutating func rearrange(_ change: (inout Arrangement) -> Void) {
    change(&arrangement)
    settleFolding()
  }

  /// Quiet hosts are folded where there are too many for the screen, unless the viewer said.
  mutating func settleFolding() {
    let wanted = (
      arrangement(for: live), frozen.map { arrangement(for: $0.fleet) },
      travel?.shown.map { arrangement(for: $0.fleet) }
    )
    live.arrange(wanted.0)
    if let arrangement = wanted.1 { frozen?.fleet.arrange(arrangement) }
    if let arrangement = wanted.2 { travel?.shown?.fleet.arrange(arrangement) }
  }

  func arrangement(for fleet: WatchedFleet) -> Arrangement {
    var arrangement = arrangement
    arrangement.isFolded = foldsQuiet ?? (fleet.hosts.count > rows - bodyTop)
    arrangement.processes = view == .processes ? processOrder : nil
    return arrangement
  }

  private static func clamp(_ size: Int, _ limit: Int) -> Int { min(max(0, size), limit) }
}
