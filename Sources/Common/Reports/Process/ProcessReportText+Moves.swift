import Bytes
import Records

// What it moves: since its start, while the report was made, and over the last minutes.

extension ProcessReportText {
  /// Lines that the past is folded into.
  private static let pastLines = 10

  func movingLines() -> String {
    var lines = heading("Moves, to and from devices, and in all calls")
    let table = LineTable([
      (.left, 24), (.right, 8), (.right, 8), (.right, 8), (.right, 8),
    ])
    lines += cut(table.line(["", "READ", "WRITTEN", "CALLS RD", "CALLS WR"], "CPU"))
    let seconds = Double(report.cpuNanoseconds) / 1e9
    lines += cut(
      table.line(
        ["since its start"] + bytes(report.io) { Double($0) }, figure(seconds, 2) + " s"))
    lines += rates(report.watched, "per second, now", table)
    for point in ProcessReportText.folded(report.past, into: ProcessReportText.pastLines) {
      lines += rates(point, "per second, to " + clock(point.time), table)
    }
    let delay = report.blockDelayNanoseconds
    let waited = delay.value.map { "\(figure(Double($0) / 1e9, 1)) s" } ?? absence(delay)
    return lines + cut("  waited for disks, all threads: \(waited)")
  }

  private func rates(
    _ point: ProcessReport.Point, _ name: String, _ table: LineTable
  ) -> String {
    let cpu = point.perSecond(point.cpuNanoseconds) / 1e7
    return cut(
      table.line([name] + bytes(point.io) { point.perSecond($0) }, figure(cpu, 1) + " %"))
  }

  /// Of devices, and of all calls; four columns.
  private func bytes(
    _ reading: Reading<IOCounters>, _ scale: (UInt64) -> Double
  ) -> [String] {
    guard case .known(let io) = reading else {
      return [String](repeating: absence(reading), count: 4)
    }
    return [io.readBytes, io.writeBytes, io.readCharacters, io.writeCharacters]
      .map { ByteFigure.text(scale($0)) }
  }

  /// At most so many points, each the sum of as many neighbours. A sum of what isn't all known is
  /// not known either.
  static func folded(
    _ points: [ProcessReport.Point], into count: Int
  ) -> [ProcessReport.Point] {
    guard points.count > count else { return points }
    let size = (points.count + count - 1) / count
    return stride(from: 0, to: points.count, by: size).map { start in
      let part = points[start..<min(start + size, points.count)]
      var sum = part[start]
      for point in part.dropFirst() {
        sum.time = point.time
        sum.intervalNanoseconds = sum.intervalNanoseconds.addingSaturated(
          point.intervalNanoseconds)
        sum.cpuNanoseconds = sum.cpuNanoseconds.addingSaturated(point.cpuNanoseconds)
        if case .known(let before) = sum.io { sum.io = point.io.map { before + $0 } }
      }
      return sum
    }
  }
}
