import Records

/// The merged scroll: every host's rows as they arrive, in vmstat's own columns, as
/// `multitail` shows them over many `ssh HOST vmstat 1`.
enum MergedView {
  static func draw(_ state: WatchState, on screen: inout Screen) {
    let merged = state.fleet.merged
    let range = state.mergedRange
    let lines = range.map { merged[$0] }
    let layout = MergedLayout(
      width: state.columns, longestName: state.fleet.longestName, lines: lines)
    let areas = state.mergedAreas
    drawTitles(layout, on: &screen)
    for (row, line) in zip(areas.body, lines) {
      draw(line, state.zone, layout, row: row, on: &screen)
    }
    if let row = areas.rest {
      let newer = merged.end - range.upperBound
      screen.put(
        "scrolled back: \(newer) newer below, End follows", row: row, column: 0,
        style: Style(.notice))
    }
  }

  private static func drawTitles(_ layout: MergedLayout, on screen: inout Screen) {
    let style = Style(.heading, bold: true)
    if let time = layout.time {
      screen.put("time", row: 1, column: time.lowerBound, end: time.upperBound, style: style)
    }
    screen.put(
      "host", row: 1, column: layout.host.lowerBound, end: layout.host.upperBound, style: style)
    for field in layout.fields {
      screen.put(
        field.column.name, row: 1, endingAt: field.cells.upperBound,
        from: field.cells.lowerBound, style: style)
    }
  }

  private static func draw(
    _ line: MergedLine, _ zone: ViewerZone, _ layout: MergedLayout, row: Int,
    on screen: inout Screen
  ) {
    if let time = layout.time {
      screen.put(
        zone.clock(line.time), row: row, column: time.lowerBound, end: time.upperBound,
        style: .faint)
    }
    screen.put(
      line.host, row: row, column: layout.host.lowerBound, end: layout.host.upperBound,
      style: Style(.host(named: line.host), bold: true))
    switch line.content {
    case .row(let figures, let cpus):
      for field in layout.fields {
        screen.put(
          VmstatLayout.text(figures[field.column]), row: row, endingAt: field.cells.upperBound,
          from: field.cells.lowerBound,
          style: ColumnTrouble.style(of: field.column, in: figures, cpus: cpus))
      }
    case .status(let status):
      screen.put(
        HostSentence.text(status, zone: zone), row: row, column: layout.host.upperBound + 1,
        style: Style(HostSentence.role(status.state)))
    }
  }
}
