import Bytes
import Records

/// The table: a line per host, updated in place, worst first.
enum TableView {
  /// ` 12D`
  private static let markCells = 4

  static func draw(_ state: WatchState, on screen: inout Screen) {
    let fleet = state.fleet
    // Behind a name there may stand how many of its tasks wait.
    var mark = 0
    // By places: iterating would copy each host.
    if fleet.hosts.indices.contains(where: { fleet.hosts[$0].suspectCount > 0 }) {
      mark += TableView.markCells
    }
    if fleet.hosts.indices.contains(where: { fleet.hosts[$0].isBursting }) {
      mark += BurstMark.cells
    }
    let layout = TableLayout(
      width: state.columns, longestName: fleet.longestName + mark, hidden: state.hiddenColumns)
    let areas = state.tableAreas
    drawTitles(layout, row: areas.body.lowerBound - 1, on: &screen)
    let range = state.tableRange
    let selected = state.cursor == nil ? nil : Optional(state.selectedIndex)
    for (row, index) in zip(areas.body, range) {
      switch fleet.items[index] {
      case .host(let place): draw(fleet.hosts[place], state, layout, row: row, on: &screen)
      case .fold(let fold): draw(fold, row: row, on: &screen)
      case .suspect(let place, let task):
        draw(task, of: fleet.hosts[place], row: row, on: &screen)
      }
      if let pattern = state.search?.pattern {
        screen.highlight(pattern, row: row, from: 0, to: state.columns)
      }
      if index == selected { drawCursor(row: row, layout, on: &screen) }
    }
    if fleet.items.isEmpty { drawNothing(state, areas, on: &screen) }
    if let row = areas.rest { drawRest(state, fleet, shown: range, row: row, on: &screen) }
  }

  private static func drawNothing(
    _ state: WatchState, _ areas: ScreenAreas, on screen: inout Screen
  ) {
    let text = state.fleet.hosts.isEmpty ? "no hosts" : "no host passes the filter"
    screen.put(text, row: areas.body.lowerBound, column: 0, style: .faint)
  }

  /// The name of the line that Enter means is reversed; its figures keep their colours.
  private static func drawCursor(row: Int, _ layout: TableLayout, on screen: inout Screen) {
    for column in 0..<min(layout.hostWidth, screen.columns) {
      screen[row, column].style.reverse = true
    }
  }

  /// A waiting task under its host, and how many more there are.
  private static func draw(
    _ task: Int, of host: WatchedHost, row: Int, on screen: inout Screen
  ) {
    guard let suspect = host.suspect(task) else { return }
    let rest = host.suspectCount - TableItem.suspectsLimit
    let more = task == TableItem.suspectsLimit - 1 && rest > 0 ? "  (\(rest) more: Enter)" : ""
    let end = max(4, screen.columns - more.utf8.count)
    let place = screen.put(
      "  suspect " + SuspectLine.short(suspect), row: row, column: 0, end: end, style: .faint)
    screen.put(more, row: row, column: place, style: .faint)
  }

  private static func draw(_ fold: QuietFold, row: Int, on screen: inout Screen) {
    let count = fold.places.count == 1 ? "1 host" : "\(fold.places.count) hosts"
    let tail = ": \(fold.word) (\(count))"
    let end = max(1, screen.columns - tail.utf8.count)
    let place = screen.put(fold.names, row: row, column: 0, end: end, style: .faint)
    screen.put(tail, row: row, column: place, style: .faint)
  }

  private static func drawTitles(_ layout: TableLayout, row: Int, on screen: inout Screen) {
    let style = Style(.heading, bold: true)
    screen.put("host", row: row, column: 0, end: layout.hostWidth, style: style)
    var end = layout.hostWidth
    for column in layout.columns {
      let start = end
      end += column.width + 1
      screen.put(column.title, row: row, endingAt: end, from: start, style: style)
    }
    if let spark = layout.spark {
      let title = spark.count >= 14 ? "r+b, last rows" : "r+b"
      screen.put(title, row: row, column: spark.lowerBound, end: spark.upperBound, style: style)
    }
  }

