import Bytes
import Records

/// One run of vmstat inside a log: from a header whose first row is the average since boot to
/// the next such header.
struct VmstatRun {
  /// A date line above a run: when it began.
  struct Anchor {
    var date: DateLine
    var line: Int
  }

  /// Fewest rows between two headers of one run: vmstat repeats its header after a screenful.
  static let leastBlock = 10

  /// In the log, from 1.
  let number: Int
  let firstLine: Int
  let header: VmstatHeader
  let anchor: Anchor?
  /// The moment of the anchor; `nil` where its zone is unknown.
  let start: Timestamp?
  /// Rows so far, the average since boot and unreadable ones included: each took an interval.
  private(set) var rows = 1
  private(set) var average: SinceBootAverage
  /// The last row's time, where it is known.
  var lastTime: Timestamp? {
    didSet {
      if let lastTime, let oldValue { interval = VmstatRun.seconds(from: oldValue, to: lastTime) }
    }
  }
  /// Seconds between the last two rows.
  private var interval: Double?
  /// Rows since the last header.
  private var blockRows = 1
  /// Rows between the headers so far, where there was more than one.
  private var blockSize: Int?
  /// Where rows were left out.
  private(set) var cutLine: Int?

  init(number: Int, row: LogRow, header: VmstatHeader, anchor: Anchor?, start: Timestamp?) {
    self.number = number
    firstLine = row.line
    self.header = header
    self.anchor = anchor
    self.start = start
    average = SinceBootAverage(first: row.row)
  }

  mutating func count(_ row: VmstatRow) {
    rows += 1
    blockRows += 1
    average.add(row)
  }

  mutating func countUnreadable() {
    rows += 1
    blockRows += 1
  }

  mutating func cut(at line: Int) {
    cutLine = cutLine ?? line
  }

  /// Whether a header that comes now may be the run's own, by the number of rows before it.
  var endsBlock: Bool {
    blockRows >= VmstatRun.leastBlock && (blockSize == nil || blockSize == blockRows)
  }

  mutating func closeBlock() {
    blockSize = blockRows
    blockRows = 0
  }

  /// Whether a row at `time` is the next after the last one, going by the rows before.
  func isContinued(at time: Timestamp) -> Bool {
    guard let lastTime, let interval else { return false }
    let gap = VmstatRun.seconds(from: lastTime, to: time)
    return gap > 0 && abs(gap - interval) <= max(1, interval / 2)
  }

  /// In floating point from the start: two times of a damaged log may lie further apart than
  /// 64 bits of nanoseconds.
  private static func seconds(from start: Timestamp, to end: Timestamp) -> Double {
    (Double(end.nanoseconds) - Double(start.nanoseconds)) / 1e9
  }
}
