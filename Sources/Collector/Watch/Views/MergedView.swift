import Records

/// The merged scroll: every host's rows as they arrive, in vmstat's own columns, as
/// `multitail` shows them over many `ssh HOST vmstat 1`.
enum MergedView {
  static func draw(_ state: WatchState, on screen: inout Screen) {
    let fleet = state.fleet
    let merged = fleet.merged
    let areas = state.mergedAreas
    let range = merged.range(height: areas.body.count, end: state.scrollEnds[.merged])
    let lines = range.map { merged[$0] }
    let area = 0..<state.columns
    let mark = lines.contains(where: state.isBursting) ? BurstMark.cells : 0
    let painter = ScrollPainter(
      state: state,
      layout: ScrollLayout(
        area: area, longestName: fleet.longestName + mark, lines: lines, hidden: state.hiddenColumns
      ),
      area: area)
    painter.drawTitles(row: areas.body.lowerBound - 1, on: &screen)
    let found = state.found.flatMap { $0.scroll == .merged ? $0.position : nil }
    for (offset, line) in lines.enumerated() {
      painter.draw(
        line, row: areas.body.lowerBound + offset, isFound: found == range.lowerBound + offset,
        on: &screen)
    }
    if lines.isEmpty { drawNothing(state, areas, &screen) }
    if let row = areas.rest {
      drawRest(state, newer: merged.end - range.upperBound, row: row, on: &screen)
    }
  }

  private static func drawNothing(
    _ state: WatchState, _ areas: ScreenAreas, _ screen: inout Screen
  ) {
    let text = state.arrangement.filter.isEmpty ? "no rows yet" : "no line passes the filter"
    screen.put(text, row: areas.body.lowerBound, column: 0, style: .faint)
  }

  /// The last line: how far the scroll is from its end, and what keys have set.
  static func drawRest(_ state: WatchState, newer: Int, row: Int, on screen: inout Screen) {
    var parts = [state.settings]
    if newer > 0 { parts.insert("scrolled back: \(newer) newer below, End follows", at: 0) }
    let text = parts.filter { !$0.isEmpty }.joined(separator: "  ")
    screen.put(text, row: row, column: 0, style: Style(.notice))
  }
}
