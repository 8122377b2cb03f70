/// Which windows of the split view are on the screen, and where.
struct SplitLayout {
  struct Window {
    let host: String
    /// The row of its title.
    let title: Int
    /// Rows for tasks that wait, where there are some and it is tall enough.
    let suspects: Range<Int>
    /// The row of its column names, where it is tall enough.
    let names: Int?
    /// Its rows.
    let body: Range<Int>
    let area: Range<Int>
  }

  /// The hosts that have a window, on this page or not.
  let hosts: [String]
  /// The place in `hosts` of the window that keys are meant for.
  let selectedIndex: Int
  let windows: [Window]
  let areas: ScreenAreas
  /// Windows before those on the screen.
  let before: Int

  /// A title, column names and two rows.
  static let leastHeight = 4
  static let heightWithNames = 4
  /// With this many rows there is room for tasks that wait, at most so many: the zoom has all.
  static let heightWithSuspects = 10
  static let suspectsLimit = 3
  /// The columns that tell who waits have room in this many cells.
  static let usualWidth = 66
  static let leastWidth = 20

  var selected: Window? {
    let index = selectedIndex - before
    return windows.indices.contains(index) ? windows[index] : nil
  }

  init(_ state: WatchState) {
    let fleet = state.fleet
    let hosts = SplitLayout.hosts(of: fleet)
    self.hosts = hosts
    selectedIndex = state.cursor.flatMap { hosts.firstIndex(of: $0) } ?? 0
    var areas = state.windowAreas(hasRest: false)
    var (columns, lines) = SplitLayout.grid(state, areas.body.count, hosts.count)
    if columns * lines < hosts.count {
      areas = state.windowAreas(hasRest: true)
      (columns, lines) = SplitLayout.grid(state, areas.body.count, hosts.count)
    }
    self.areas = areas
    let perPage = max(1, columns * lines)
    before = selectedIndex / perPage * perPage
    let shown = hosts[min(before, hosts.count)..<min(hosts.count, before + perPage)]
    windows = shown.enumerated().map { index, host in
      SplitLayout.window(
        host, suspects: fleet[host: host].map { $0.showsFigures ? $0.suspectCount : 0 } ?? 0,
        column: index / lines, line: index % lines, columns: columns,
        lines: min(lines, shown.count), areas.body, width: state.columns)
    }
  }

  /// In the fleet's order: a window stays where it is. One that the filter leaves nothing of has
  /// none.
  private static func hosts(of fleet: WatchedFleet) -> [String] {
    guard !fleet.arrangement.filter.isEmpty else { return fleet.hosts.map(\.name) }
    let passing = Set(fleet.order)
    return fleet.hosts.indices
      .filter { passing.contains($0) || !fleet.hosts[$0].scroll.isEmpty }
      .map { fleet.hosts[$0].name }
  }

  /// Windows beside each other and above each other.
  private static func grid(_ state: WatchState, _ height: Int, _ count: Int) -> (Int, Int) {
    let room = max(1, state.columns / leastWidth)
    let wanted = state.splitColumns ?? max(1, state.columns / usualWidth)
    let columns = max(1, min(wanted, room, max(1, count)))
    let needed = (count + columns - 1) / columns
    return (columns, max(1, min(needed, height / leastHeight)))
  }

  private static func window(
    _ host: String, suspects: Int, column: Int, line: Int, columns: Int, lines: Int,
    _ body: Range<Int>,
    width: Int
  ) -> Window {
    // The last cell of each column but the last is the line between them.
    let left = column * width / columns
    let right = (column + 1) * width / columns
    let top = body.lowerBound + line * body.count / lines
    let bottom = body.lowerBound + (line + 1) * body.count / lines
    let hasNames = bottom - top >= heightWithNames
    let shown = bottom - top >= heightWithSuspects ? min(suspects, suspectsLimit) : 0
    let names = min(bottom, top + 1 + shown)
    let first = min(bottom, names + (hasNames ? 1 : 0))
    return Window(
      host: host, title: top, suspects: min(bottom, top + 1)..<names,
      names: hasNames ? names : nil, body: first..<bottom,
      area: left..<(column + 1 < columns ? right - 1 : right))
  }
}
