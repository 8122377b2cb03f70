/// Which rows of the screen hold what.
struct ScreenAreas: Equatable {
  /// Lines that change: hosts, or rows of a scroll.
  var body: Range<Int>
  var notice: Int?
  /// What is beyond the body, and what was set by keys.
  var rest: Int?

  /// Header line and column names stand above the body.
  static let top = 2
  /// From this height on a message has a line of its own beside the one for the rest.
  static let roomForBoth = 8

  init(top: Int = ScreenAreas.top, rows: Int, hasNotice: Bool, hasRest: Bool) {
    var bottom = rows
    if hasRest {
      bottom -= 1
      rest = bottom
    }
    if hasNotice, !hasRest || rows >= ScreenAreas.roomForBoth {
      bottom -= 1
      notice = bottom
    }
    body = top..<max(top, bottom)
  }
}

/// Which rows of the screen the fleet's processes take.
struct ProcessAreas: Equatable {
  let totals: Int
  let titles: Int
  let body: Range<Int>
  /// What isn't among the lines, in words.
  let notes: Range<Int>
  let notice: Int?
  let rest: Int?
}

extension WatchState {
  static let leastColumns = 20
  static let leastRows = 5

  var isTooSmall: Bool { columns < WatchState.leastColumns || rows < WatchState.leastRows }

  /// The banner of the past takes a line below the header.
  var hasBanner: Bool { travel != nil && rows >= ScreenAreas.roomForBoth }

  /// Where the body begins that has a line of column names above it.
  var bodyTop: Int { ScreenAreas.top + (hasBanner ? 1 : 0) }

  private var hasNotice: Bool { notice != nil || showsCost }

  private func areas(hasRest: Bool) -> ScreenAreas {
    ScreenAreas(
      top: bodyTop, rows: rows, hasNotice: hasNotice, hasRest: hasRest || !settings.isEmpty)
  }

  var tableAreas: ScreenAreas {
    let whole = areas(hasRest: false)
    return fleet.items.count > whole.body.count ? areas(hasRest: true) : whole
  }

  /// Scrolled back, the last line says how far.
  var mergedAreas: ScreenAreas { areas(hasRest: scrollEnds[.merged] != nil) }

  /// The same where it is scrolled, or about to be.
  var scrolledMergedAreas: ScreenAreas { areas(hasRest: true) }

  /// What split and zoom have: no line of column names of the whole.
  func windowAreas(hasRest: Bool) -> ScreenAreas {
    var areas = areas(hasRest: hasRest)
    areas.body = (bodyTop - 1)..<max(bodyTop - 1, areas.body.upperBound)
    return areas
  }

  /// The table's lines that are on the screen.
  var tableRange: Range<Int> {
    WatchState.range(
      of: fleet.items.count, height: tableAreas.body.count, from: tableScroll,
      selected: cursor == nil && tableScroll == 0 ? nil : selectedIndex)
  }

  /// The line that the viewer chose stays on the screen, wherever it moves.
  static func range(of count: Int, height: Int, from scroll: Int, selected: Int?) -> Range<Int> {
    var start = min(max(0, scroll), max(0, count - height))
    if let selected {
      start = min(start, selected)
      start = max(start, selected - max(0, height - 1))
    }
    return start..<min(count, start + height)
  }

  /// Totals and column names stand above the processes, and what isn't listed below them.
  var processAreas: ProcessAreas {
    var areas = areas(hasRest: false)
    // One line more than the table has above: the totals.
    let top = min(bodyTop + 1, max(bodyTop, areas.body.upperBound))
    let room = max(0, areas.body.upperBound - top)
    let notes = min(ProcessText.notes(self).count, max(0, room - 3) / 2)
    let bottom = areas.body.upperBound - notes
    areas.body = top..<max(top, bottom)
    return ProcessAreas(
      totals: bodyTop - 1, titles: bodyTop, body: areas.body,
      notes: areas.body.upperBound..<(areas.body.upperBound + notes), notice: areas.notice,
      rest: areas.rest)
  }

  /// What keys have set that is not as usual, for the last line.
  var settings: String {
    var parts: [String] = []
    if view == .processes, zoomed == nil {
      parts += processSettings
    } else if arrangement.sort != .trouble {
      parts.append("sort \(arrangement.sort.title)")
    }
    if let keep = arrangement.filter.keep { parts.append("&\(keep.text)") }
    if let drop = arrangement.filter.drop { parts.append("&!\(drop.text)") }
    if let search { parts.append("\(search.isBack ? "?" : "/")\(search.pattern.text)") }
    if !hiddenColumns.isEmpty {
      let names = ColumnGroup.allCases.filter(hiddenColumns.contains).map(\.title)
      parts.append("without \(names.joined(separator: ", "))")
    }
    return parts.joined(separator: "  ")
  }

  private var processSettings: [String] {
    var parts: [String] = []
    if processOrder.sort != .bytes { parts.append("sort \(processOrder.sort.title)") }
    if processOrder.isReversed { parts.append("the least first") }
    if processOrder.showsQuiet { parts.append("with quiet ones") }
    return parts
  }
}
