import Bytes

/// What packing and unpacking remember of the rows so far, both in the same way: so that what can
/// be foretold needn't be written.
struct RowPredictor {
  /// Processes in the order in which they turned up, as their bytes lie in rows.
  private(set) var processes: [[UInt8]] = []
  private var numbers: [[UInt8]: UInt64] = [:]
  private var steady: [SteadyPlace: UInt64] = [:]
  private var last: [ColumnName: UInt64] = [:]

  private struct SteadyPlace: Hashable {
    var column: ColumnName
    var process: UInt64
  }

  /// The number of a process that turned up before.
  func number(of process: [UInt8]) -> UInt64? { numbers[process] }

  mutating func add(_ process: [UInt8]) -> UInt64 {
    let number = UInt64(processes.count)
    numbers[process] = number
    processes.append(process)
    return number
  }

  func process(_ number: UInt64) -> [UInt8]? {
    number < UInt64(processes.count) ? processes[Int(number)] : nil
  }

  // MARK: Numbers

  /// What is written for a steady value: 0 where it is as it was.
  mutating func pack(steady value: UInt64, _ column: ColumnName, of process: UInt64) -> UInt64 {
    let before = steady.updateValue(value, forKey: SteadyPlace(column: column, process: process))
    return before == value ? 0 : value &+ 1
  }

  /// `nil` where there is nothing that it could be as.
  mutating func unpack(
    steady packed: UInt64, _ column: ColumnName, of process: UInt64
  ) -> UInt64? {
    let place = SteadyPlace(column: column, process: process)
    if packed == 0 { return steady[place] }
    steady[place] = packed &- 1
    return packed &- 1
  }

  /// What is written for a number that grows: how far it is from where it is expected.
  mutating func pack(growing value: UInt64, by step: UInt64 = 0, _ column: ColumnName) -> UInt64 {
    let expected = (last.updateValue(value, forKey: column) ?? 0) &+ step
    return ZigZag.encode(Int64(bitPattern: value &- expected))
  }

  mutating func unpack(
    growing packed: UInt64, by step: UInt64 = 0, _ column: ColumnName
  ) -> UInt64 {
    let expected = (last[column] ?? 0) &+ step
    let value = expected &+ UInt64(bitPattern: ZigZag.decode(packed))
    last[column] = value
    return value
  }
}

/// Nanoseconds that are mostly whole microseconds. What is beyond 292 years doesn't come back: then
/// nothing is packed.
enum PackedNanoseconds {
  static func pack(_ value: UInt64) -> UInt64 {
    value % 1000 == 0 ? (value / 1000) << 1 : value << 1 | 1
  }

  static func unpack(_ packed: UInt64) -> UInt64 {
    packed & 1 == 0 ? (packed >> 1) &* 1000 : packed >> 1
  }
}
