extension WatchState {
  /// What a key does. Unknown keys do nothing.
  mutating func press(_ key: WatchKey) {
    switch key {
    case .character("q"), .character("Q"), .interrupt: wantsQuit = true
    case .character("?"), .character("h"): showsHelp.toggle()
    case .escape: showsHelp = false
    case .character("1"): show(.table)
    case .character("2"): show(.merged)
    case .tab: show(view.next)
    case .character(" "): toggleFreeze()
    case .up: scroll(by: -1)
    case .down: scroll(by: 1)
    case .pageUp: scroll(by: -pageLines)
    case .pageDown: scroll(by: pageLines)
    case .home: scroll(by: -WatchState.farAway)
    case .end: scroll(by: WatchState.farAway)
    case .character: break
    }
  }

  /// More lines than any view has.
  private static let farAway = 1_000_000_000

  private var pageLines: Int {
    max(1, (view == .table ? tableAreas : mergedAreas).body.count)
  }

  private mutating func scroll(by lines: Int) {
    switch view {
    case .table:
      let last = max(0, fleet.hosts.count - tableAreas.body.count)
      tableScroll = min(max(0, min(tableScroll, last) + lines), last)
    case .merged:
      let range = mergedRange
      let end = range.upperBound + lines
      let first = min(fleet.merged.end, fleet.merged.start + scrolledMergedAreas.body.count)
      // At the newest line it follows again.
      mergedEnd = end >= fleet.merged.end ? nil : max(end, first)
    }
  }
}
