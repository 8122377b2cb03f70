import Bytes
import Records

/// `/proc/loadavg` (proc_loadavg(5), fs/proc/loadavg.c): `0.20 0.18 0.12 1/80 11206`.
public struct LoadReading: Equatable, Sendable {
  public var average: LoadAverage
  /// Tasks that can run now.
  public var runnable: UInt64
  /// Tasks there are, threads counted, whoever may see them: what a listing is held against
  /// (`hidepid`).
  public var tasks: UInt64

  public init?(_ text: Span<UInt8>) {
    var cursor = 0
    guard let one = text.nextWord(&cursor), let five = text.nextWord(&cursor),
      let fifteen = text.nextWord(&cursor), let counts = text.nextWord(&cursor),
      let oneMinute = text.fraction(in: one), let fiveMinutes = text.fraction(in: five),
      let fifteenMinutes = text.fraction(in: fifteen),
      let slash = text.first(UInt8(ascii: "/"), in: counts),
      // The number of tasks ends at the blank before the last pid; without that it may be cut.
      counts.upperBound < text.count,
      let runnable = text.decimal(in: counts.lowerBound..<slash),
      let tasks = text.decimal(in: slash + 1..<counts.upperBound), runnable >= 0, tasks >= 0
    else { return nil }
    average = LoadAverage(
      oneMinute: oneMinute, fiveMinutes: fiveMinutes, fifteenMinutes: fifteenMinutes)
    self.runnable = UInt64(runnable)
    self.tasks = UInt64(tasks)
  }
}
