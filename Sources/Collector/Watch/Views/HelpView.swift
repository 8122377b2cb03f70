/// The help screen: every key, and what the figures mean.
enum HelpView {
  private static let legend = [
    "r   tasks that run or wait for a CPU      b   tasks blocked in I/O",
    "si so   swapped in, out      bi bo   read from, written to disks (KiB/s)",
    "us sy id wa st   CPU %: user, kernel, idle, idle with I/O waiting, stolen",
    "M G   behind a number: MiB, GiB      -   the host's vmstat has no such figure",
    "3D   behind a name: three tasks in uninterruptible sleep, suspects: Enter lists them",
    "3W   the same, where an agent saw some wait for a file lock or a FUSE server",
    "!    behind a name: a burst; its agent looks ten times a second who waits for what",
    "Processes: means of the last ticks; bytes are those to and from devices, a reaped child's",
    "with its parent's; what couldn't be read is denied, disabled, unsupported or a gap, never 0.",
    "Bars: r+b of the last rows; half height is one task per CPU. A blank is a hole.",
    "Yellow: r above the CPUs, any b, any swapping, a CPU busy, waiting or stolen.",
    "Columns without room are left out: make the terminal wider.",
    "A regular expression is POSIX extended, and looks at a line as host and figures with",
    "single blanks between; without capitals it matches both cases.",
    "The wheel scrolls; hold Shift to mark text with the mouse as usual.",
    "Ctrl-Z suspends, Ctrl-C quits. Colours and keys of your own: culprit.conf.",
  ]

  static func draw(_ state: WatchState, on screen: inout Screen) {
    let lines = lines(state)
    let shown = min(max(0, state.helpScroll), lastStart(state))
    let top = ScreenAreas.top - 1
    for (offset, line) in lines[shown...].prefix(max(0, screen.rows - top)).enumerated() {
      for (column, text) in zip([0, state.columns / 2], line) {
        let end = line.count > 1 && column == 0 ? state.columns / 2 - 1 : state.columns
        screen.put(text, row: top + offset, column: column, end: end)
      }
    }
  }

  /// The first line when the last is at the bottom.
  static func lastStart(_ state: WatchState) -> Int {
    max(0, lines(state).count - max(0, state.rows - ScreenAreas.top + 1))
  }

  private static let keysWidth = 10

  /// Lines of one or two columns.
  private static func lines(_ state: WatchState) -> [[String]] {
    let keys = WatchAction.allCases.compactMap { action -> String? in
      let names = state.rules.keymap.names(of: action)
      guard !names.isEmpty else { return nil }
      let shown = names.prefix(2).joined(separator: " ").padded(to: keysWidth)
      return "\(shown) \(action.help)"
    }
    let isWide = state.columns >= 78
    let height = (keys.count + 1) / 2
    let table =
      isWide
      ? (0..<height).map { [keys[$0]] + (height + $0 < keys.count ? [keys[height + $0]] : []) }
      : keys.map { [$0] }
    let others = state.rules.keymap.moreThanTwo
    let also = others.isEmpty ? [] : [["also: \(others.joined(separator: ", "))"]]
    return table + also + [[""]] + legend.map { [$0] }
  }
}

extension Keymap {
  /// Actions with more keys than the table has room for: the rest of them.
  fileprivate var moreThanTwo: [String] {
    WatchAction.allCases.compactMap { action -> String? in
      let names = names(of: action).dropFirst(2)
      return names.isEmpty ? nil : "\(names.joined(separator: " ")) \(action.rawValue)"
    }
  }
}
