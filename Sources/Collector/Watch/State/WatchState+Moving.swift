import Records

extension WatchState {
  /// More lines than any view has.
  private static let farAway = 1_000_000_000

  mutating func move(_ action: WatchAction) {
    switch action {
    case .left: selectWindow(by: -1)
    case .right: selectWindow(by: 1)
    case .up: scroll(by: -1)
    case .down: scroll(by: 1)
    case .pageUp: scroll(by: -pageLines)
    case .pageDown: scroll(by: pageLines)
    case .top: scroll(by: -WatchState.farAway)
    case .bottom: scroll(by: WatchState.farAway)
    default: break
    }
  }

  private var pageLines: Int {
    if showsHelp { return max(1, rows - ScreenAreas.top) }
    guard let active = activeScroll else {
      return max(1, view == .processes ? processAreas.body.count : tableAreas.body.count)
    }
    return max(1, active.height)
  }

  private mutating func scroll(by lines: Int) {
    if showsHelp {
      helpScroll = min(max(0, helpScroll + lines), HelpView.lastStart(self))
    } else if let active = activeScroll {
      scroll(active, by: lines)
    } else if view == .processes {
      moveProcessCursor(by: lines)
    } else {
      moveCursor(by: lines)
    }
  }

  /// The scroll that keys are meant for, and how many of its lines are on the screen when it is
  /// scrolled back; `nil` in the table and among processes.
  var activeScroll: (name: ScrollName, scroll: Scroll, height: Int)? {
    if let zoomed {
      guard let host = fleet[host: zoomed] else { return nil }
      return (.host(zoomed), host.scroll, ZoomLayout(self, host, isScrolled: true).rows.count)
    }
    switch view {
    case .table, .processes: return nil
    case .merged: return (.merged, fleet.merged, scrolledMergedAreas.body.count)
    case .split:
      let layout = SplitLayout(self)
      guard let window = layout.selected, let host = fleet[host: window.host] else { return nil }
      return (.host(window.host), host.scroll, window.body.count)
    }
  }

  private mutating func scroll(
    _ active: (name: ScrollName, scroll: Scroll, height: Int), by lines: Int
  ) {
    let (scroll, height) = (active.scroll, active.height)
    let range = scroll.range(height: height, end: scrollEnds[active.name])
    let end = range.upperBound + lines
    let first = min(scroll.end, scroll.start + height)
    // At the newest line it follows again.
    scrollEnds[active.name] = end >= scroll.end ? nil : max(end, first)
  }

  // MARK: the table's cursor

  /// What the cursor stands on: the first line where it stands nowhere.
  var selectedIndex: Int {
    guard let cursor else { return 0 }
    let fleet = fleet
    return fleet.items.firstIndex { fleet.id(of: $0) == cursor } ?? 0
  }

  var selectedItem: TableItem? {
    let index = selectedIndex
    return fleet.items.indices.contains(index) ? fleet.items[index] : nil
  }

  /// The host that Enter shows alone.
  var selectedHost: String? {
    switch view {
    case .table:
      switch selectedItem {
      case .host(let place), .suspect(let place, _): return fleet.hosts[place].name
      case .fold, nil: return nil
      }
    case .merged:
      if let found, found.scroll == .merged,
        (fleet.merged.start..<fleet.merged.end)
          .contains(found.position)
      {
        let name = fleet.merged[found.position].host
        if fleet[host: name] != nil { return name }
      }
      if let cursor, fleet[host: cursor] != nil { return cursor }
      return fleet.ordered.first?.name
    case .split: return SplitLayout(self).selected?.host
    case .processes: return hostOfSelectedProcess
    }
  }

  private mutating func moveCursor(by lines: Int) {
    let items = fleet.items
    guard !items.isEmpty else { return }
    let index = min(max(0, min(selectedIndex, items.count) + lines), items.count - 1)
    tableScroll = tableRange.lowerBound
    cursor = index == 0 ? nil : fleet.id(of: items[index])
    tableScroll = tableRange.lowerBound
  }

  mutating func select(row: Int) {
    guard !showsHelp, zoomed == nil else { return }
    switch view {
    case .table:
      let (areas, range) = (tableAreas, tableRange)
      guard areas.body.contains(row), range.count > row - areas.body.lowerBound else { return }
      tableScroll = range.lowerBound
      cursor = fleet.id(of: fleet.items[range.lowerBound + row - areas.body.lowerBound])
    case .processes:
      let (body, range) = (processAreas.body, processRange)
      guard body.contains(row), range.count > row - body.lowerBound else { return }
      selectProcess(range.lowerBound + row - body.lowerBound)
    case .merged, .split: break
    }
  }

  private mutating func selectWindow(by step: Int) {
    guard view == .split, zoomed == nil else { return }
    let layout = SplitLayout(self)
    guard !layout.hosts.isEmpty else { return }
    let index = min(max(0, layout.selectedIndex + step), layout.hosts.count - 1)
    cursor = layout.hosts[index]
  }
}

extension WatchedFleet {
  /// What the cursor remembers of a line: a host's name, or a fold's.
  func id(of item: TableItem) -> String {
    switch item {
    case .host(let place): hosts[place].name
    case .suspect(let place, let task): "\0\(task) \(hosts[place].name)"
    case .fold(let fold): fold.id
    }
  }
}
