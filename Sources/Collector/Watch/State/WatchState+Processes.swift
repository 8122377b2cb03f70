import Records

/// The line of the processes that keys are meant for.
struct ProcessCursor: Equatable, Sendable {
  var host: String
  var process: ProcessID
  /// Where it stood: there the cursor stays when the process is gone.
  var index: Int
}

extension WatchState {
  mutating func sortProcesses(_ step: Int) {
    processOrder.sort = processOrder.sort.next(step)
    rearrangeProcesses()
    let order = processOrder.isReversed ? ", the least first" : ""
    reply = "sorted by \(processOrder.sort.title)\(order)"
  }

  mutating func reverse() {
    guard view == .processes else {
      reply = "only processes turn round: \(keyName(.processes)) shows them"
      return
    }
    processOrder.isReversed.toggle()
    rearrangeProcesses()
    reply = processOrder.isReversed ? "the other way round" : "the usual way round"
  }

  mutating func foldOrUnfoldProcesses() {
    processOrder.showsQuiet.toggle()
    rearrangeProcesses()
    reply = processOrder.showsQuiet ? "quiet processes, too" : "quiet processes are counted only"
  }

  private mutating func rearrangeProcesses() {
    processCursor = nil
    processScroll = 0
    settleFolding()
  }

  // MARK: the cursor

  var selectedProcessIndex: Int {
    guard let processCursor else { return 0 }
    let fleet = fleet
    let lines = fleet.processes.lines
    let found = lines.firstIndex {
      $0.process.activity.id == processCursor.process
        && fleet.hosts[$0.place].name == processCursor.host
    }
    return found ?? max(0, min(processCursor.index, lines.count - 1))
  }

  /// The host of the line that the cursor stands on.
  var hostOfSelectedProcess: String? {
    let fleet = fleet
    let index = selectedProcessIndex
    guard fleet.processes.lines.indices.contains(index) else { return nil }
    return fleet.hosts[fleet.processes.lines[index].place].name
  }

  mutating func moveProcessCursor(by lines: Int) {
    let count = fleet.processes.lines.count
    guard count > 0 else { return }
    selectProcess(min(max(0, min(selectedProcessIndex, count) + lines), count - 1))
  }

  mutating func selectProcess(_ index: Int) {
    let fleet = fleet
    guard fleet.processes.lines.indices.contains(index) else { return }
    processScroll = processRange.lowerBound
    let line = fleet.processes.lines[index]
    processCursor =
      index == 0
      ? nil
      : ProcessCursor(
        host: fleet.hosts[line.place].name, process: line.process.activity.id, index: index)
    processScroll = processRange.lowerBound
  }

  /// The lines that are on the screen.
  var processRange: Range<Int> {
    WatchState.range(
      of: fleet.processes.lines.count, height: processAreas.body.count, from: processScroll,
      selected: processCursor == nil && processScroll == 0 ? nil : selectedProcessIndex)
  }

  mutating func findProcess(_ pattern: LinePattern, isBack: Bool, isFirst: Bool) {
    let fleet = fleet
    let lines = fleet.processes.lines
    guard !lines.isEmpty else { return }
    let current = selectedProcessIndex
    let start = isFirst ? 0 : 1
    for offset in start..<(start + lines.count) {
      let place = current + (isBack ? -offset : offset)
      let index = (place % lines.count + lines.count) % lines.count
      let host = fleet.hosts[lines[index].place]
      let text = ProcessText.searched(lines[index].process, of: host)
      guard pattern.matches(text) else { continue }
      return selectProcess(index)
    }
    reply = "no process matches \(pattern.text)"
  }
}
