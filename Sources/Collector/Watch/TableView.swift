import Bytes
import Records

/// The table: a line per host, updated in place, worst first.
enum TableView {
  static func draw(_ state: WatchState, on screen: inout Screen) {
    let fleet = state.fleet
    let layout = TableLayout(width: state.columns, longestName: fleet.longestName)
    let areas = state.tableAreas
    drawTitles(layout, on: &screen)
    let range = state.tableRange
    for (line, place) in zip(areas.body, range) {
      draw(fleet.hosts[fleet.order[place]], state, layout, row: line, on: &screen)
    }
    if let row = areas.rest { drawRest(state, shown: range, row: row, on: &screen) }
  }

  private static func drawTitles(_ layout: TableLayout, on screen: inout Screen) {
    let style = Style(.heading, bold: true)
    screen.put("host", row: 1, column: 0, end: layout.hostWidth, style: style)
    var end = layout.hostWidth
    for column in layout.columns {
      let start = end
      end += column.width + 1
      screen.put(column.title, row: 1, endingAt: end, from: start, style: style)
    }
    if let spark = layout.spark {
      let title = spark.count >= 14 ? "r+b, last rows" : "r+b"
      screen.put(title, row: 1, column: spark.lowerBound, end: spark.upperBound, style: style)
    }
  }

  private static func draw(
    _ host: WatchedHost, _ state: WatchState, _ layout: TableLayout, row: Int,
    on screen: inout Screen
  ) {
    let name = Style(
      host.showsFigures ? .plain : HostSentence.role(host.status.state), bold: !host.isQuiet)
    screen.put(host.name, row: row, column: 0, end: layout.hostWidth, style: name)
    var spark = layout.spark
    if host.showsFigures {
      drawFigures(host, state, layout, row: row, on: &screen)
    } else {
      let text = HostSentence.text(
        host.status, zone: state.zone, lastRow: host.arrival, now: state.shownNow)
      // What went wrong is worth more than what was before it.
      let isLong = DisplayWidth.of(text) > layout.sentence.count
      if isLong { spark = nil }
      screen.put(
        text, row: row, column: layout.afterHost,
        end: isLong ? layout.width : layout.sentence.upperBound,
        style: Style(HostSentence.role(host.status.state), dim: host.isQuiet))
    }
    if let spark {
      Sparkline.draw(host.pressure, cpus: host.cpus, on: &screen, row: row, columns: spark)
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
      let role = ColumnTrouble.role(ofLoad: load, cpus: host.cpus)
      return (CompactNumber.load(load), Style(role, bold: role == .alarm))
    case .figure(let figure):
      let style = ColumnTrouble.style(of: figure, in: row, cpus: host.cpus)
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

  /// The last line: which hosts are beyond the screen, and whether they can be left there.
  private static func drawRest(
    _ state: WatchState, shown: Range<Int>, row: Int, on screen: inout Screen
  ) {
    let fleet = state.fleet
    let below = fleet.order[shown.upperBound...].map { fleet.hosts[$0] }
    let troubled = below.count { !$0.isQuiet }
    var text = shown.lowerBound > 0 ? "\(shown.lowerBound) above; " : ""
    text += "+\(below.count) more"
    if troubled > 0 {
      text += ", \(troubled) not quiet"
    } else if !below.isEmpty {
      text += ", quiet"
    }
    if !below.isEmpty { text += ": \(HostNames.fold(below.map { Printable.text($0.name) }))" }
    let style = Style(troubled > 0 ? .warning : .plain, dim: troubled == 0)
    screen.put(text, row: row, column: 0, style: style)
  }
}
