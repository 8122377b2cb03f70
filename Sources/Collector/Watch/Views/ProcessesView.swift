import Bytes
import Records

/// The fleet's processes by what they move: iotop, if it knew hosts.
enum ProcessesView {
  static func draw(_ state: WatchState, on screen: inout Screen) {
    let fleet = state.fleet
    let list = fleet.processes
    let areas = state.processAreas
    let hosts = fleet.hosts
    let mark = hosts.indices.contains(where: { hosts[$0].isBursting }) ? BurstMark.cells : 0
    let layout = ProcessLayout(width: state.columns, longestName: fleet.longestName + mark)
    screen.put(
      ProcessText.totals(list), row: areas.totals, column: 0, style: Style(.plain, bold: true))
    drawTitles(layout, row: areas.titles, on: &screen)
    let range = state.processRange
    let selected = state.processCursor == nil ? nil : Optional(state.selectedProcessIndex)
    for (row, index) in zip(areas.body, range) {
      let line = list.lines[index]
      draw(line.process, on: fleet.hosts[line.place], state, layout, row: row, on: &screen)
      if let pattern = state.search?.pattern {
        screen.highlight(pattern, row: row, from: 0, to: state.columns)
      }
      if index == selected {
        for column in 0..<min(layout.hostWidth, screen.columns) {
          screen[row, column].style.reverse = true
        }
      }
    }
    if list.lines.isEmpty {
      screen.put(
        ProcessText.nothing(state), row: areas.body.lowerBound, column: 0, style: .faint)
    }
    for (row, note) in zip(areas.notes, ProcessText.notes(state)) {
      screen.put(note, row: row, column: 0, style: .faint)
    }
    if let row = areas.rest {
      screen.put(state.settings, row: row, column: 0, style: Style(.notice))
    }
  }

  static func drawTitles(_ layout: ProcessLayout, row: Int, on screen: inout Screen) {
    let style = Style(.heading, bold: true)
    screen.put("HOST", row: row, column: 0, end: layout.hostWidth, style: style)
    for field in layout.fields {
      put(field.column.title, field, row: row, style: style, on: &screen)
    }
    screen.put("COMMAND", row: row, column: layout.command, style: style)
  }

  /// The line of one process; without its host where that has no column.
  static func draw(
    _ process: WatchedProcess, on host: WatchedHost, _ state: WatchState,
    _ layout: ProcessLayout, row: Int, on screen: inout Screen
  ) {
    if layout.hostWidth > 0 {
      BurstMark.draw(
        host.name, isBursting: host.isBursting, row: row, columns: 0..<layout.hostWidth,
        style: Style(.host(named: host.name), bold: true), on: &screen)
    }
    for field in layout.fields {
      let (text, style) = cell(field.column, process, host)
      put(text, field, row: row, style: style, on: &screen)
    }
    let command = ProcessText.command(
      process, on: host, hasWait: layout.has(.wait), hasPlace: layout.has(.place))
    let activity = process.activity
    screen.put(
      command, row: row, column: layout.command,
      style: activity.hasEnded || activity.isKernelThread ? .faint : .plain)
    guard layout.hostWidth > 0 else { return }
    if let role = state.rules.role(ofLine: { process.text(host: host.name) }) {
      screen.recolour(row: row, from: 0, to: layout.width, role)
    }
  }

  private static func cell(
    _ column: ProcessColumn, _ process: WatchedProcess, _ host: WatchedHost
  ) -> (String, Style) {
    let rates = process.rates
    switch column {
    case .pid: return ("\(process.activity.id.pid)", .plain)
    case .user: return (process.activity.owner.user, .plain)
    case .read: return (ProcessText.bytes(rates.readBytes, of: process), style(rates.readBytes))
    case .write:
      return (ProcessText.bytes(rates.writeBytes, of: process), style(rates.writeBytes))
    case .cpu: return (ProcessText.cpu(process), style(rates.cpuPercent))
    case .wait:
      return (ProcessText.waitsFor(process, on: host) ?? "", Style(.alarm, bold: true))
    case .place: return (ProcessText.place(process) ?? "", .plain)
    }
  }

  /// Nothing is fainter than something.
  private static func style(_ figure: Double) -> Style { figure > 0 ? .plain : .faint }

  private static func put(
    _ text: String, _ field: (column: ProcessColumn, cells: Range<Int>), row: Int, style: Style,
    on screen: inout Screen
  ) {
    let cells = field.cells
    if field.column.isFigure {
      screen.put(
        text, row: row, endingAt: cells.upperBound, from: cells.lowerBound, style: style)
    } else {
      screen.put(
        text, row: row, column: cells.lowerBound, end: cells.upperBound, style: style)
    }
  }
}
