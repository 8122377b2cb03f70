/// The help screen: keys, and what the figures mean.
enum HelpView {
  private static let lines = [
    "1       table: a line per host, worst first",
    "2       merged: rows of all hosts as they arrive",
    "Tab     the other view",
    "Space   freeze the screen; rows go on being taken in",
    "arrows, PageUp, PageDown, Home, End   scroll",
    "? h     this help        q Ctrl-C   quit",
    "",
    "r   tasks that run or wait for a CPU      b   tasks blocked in I/O",
    "si so   swapped in, out      bi bo   read from, written to disks (KiB/s)",
    "us sy id wa st   CPU %: user, kernel, idle, idle with I/O waiting, stolen",
    "M G   behind a number: MiB, GiB      -   the host's vmstat has no such figure",
    "",
    "Bars: r+b of the last rows; half height is one task per CPU.",
    "Yellow: r above the CPUs, any b, any swapping, a CPU busy, waiting or stolen.",
    "Columns without room are left out: make the terminal wider.",
  ]

  static func draw(_ state: WatchState, on screen: inout Screen) {
    for (index, line) in lines.enumerated() {
      screen.put(line, row: ScreenAreas.top + index, column: 0)
    }
  }
}
