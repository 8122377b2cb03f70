import Records

extension WatchState {
  /// Whether a line is of the time of its host's burst.
  func isBursting(_ line: ScrollLine) -> Bool {
    guard let host = fleet[host: line.host], let burst = host.burst else { return false }
    return line.time >= burst.start && (host.isBursting || line.time <= burst.end)
  }
}

/// Draws lines of a scroll into a part of the screen: the merged view, a window of the split
/// one, the rows of a zoomed host.
struct ScrollPainter {
  let state: WatchState
  let layout: ScrollLayout
  let area: Range<Int>

  func drawTitles(row: Int, on screen: inout Screen) {
    let style = Style(.heading, bold: true)
    if let time = layout.time {
      screen.put("time", row: row, column: time.lowerBound, end: time.upperBound, style: style)
    }
    if let host = layout.host {
      screen.put("host", row: row, column: host.lowerBound, end: host.upperBound, style: style)
    }
    for field in layout.fields where field.cells.upperBound <= area.upperBound {
      screen.put(
        field.column.name, row: row, endingAt: field.cells.upperBound,
        from: field.cells.lowerBound, style: style)
    }
  }

  /// `isFound`: the search stopped here.
  func draw(_ line: ScrollLine, row: Int, isFound: Bool, on screen: inout Screen) {
    if let time = layout.time {
      screen.put(
        state.zone.clock(line.time), row: row, column: time.lowerBound, end: time.upperBound,
        style: isFound ? Style(.notice, bold: true, reverse: true) : .faint)
    }
    if let host = layout.host {
      BurstMark.draw(
        line.host, isBursting: state.isBursting(line), row: row, columns: host,
        style: Style(.host(named: line.host), bold: true, reverse: isFound && layout.time == nil),
        on: &screen)
    }
    drawContent(line, row: row, on: &screen)
    if let role = state.rules.role(ofLine: { line.text(zone: state.zone) }) {
      screen.recolour(row: row, from: area.lowerBound, to: area.upperBound, role)
    }
    if let pattern = state.search?.pattern {
      let start = layout.time.map { $0.upperBound + 1 } ?? area.lowerBound
      screen.highlight(pattern, row: row, from: start, to: area.upperBound)
    }
  }

  private func drawContent(_ line: ScrollLine, row: Int, on screen: inout Screen) {
    switch line.content {
    case .row(let figures, let cpus, _):
      for field in layout.fields where field.cells.upperBound <= area.upperBound {
        screen.put(
          VmstatLayout.text(figures[field.column]), row: row, endingAt: field.cells.upperBound,
          from: field.cells.lowerBound,
          style: state.rules.style(of: field.column, in: figures, cpus: cpus))
      }
    case .status(let status):
      sentence(
        HostSentence.text(status, zone: state.zone), row,
        Style(HostSentence.role(status.state)), &screen)
    case .gap(let from, let to):
      rule(LineText.gap(from, to, state.zone), row, Style(.warning), &screen)
    case .mark: rule("mark", row, Style(.notice, bold: true), &screen)
    }
  }

  private func sentence(_ text: String, _ row: Int, _ style: Style, _ screen: inout Screen) {
    screen.put(
      text, row: row, column: layout.sentence.lowerBound, end: layout.sentence.upperBound,
      style: style)
  }

  /// A line across, with words in it.
  private func rule(_ text: String, _ row: Int, _ style: Style, _ screen: inout Screen) {
    let dash = state.ascii ? "-" : "─"
    let words = state.ascii ? String(text.map { $0 == "–" ? "-" : $0 }) : text
    let sides = max(2, (min(layout.sentence.count, 60) - DisplayWidth.of(words) - 2) / 2)
    let line = String(repeating: dash, count: sides)
    sentence("\(line) \(words) \(line)", row, style, &screen)
  }
}
