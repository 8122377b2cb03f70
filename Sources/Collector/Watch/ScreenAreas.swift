/// Which rows of the screen hold what.
struct ScreenAreas: Equatable {
  /// Lines that change: hosts, or rows of the merged scroll.
  var body: Range<Int>
  var notice: Int?
  /// What is beyond the body.
  var rest: Int?

  /// Header line and column names stand above the body.
  static let top = 2
  /// From this height on a message has a line of its own beside the one for the rest.
  static let roomForBoth = 8

  init(rows: Int, hasNotice: Bool, hasRest: Bool) {
    var bottom = rows
    if hasRest {
      bottom -= 1
      rest = bottom
    }
    if hasNotice, !hasRest || rows >= ScreenAreas.roomForBoth {
      bottom -= 1
      notice = bottom
    }
    body = ScreenAreas.top..<max(ScreenAreas.top, bottom)
  }
}

extension WatchState {
  static let leastColumns = 20
  static let leastRows = 5

  var isTooSmall: Bool { columns < WatchState.leastColumns || rows < WatchState.leastRows }

  var tableAreas: ScreenAreas {
    let whole = ScreenAreas(rows: rows, hasNotice: notice != nil, hasRest: false)
    guard fleet.hosts.count > whole.body.count else { return whole }
    return ScreenAreas(rows: rows, hasNotice: notice != nil, hasRest: true)
  }

  var mergedAreas: ScreenAreas {
    mergedEnd == nil
      ? ScreenAreas(rows: rows, hasNotice: notice != nil, hasRest: false) : scrolledMergedAreas
  }

  /// Scrolled back, the last line says how far.
  var scrolledMergedAreas: ScreenAreas {
    ScreenAreas(rows: rows, hasNotice: notice != nil, hasRest: true)
  }

  /// The places in the table's order that are on the screen.
  var tableRange: Range<Int> {
    let height = tableAreas.body.count
    let count = fleet.hosts.count
    let start = min(tableScroll, max(0, count - height))
    return start..<min(count, start + height)
  }

  /// The positions of the merged scroll that are on the screen.
  var mergedRange: Range<Int> {
    let merged = fleet.merged
    let height = mergedAreas.body.count
    let wanted = min(mergedEnd ?? merged.end, merged.end)
    let end = max(wanted, min(merged.end, merged.start + height))
    return max(merged.start, end - height)..<end
  }
}
