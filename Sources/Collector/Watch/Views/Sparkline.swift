/// Recent pressure as a row of bars: tasks running or blocked, against the CPUs.
enum Sparkline {
  private static let bars: [Unicode.Scalar] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
  private static let asciiBars: [Unicode.Scalar] = ["_", ".", ":", "-", "=", "+", "*", "#"]

  /// Draws the newest values that have room between two columns, the newest at the right.
  /// Half height is a task per CPU, full height two or more; where the CPUs aren't known, full
  /// height is the largest value shown. A gap in the rows is a gap in the line.
  static func draw(
    _ values: RecentValues<Int64?>, cpus: Int?, on screen: inout Screen, row: Int,
    columns: Range<Int>
  ) {
    let shown = values.suffix(columns.count)
    let known = cpus.map { max(1, 2 * $0) }
    let full = known.map(Int64.init) ?? max(1, shown.compactMap(\.self).max() ?? 1)
    let start = columns.upperBound - shown.count
    for (index, value) in shown.enumerated() {
      guard let value else { continue }
      let bar = bar(value, full: full, ascii: screen.ascii)
      let role = role(value, cpus: cpus)
      screen.put(
        String(bar), row: row, column: start + index,
        style: Style(role, dim: value == 0))
    }
  }

  /// Draws the newest values that have room, each against `full`; `nil` is a hole.
  static func draw(
    _ values: [Double?], full: Double, on screen: inout Screen, row: Int, columns: Range<Int>
  ) {
    let shown = values.suffix(columns.count)
    let start = columns.upperBound - shown.count
    for (index, value) in shown.enumerated() {
      guard let value, value.isFinite else { continue }
      screen.put(
        String(bar(max(0, value), full: full, ascii: screen.ascii)), row: row,
        column: start + index, style: Style(.plain, dim: value == 0))
    }
  }

  private static func bar(_ value: Int64, full: Int64, ascii: Bool) -> Unicode.Scalar {
    bar(Double(value), full: Double(full), ascii: ascii)
  }

  private static func bar(_ value: Double, full: Double, ascii: Bool) -> Unicode.Scalar {
    let share = min(1, value / max(full, .leastNonzeroMagnitude))
    let step = Int((share * 7).rounded(.up))
    return (ascii ? asciiBars : bars)[min(7, max(0, step))]
  }

  private static func role(_ value: Int64, cpus: Int?) -> ColourRole {
    guard let cpus, cpus > 0, value > cpus else { return .plain }
    return value > 2 * cpus ? .alarm : .warning
  }
}
