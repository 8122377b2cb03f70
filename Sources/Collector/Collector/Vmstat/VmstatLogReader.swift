import Bytes
import Foundation
import Records

/// Reads one saved vmstat log for `culprit import`, line by line, without I/O of its own.
///
/// Samples are handed over as they are read. What a line could not be used for stands in the
/// report, with its number; a log that can't be placed in time, or isn't one of Linux' vmstat,
/// is read no further (`isStopped`).
///
/// The first row of each run is the average since boot and never handed over. A header in the
/// middle of a log is vmstat's repetition of it only where everything says so; in doubt it
/// begins a new run.
public struct VmstatLogReader: Sendable {
  public struct Options: Sendable {
    /// The host's name in the samples.
    public var host: String
    /// When the log's first run began, for a log without times: row k is at
    /// `start + k × interval`, row 0 being the average since boot.
    public var start: Timestamp?
    /// Seconds between rows: 0.001 to 86,400, anything else is as good as none.
    public var interval: Double?
    /// The zone of times in the log. Where given it wins over what a header says.
    public var timeZone: TimeZone?
    /// What `vmstat -S` was given.
    public var memoryUnit: MemoryUnit
    public var cpus: Int?

    public init(
      host: String, start: Timestamp? = nil, interval: Double? = nil, timeZone: TimeZone? = nil,
      memoryUnit: MemoryUnit = .kibi, cpus: Int? = nil
    ) {
      self.host = host
      self.start = start
      self.interval = interval
      self.timeZone = timeZone
      self.memoryUnit = memoryUnit
      self.cpus = cpus
    }
  }

  let options: Options
  let interval: Double?
  var parser: VmstatParser
  var report = VmstatLogReport()
  var clock: LocalClock?
  var run: VmstatRun?
  /// Whether a header was read since the last row.
  private var followsHeader = false
  /// The date line since the last row.
  private var date: VmstatRun.Anchor?
  /// Whether anything but headers was read since the last row.
  private var wasInterrupted = false

  public init(options: Options) {
    self.options = options
    interval = options.interval.flatMap { (0.001...86400).contains($0) ? $0 : nil }
    parser = VmstatParser(memoryUnit: options.memoryUnit)
    clock = options.timeZone.map(LocalClock.init)
  }

  /// Whether further lines change nothing: the report says why.
  public var isStopped: Bool { report.refusal != nil }

  /// Reads the line `number` (counted from 1), without its line end, and hands over the sample
  /// it holds, if any. `isTerminated`: whether a line end followed; without one the last number
  /// may be cut, and the row is taken only where its percentages prove it whole.
  public mutating func read(
    _ line: Span<UInt8>, number: Int, isTerminated: Bool = true, emit: (HostSample) -> Void
  ) {
    guard !isStopped else { return }
    let decoration = LogDecoration(line)
    let text = line.extracting(decoration.start..<line.count)
    switch parser.parse(text) {
    case .blank: wasInterrupted = true
    case .groupHeader: break
    case .header: followsHeader = true
    case .foreign(let format): report.refusal = .foreign(format, line: number)
    case .other(nil): skip(text, number)
    case .other(let reason?):
      wasInterrupted = true
      report.add(isTerminated ? .unreadable(reason) : .brokenOff, line: number)
      if !followsHeader { run?.countUnreadable() }
    case .row(let row, let stamp):
      guard isTerminated || stamp != nil || row.hasWholePercentages else {
        return report.add(.brokenOff, line: number)
      }
      take(LogRow(row: row, stamp: stamp, epoch: decoration.time, line: number), emit)
    }
  }

  /// Ends the log.
  public mutating func finish() -> VmstatLogReport {
    closeRun()
    return report
  }

  /// Noise: a date starts the next run, a mark of cut rows ends what can be counted.
  private mutating func skip(_ text: Span<UInt8>, _ number: Int) {
    wasInterrupted = true
    report.noiseLines += 1
    if let found = DateLine(text) { date = VmstatRun.Anchor(date: found, line: number) }
    if LogDecoration.isCut(text), !followsHeader { run?.cut(at: number) }
  }

  private mutating func take(_ row: LogRow, _ emit: (HostSample) -> Void) {
    defer {
      followsHeader = false
      wasInterrupted = false
      date = nil
    }
    if followsHeader || run == nil {
      guard isRepeatedHeader(before: row) else { return startRun(row) }
      run?.closeBlock()
    }
    run?.count(row.row)
    guard let time = time(of: row) else { return }
    run?.lastTime = time
    report.rows += 1
    if report.first == nil { report.first = time }
    report.last = time
    emit(
      HostSample(
        host: options.host, time: time, source: .imported, row: row.row, cpus: options.cpus))
  }

  private mutating func startRun(_ row: LogRow) {
    let before = run
    closeRun()
    report.runs += 1
    report.sinceBootRows += 1
    let start = date.flatMap { moment(of: $0) }
    if let date, let start, before?.anchor != nil, let last = before?.lastTime, start < last {
      report.add(.overlap, line: date.line)
    }
    let time = ownTime(of: row)
    run = VmstatRun(
      number: report.runs, row: row, header: parser.header, anchor: date, start: start)
    run?.lastTime = time
  }

  private mutating func closeRun() {
    guard let run else { return }
    if run.rows == 1 {
      report.oneRowRuns += 1
      report.firstOneRowLine = report.firstOneRowLine ?? run.firstLine
    }
    self.run = nil
  }

  /// Whether the header before `row` is the same run's, printed again after a screenful.
  private mutating func isRepeatedHeader(before row: LogRow) -> Bool {
    guard !wasInterrupted, let run, run.endsBlock, parser.header.hasSameColumns(as: run.header)
    else { return false }
    let time = ownTime(of: row)
    // With times of its own a row wrongly left out is all that is lost, so be stricter.
    guard !run.average.mayBecome(row.row, leastShare: time == nil ? 0.5 : 0) else { return false }
    return time.map { run.isContinued(at: $0) } ?? true
  }
}

/// A row of a log with what the log says about its time.
struct LogRow {
  var row: VmstatRow
  /// The time that `vmstat -t` printed.
  var stamp: CivilTime?
  /// The time written before the line.
  var epoch: Timestamp?
  var line: Int

  var isUntimed: Bool { stamp == nil && epoch == nil }
}

extension VmstatRow {
  /// Whether the shares of the CPU add up to the whole, as far as rounding allows. A cut last
  /// number is at least 9 short of it.
  var hasWholePercentages: Bool {
    var sum: Int64 = 0
    for column: VmstatColumn in [.us, .sy, .id, .wa, .st, .gu] { sum += self[column] ?? 0 }
    return (96...104).contains(sum)
  }
}
