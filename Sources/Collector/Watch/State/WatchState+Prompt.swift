extension WatchState {
  /// Lines remembered of each prompt.
  private static let historyLimit = 50

  /// A key while a prompt is open.
  mutating func type(_ key: WatchKey) {
    guard let kind = prompt?.kind else { return }
    if kind == .columns { return chooseColumns(key) }
    switch key {
    case .escape: prompt = nil
    case .enter: take()
    case .backspace where prompt?.text.isEmpty == true: prompt = nil
    default: prompt?.edit(key, earlier: typed[kind] ?? [])
    }
  }

  private mutating func take() {
    guard let prompt else { return }
    do throws(LinePattern.Problem) {
      switch prompt.kind {
      case .search: try startSearch(prompt.text, isBack: false)
      case .searchBack: try startSearch(prompt.text, isBack: true)
      case .filter: try setFilter(prompt.text)
      case .goTo: if !prompt.text.isEmpty { goTo(prompt.text) }
      case .columns: break
      }
    } catch {
      // Nothing is changed, and the line stays to be put right.
      self.prompt?.problem = error.description
      return
    }
    remember(prompt)
    self.prompt = nil
  }

  private mutating func remember(_ prompt: Prompt) {
    guard !prompt.text.isEmpty else { return }
    var lines = typed[prompt.kind] ?? []
    lines.removeAll { $0 == prompt.text }
    lines.append(prompt.text)
    typed[prompt.kind] = lines.suffix(WatchState.historyLimit)
  }

  private mutating func chooseColumns(_ key: WatchKey) {
    switch key {
    case .character(let letter):
      guard let group = ColumnGroup(rawValue: letter) else {
        if rules.keymap[key] == .columns { prompt = nil }
        return
      }
      if hiddenColumns.remove(group) == nil { hiddenColumns.insert(group) }
    case .escape, .enter, .backspace: prompt = nil
    default: break
    }
  }

  /// `PATTERN` keeps what matches, `!PATTERN` drops it, nothing takes both away.
  private mutating func setFilter(_ text: String) throws(LinePattern.Problem) {
    if text.isEmpty || text == "!" {
      reply = arrangement.filter.isEmpty ? nil : "every line is shown"
      rearrange { $0.filter = LineFilter() }
    } else if text.hasPrefix("!") {
      let pattern = try LinePattern(String(text.dropFirst()))
      rearrange { $0.filter.drop = pattern }
    } else {
      let pattern = try LinePattern(text)
      rearrange { $0.filter.keep = pattern }
    }
    scrollEnds = [:]
    found = nil
    tableScroll = 0
    processCursor = nil
    processScroll = 0
  }

  // MARK: search

  /// An empty pattern repeats the last one, as in less.
  private mutating func startSearch(_ text: String, isBack: Bool) throws(LinePattern.Problem) {
    if text.isEmpty {
      guard let search else { return }
      self.search = (search.pattern, isBack)
    } else {
      search = (try LinePattern(text), isBack)
    }
    found = nil
    find(isBack: isBack, isFirst: true)
  }

  mutating func repeatSearch(opposite: Bool) {
    guard let search else {
      reply = "no search yet: \(keyName(.search)) begins one"
      return
    }
    find(isBack: search.isBack != opposite, isFirst: false)
  }

  private mutating func find(isBack: Bool, isFirst: Bool) {
    guard let pattern = search?.pattern else { return }
    if let active = activeScroll {
      find(pattern, in: active, isBack: isBack)
    } else if view == .processes {
      findProcess(pattern, isBack: isBack, isFirst: isFirst)
    } else {
      findHost(pattern, isBack: isBack, isFirst: isFirst)
    }
  }

  /// From the line found before on, or from the edge of the screen: down from its top, up from
  /// its bottom.
  private mutating func find(
    _ pattern: LinePattern, in active: (name: ScrollName, scroll: Scroll, height: Int),
    isBack: Bool
  ) {
    let (scroll, height) = (active.scroll, active.height)
    let range = scroll.range(height: height, end: scrollEnds[active.name])
    let step = isBack ? -1 : 1
    var origin = isBack ? range.upperBound - 1 : range.lowerBound
    if let found, found.scroll == active.name { origin = found.position + step }
    guard let position = scroll.search(from: origin, step: step, pattern) else {
      reply = "no line matches \(pattern.text)"
      return
    }
    if isBack ? position > origin : position < origin { reply = "search went on at the other end" }
    found = (active.name, position)
    // Followed no longer: the line would leave with the next rows.
    let end = range.contains(position) ? range.upperBound : position + 1 + height / 2
    scrollEnds[active.name] = min(scroll.end, max(end, scroll.start + height))
  }

  private mutating func findHost(_ pattern: LinePattern, isBack: Bool, isFirst: Bool) {
    let fleet = fleet
    let items = fleet.items
    guard !items.isEmpty else { return }
    let current = selectedIndex
    let start = isFirst ? 0 : 1
    for offset in start..<(start + items.count) {
      let index =
        ((current + (isBack ? -offset : offset)) % items.count + items.count) % items.count
      guard matches(items[index], pattern, in: fleet) else { continue }
      cursor = index == 0 ? nil : fleet.id(of: items[index])
      tableScroll = tableRange.lowerBound
      return
    }
    reply = "no host matches \(pattern.text)"
  }

  /// A fold is found by the hosts in it, too.
  private func matches(_ item: TableItem, _ pattern: LinePattern, in fleet: WatchedFleet) -> Bool {
    switch item {
    case .host(let place): pattern.matches(fleet.text(of: fleet.hosts[place]))
    case .suspect(let place, let task):
      fleet.hosts[place].suspect(task).map { pattern.matches(SuspectLine.short($0)) } ?? false
    case .fold(let fold):
      pattern.matches("\(fold.names): \(fold.word)")
        || fold.places.contains { pattern.matches(fleet.hosts[$0].name) }
    }
  }
}
