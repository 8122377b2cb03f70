import Bytes
import Records

/// One host alone: what it does, since when, what went wrong, who waits, and its rows.
enum ZoomView {
  private struct Figure {
    let name: String
    let figure: SortFigure
    /// What fills the bar; `nil`: the largest value shown.
    let full: Full

    enum Full { case twiceCPUs, hundred, largest }
  }

  private static let figures: [Figure] = [
    Figure(name: "r", figure: .column(.r), full: .twiceCPUs),
    Figure(name: "b", figure: .column(.b), full: .twiceCPUs),
    Figure(name: "us+sy", figure: .sum(.us, .sy), full: .hundred),
    Figure(name: "wa", figure: .column(.wa), full: .hundred),
    Figure(name: "bi", figure: .column(.bi), full: .largest),
    Figure(name: "bo", figure: .column(.bo), full: .largest),
    Figure(name: "si+so", figure: .sum(.si, .so), full: .largest),
    Figure(name: "load1", figure: .load1, full: .twiceCPUs),
  ]

  static func draw(_ name: String, _ state: WatchState, on screen: inout Screen) {
    guard let host = state.fleet[host: name] else {
      screen.put(
        "\(name) is not in this fleet; \(state.keyName(.back)) goes back",
        row: state.bodyTop - 1, column: 0, style: Style(.notice))
      return
    }
    let layout = ZoomLayout(state, host)
    drawTitle(host, state, row: layout.title, on: &screen)
    drawSparks(host, state, layout.sparks, on: &screen)
    for (offset, line) in layout.lines.enumerated() {
      screen.put(line.text, row: layout.linesTop + offset, column: 0, style: line.style)
    }
    drawRows(host, state, layout, on: &screen)
  }

  private static func drawTitle(
    _ host: WatchedHost, _ state: WatchState, row: Int, on screen: inout Screen
  ) {
    let style = Style(.heading, reverse: true)
    screen.fill(row: row, style: style)
    let place = screen.put(
      host.name, row: row, column: 0, end: max(1, state.columns / 2),
      style: Style(.host(named: host.name), bold: true, reverse: true))
    var parts = [HostSentence.stateText(of: host, state)]
    if !host.status.address.isEmpty, host.status.address != host.name {
      parts.append(host.status.address)
    }
    if let cpus = host.cpus { parts.append(cpus == 1 ? "1 CPU" : "\(cpus) CPUs") }
    if let load = host.loadAverage {
      let all = [load.oneMinute, load.fiveMinutes, load.fifteenMinutes]
      parts.append("load \(all.map(CompactNumber.load).joined(separator: " "))")
    }
    parts += HostSentence.spool(host.status)
    if host.status.reconnects > 0 { parts.append("\(host.status.reconnects) reconnects") }
    if let offset = host.status.clockOffset, abs(offset) >= 1 {
      parts.append("clock \(offset > 0 ? "+" : "")\(CompactNumber.tenths(offset)) s")
    }
    if let through = host.status.through {
      parts.append("through \(Printable.text(through, limit: 200))")
    }
    screen.put(
      parts.joined(separator: ", "), row: row, column: place + 2, style: style)
  }

  private static func drawSparks(
    _ host: WatchedHost, _ state: WatchState, _ rows: Range<Int>, on screen: inout Screen
  ) {
    let columns = state.columns >= 60 ? 2 : 1
    let width = state.columns / columns
    let room = max(1, width - 15)
    let lines = host.scroll.newestRows(room)
    for (index, figure) in figures.enumerated() {
      let row = rows.lowerBound + index / columns
      guard row < rows.upperBound else { return }
      let left = index % columns * width
      let series = series(figure.figure, lines)
      let last = series.last ?? nil
      screen.put(figure.name, row: row, column: left, style: Style(.heading))
      screen.put(
        text(last, figure.figure), row: row, endingAt: left + 12, from: left + 6,
        style: style(host, figure.figure, last, state))
      Sparkline.draw(
        series, full: full(figure.full, series, host.cpus), on: &screen, row: row,
        columns: (left + 13)..<(left + 13 + room))
    }
  }

  /// A value per row; a hole in the rows is a hole here.
  private static func series(_ figure: SortFigure, _ lines: [ScrollLine]) -> [Double?] {
    var load: Double?
    return lines.compactMap { line -> Double?? in
      switch line.content {
      case .row(let row, _, let newest):
        // The load average comes with every few rows only.
        load = newest ?? load
        return .some(figure.value(row, load: load))
      case .gap, .status: return .some(nil)
      case .mark: return nil
      }
    }
  }

  private static func full(_ full: Figure.Full, _ series: [Double?], _ cpus: Int?) -> Double {
    let largest = max(1, series.compactMap(\.self).max() ?? 1)
    return switch full {
    case .hundred: 100
    case .largest: largest
    case .twiceCPUs: cpus.map { Double(max(1, 2 * $0)) } ?? largest
    }
  }

  private static func text(_ value: Double?, _ figure: SortFigure) -> String {
    guard let value, value.isFinite else { return "-" }
    if figure == .load1 { return CompactNumber.load(value) }
    let whole = Int64(min(max(value, -9e18), 9e18))
    switch figure {
    case .column(.bi), .column(.bo), .sum(.si, _): return CompactNumber.kibibytes(whole)
    default: return CompactNumber.count(whole, cells: 6)
    }
  }

  private static func style(
    _ host: WatchedHost, _ figure: SortFigure, _ value: Double?, _ state: WatchState
  ) -> Style {
    guard host.showsFigures, let row = host.sample?.row, let value else { return .faint }
    switch figure {
    case .column(let column): return state.rules.style(of: column, in: row, cpus: host.cpus)
    case .load1: return state.rules.style(ofLoad: value, cpus: host.cpus)
    case .sum(let one, let other):
      let first = state.rules.style(of: one, in: row, cpus: host.cpus)
      return first.role == .plain ? state.rules.style(of: other, in: row, cpus: host.cpus) : first
    }
  }

  private static func drawRows(
    _ host: WatchedHost, _ state: WatchState, _ layout: ZoomLayout, on screen: inout Screen
  ) {
    let name = WatchState.ScrollName.host(host.name)
    let range = host.scroll.range(height: layout.rows.count, end: state.scrollEnds[name])
    let lines = range.map { host.scroll[$0] }
    let area = 0..<state.columns
    let painter = ScrollPainter(
      state: state,
      layout: ScrollLayout(
        area: area, longestName: nil, lines: lines, hidden: state.hiddenColumns),
      area: area)
    painter.drawTitles(row: layout.names, on: &screen)
    let found = state.found.flatMap { $0.scroll == name ? $0.position : nil }
    for (offset, line) in lines.enumerated() {
      painter.draw(
        line, row: layout.rows.lowerBound + offset, isFound: found == range.lowerBound + offset,
        on: &screen)
    }
    if let row = layout.rest {
      MergedView.drawRest(
        state, newer: host.scroll.end - range.upperBound, row: row, on: &screen)
    }
  }
}
