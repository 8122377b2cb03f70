extension WatchState {
  /// What a key does. Unknown keys do nothing.
  mutating func press(_ key: WatchKey) {
    reply = nil
    if key == .interrupt {
      wantsQuit = true
    } else if prompt != nil {
      type(key)
    } else if case .click(let row, _) = key {
      select(row: row)
    } else if key == .wheelUp || key == .wheelDown, rules.keymap[key] != nil {
      for _ in 0..<WatchState.wheelLines { perform(rules.keymap[key]) }
    } else {
      perform(rules.keymap[key])
    }
  }

  private static let wheelLines = 3

  private mutating func perform(_ action: WatchAction?) {
    guard let action else { return }
    switch action {
    case .table: show(.table)
    case .merged: show(.merged)
    case .split: show(.split)
    case .processes: show(.processes)
    case .nextView: show(view.next)
    case .zoom: zoom()
    case .back: back()
    case .quit: leave()
    case .help:
      showsHelp.toggle()
      helpScroll = 0
    case .cost: showsCost.toggle()
    case .freeze: freeze()
    case .mark:
      mark()
      reply = shownPast == nil ? "mark set" : "mark set in the live scroll"
    case .fold: foldOrUnfold()
    case .columns: prompt = Prompt(.columns)
    case .sort: sort(1)
    case .sortBack: sort(-1)
    case .reverse: reverse()
    case .screenshot: ask(.screenshot)
    case .search: prompt = Prompt(.search)
    case .searchBack: prompt = Prompt(.searchBack)
    case .filter: prompt = Prompt(.filter)
    case .goTo: prompt = Prompt(.goTo)
    case .nextMatch: repeatSearch(opposite: false)
    case .previousMatch: repeatSearch(opposite: true)
    case .minuteBack: step(bySeconds: -60)
    case .minuteForward: step(bySeconds: 60)
    case .dayBack: step(bySeconds: -86_400)
    case .dayForward: step(bySeconds: 86_400)
    case .spikeBack: visitSpike(.before)
    case .spikeForward: visitSpike(.after)
    case .live: goLive()
    case .up, .down, .left, .right, .pageUp, .pageDown, .top, .bottom: move(action)
    }
  }

  private mutating func freeze() {
    guard shownPast == nil else {
      reply = "the past stands still; \(keyName(.live)) goes back to now"
      return
    }
    toggleFreeze()
  }

  /// One level back: help, zoom, highlights.
  private mutating func back() {
    if showsHelp {
      showsHelp = false
    } else if zoomed != nil {
      zoomed = nil
    } else {
      search = nil
      found = nil
    }
  }

  private mutating func leave() {
    if showsHelp || zoomed != nil { back() } else { wantsQuit = true }
  }

  private mutating func foldOrUnfold() {
    guard view != .processes else { return foldOrUnfoldProcesses() }
    let isFolded = fleet.arrangement.isFolded
    foldsQuiet = !isFolded
    settleFolding()
    reply = isFolded ? "every host has a line" : "quiet hosts are folded"
  }

  private mutating func sort(_ step: Int) {
    guard view != .processes else { return sortProcesses(step) }
    rearrange { $0.sort = $0.sort.next(step) }
    cursor = nil
    tableScroll = 0
    reply = "sorted by \(arrangement.sort.title)"
  }

  private mutating func zoom() {
    guard !showsHelp else { return showsHelp = false }
    guard zoomed == nil else { return zoomed = nil }
    if view == .table, let item = selectedItem, case .fold = item {
      return foldOrUnfold()
    }
    zoomed = selectedHost
    if zoomed == nil { reply = "no host is selected" }
  }
}