  private static func draw(
    _ host: WatchedHost, _ state: WatchState, _ layout: TableLayout, row: Int,
    on screen: inout Screen
  ) {
    let name = Style(
      host.showsFigures || host.isAbsent ? .plain : HostSentence.role(host.status.state),
      bold: !host.isQuiet)
    let suspects = host.showsFigures ? host.suspectCount : 0
    let letter = host.areSuspectsInD ? "D" : "W"
    let mark = suspects > 0 ? " \(min(suspects, 999))\(letter)" : ""
    let place = BurstMark.draw(
      host.name, isBursting: host.isBursting, row: row,
      columns: 0..<max(0, layout.hostWidth - mark.utf8.count), style: name, on: &screen)
    if !mark.isEmpty {
      screen.put(
        mark, row: row, column: place, end: layout.hostWidth, style: Style(.alarm, bold: true))
    }
    var spark = layout.spark
    if host.showsFigures {
      drawFigures(host, state, layout, row: row, on: &screen)
    } else {
      let text = HostSentence.text(of: host, state)
      // What went wrong is worth more than what was before it.
      let isLong = DisplayWidth.of(text) > layout.sentence.count
      if isLong { spark = nil }
      screen.put(
        text, row: row, column: layout.afterHost,
        end: isLong ? layout.width : layout.sentence.upperBound,
        style: host.isAbsent
          ? .faint : Style(HostSentence.role(host.status.state), dim: host.isQuiet))
    }
    if let spark {
      Sparkline.draw(host.pressure, cpus: host.cpus, on: &screen, row: row, columns: spark)
    }
    if let role = state.rules.role(ofLine: { state.fleet.text(of: host) }) {
      screen.recolour(row: row, from: 0, to: layout.width, role)
    }
  }

  private static func drawFigures(
    _ host: WatchedHost, _ state: WatchState, _ layout: TableLayout, row: Int,
    on screen: inout Screen
  ) {
    guard let sample = host.sample else { return }
    var end = layout.hostWidth
    for column in layout.columns {
      let start = end
      end += column.width + 1
      let (text, style) = cell(column, of: host, sample.row, state)
      screen.put(text, row: row, endingAt: end, from: start + 1, style: style)
    }
  }

  private static func cell(
    _ column: TableColumn, of host: WatchedHost, _ row: VmstatRow, _ state: WatchState
  ) -> (String, Style) {
    switch column {
    case .age:
      let age = host.arrival.map { state.shownNow.elapsed(since: $0) } ?? 0
      return (CompactNumber.age(seconds: age), .faint)
    case .load1:
      guard let load = host.loadAverage?.oneMinute else { return ("-", .faint) }
      return (CompactNumber.load(load), state.rules.style(ofLoad: load, cpus: host.cpus))
    case .figure(let figure):
      let style = state.rules.style(of: figure, in: row, cpus: host.cpus)
      return (text(of: figure, row[figure]), style)
    }
  }

  private static func text(of column: VmstatColumn, _ value: Int64?) -> String {
    guard let value else { return "-" }
    switch column {
    case .swpd, .free, .buff, .cache, .si, .so, .bi, .bo, .inact, .active:
      return CompactNumber.kibibytes(value)
    case .in, .cs: return CompactNumber.count(value, cells: 4)
    default: return CompactNumber.count(value, cells: 3)
    }
  }

  /// The last line: which hosts are beyond the screen, whether they can be left there, and what
  /// keys have set.
  private static func drawRest(
    _ state: WatchState, _ fleet: WatchedFleet, shown: Range<Int>, row: Int,
    on screen: inout Screen
  ) {
    var troubled = 0
    var text = ""
    if shown.count < fleet.items.count {
      let below = fleet.items[shown.upperBound...].flatMap { item -> [Int] in
        switch item {
        case .host(let place): [place]
        case .fold(let fold): fold.places
        case .suspect: []
        }
      }
      troubled = below.count { !fleet.hosts[$0].isQuiet }
      text = rest(below, troubled: troubled, above: shown.lowerBound, fleet)
    }
    let parts = [state.settings, text].filter { !$0.isEmpty }
    let style =
      troubled > 0 ? Style(.warning) : state.settings.isEmpty ? .faint : Style(.notice)
    screen.put(parts.joined(separator: "  "), row: row, column: 0, style: style)
  }

  private static let restNamesLimit = 40

  private static func rest(
    _ below: [Int], troubled: Int, above: Int, _ fleet: WatchedFleet
  ) -> String {
    var text = above > 0 ? "\(above) above; " : ""
    text += "+\(below.count) more"
    if troubled > 0 {
      text += ", \(troubled) not quiet"
    } else if !below.isEmpty {
      text += ", quiet"
    }
    // Folding takes some microseconds a name, at every screen; `f` folds them all, once.
    let named = below.prefix(restNamesLimit).map { Printable.text(fleet.hosts[$0].name, limit: 80) }
    let more = below.count > named.count ? ",…" : ""
    return below.isEmpty ? text : "\(text): \(HostNames.fold(named))\(more)"
  }
}
