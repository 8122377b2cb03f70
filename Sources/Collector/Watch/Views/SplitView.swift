import Bytes
import Records

/// The split view: a window per host, each with its own rows, as `multitail -s` shows them.
enum SplitView {
  static func draw(_ state: WatchState, on screen: inout Screen) {
    let fleet = state.fleet
    let layout = SplitLayout(state)
    for (index, window) in layout.windows.enumerated() {
      guard let host = fleet[host: window.host] else { continue }
      let isSelected = layout.before + index == layout.selectedIndex && layout.hosts.count > 1
      draw(host, window, state, isSelected: isSelected, on: &screen)
      drawEdge(window, state, on: &screen)
    }
    if layout.windows.isEmpty {
      let text = fleet.hosts.isEmpty ? "no hosts" : "no host passes the filter"
      screen.put(text, row: layout.areas.body.lowerBound, column: 0, style: .faint)
    }
    if let row = layout.areas.rest { drawRest(layout, state, row: row, on: &screen) }
  }

  private static func draw(
    _ host: WatchedHost, _ window: SplitLayout.Window, _ state: WatchState, isSelected: Bool,
    on screen: inout Screen
  ) {
    drawTitle(host, window, state, isSelected: isSelected, on: &screen)
    drawSuspects(of: host, window, on: &screen)
    let name = WatchState.ScrollName.host(host.name)
    let range = host.scroll.range(height: window.body.count, end: state.scrollEnds[name])
    let lines = range.map { host.scroll[$0] }
    let painter = ScrollPainter(
      state: state,
      layout: ScrollLayout(
        area: window.area, longestName: nil, lines: lines, hidden: state.hiddenColumns),
      area: window.area)
    if let row = window.names { painter.drawTitles(row: row, on: &screen) }
    let found = state.found.flatMap { $0.scroll == name ? $0.position : nil }
    for (offset, line) in lines.enumerated() {
      painter.draw(
        line, row: window.body.lowerBound + offset, isFound: found == range.lowerBound + offset,
        on: &screen)
    }
  }

  /// Host and state, and how far its rows are scrolled back.
  private static func drawTitle(
    _ host: WatchedHost, _ window: SplitLayout.Window, _ state: WatchState, isSelected: Bool,
    on screen: inout Screen
  ) {
    let (row, area) = (window.title, window.area)
    let style = Style(.heading, bold: isSelected, reverse: true)
    screen.fill(row: row, from: area.lowerBound, to: area.upperBound, style: style)
    var place = BurstMark.draw(
      host.name, isBursting: host.isBursting, row: row, columns: area,
      style: Style(.host(named: host.name), bold: true, reverse: true), reverse: true,
      on: &screen)
    if isSelected {
      place = screen.put(" <", row: row, column: place, end: area.upperBound, style: style)
    }
    let text = summary(host, state)
    screen.put(
      text, row: row, column: place + 1, end: area.upperBound,
      style: host.showsFigures || host.isQuiet
        ? style : Style(HostSentence.role(host.status.state), bold: true, reverse: true))
  }

  /// Tasks that wait, and how many more there are.
  private static func drawSuspects(
    of host: WatchedHost, _ window: SplitLayout.Window, on screen: inout Screen
  ) {
    let rest = host.suspectCount - window.suspects.count
    for (task, row) in window.suspects.enumerated() {
      guard let suspect = host.suspect(task) else { return }
      let isLast = row == window.suspects.upperBound - 1
      let more = isLast && rest > 0 ? "  (\(rest) more: Enter)" : ""
      let place = screen.put(
        "suspect " + SuspectLine.short(suspect), row: row, column: window.area.lowerBound,
        end: max(window.area.lowerBound, window.area.upperBound - more.utf8.count),
        style: Style(.warning))
      screen.put(more, row: row, column: place, end: window.area.upperBound, style: .faint)
    }
  }

  private static func summary(_ host: WatchedHost, _ state: WatchState) -> String {
    var parts: [String] = []
    if host.showsFigures {
      if let load = host.loadAverage { parts.append("load \(CompactNumber.load(load.oneMinute))") }
      if let cpus = host.cpus { parts.append(cpus == 1 ? "1 CPU" : "\(cpus) CPUs") }
      if host.suspectCount > 0 {
        parts.append("\(host.suspectCount) \(host.areSuspectsInD ? "in D" : "waiting")")
      }
      if let burst = BurstText.short(of: host, state.zone) { parts.append(burst) }
      // Where nothing is said of it, rows come through vmstat.
      if let through = host.status.through, through != "vmstat" {
        parts.append("through \(Printable.text(through, limit: 200))")
      }
    } else {
      parts.append(HostSentence.text(of: host, state))
    }
    parts += HostSentence.spool(host.status)
    let name = WatchState.ScrollName.host(host.name)
    if let end = state.scrollEnds[name] {
      parts.append("\(max(0, host.scroll.end - end)) newer below")
    }
    return parts.joined(separator: ", ")
  }

  private static func drawEdge(
    _ window: SplitLayout.Window, _ state: WatchState, on screen: inout Screen
  ) {
    guard window.area.upperBound < state.columns else { return }
    for row in window.title..<window.body.upperBound {
      screen.put(
        state.ascii ? "|" : "│", row: row, column: window.area.upperBound, style: .faint)
    }
  }

  private static func drawRest(
    _ layout: SplitLayout, _ state: WatchState, row: Int, on screen: inout Screen
  ) {
    let last = layout.before + layout.windows.count
    var parts: [String] = []
    if layout.windows.count < layout.hosts.count {
      parts.append(
        "windows \(layout.before + 1)–\(last) of \(layout.hosts.count), Right and Left go on")
    }
    parts.append(state.settings)
    screen.put(
      parts.filter { !$0.isEmpty }.joined(separator: "  "), row: row, column: 0,
      style: Style(.notice))
  }
}
