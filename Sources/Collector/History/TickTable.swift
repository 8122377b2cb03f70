import Foundation
import GRDB
import Records

/// The rows themselves: how a sample is written into the `tick` table and read from it.
enum TickTable {
  /// How many rows of one host and source may claim the same moment before more are refused.
  /// Only a clock that stands still gets near it.
  static let shiftLimit: Int64 = 1_000

  /// vmstat's columns in the order of their raw values, so that a column's place is its raw value
  /// past a fixed first place.
  private static let vmstatColumns = VmstatColumn.allCases.map { "\"\($0.name)\"" }
  private static let columns =
    ["time_ns", "host", "source"] + vmstatColumns + ["load1", "load5", "load15", "cpus"]
  private static let firstVmstat: Int32 = 3
  private static let firstLoad = firstVmstat + Int32(vmstatColumns.count)
  private static let cpus = firstLoad + 3

  static let columnList = columns.joined(separator: ", ")

  fileprivate static let insertSQL = """
    INSERT INTO tick (\(columnList))
    VALUES (\(columns.map { _ in "?" }.joined(separator: ", "))) ON CONFLICT DO NOTHING
    """

  fileprivate static let takenSQL = """
    SELECT \(columnList) FROM tick
    WHERE time_ns >= ? AND time_ns < ? AND host = ? AND source = ? ORDER BY time_ns
    """

  fileprivate static let completeSQL = """
    UPDATE tick SET load1 = coalesce(load1, ?), load5 = coalesce(load5, ?),
      load15 = coalesce(load15, ?), cpus = coalesce(?, cpus)
    WHERE time_ns = ? AND host = ? AND source = ?
    """

  fileprivate static func bind(
    _ sample: HostSample, host: Int64, time: Int64, to insert: BoundStatement
  ) {
    insert.bind(time, at: 1)
    insert.bind(host, at: 2)
    insert.bind(Int64(sample.source.rawValue), at: 3)
    for column in VmstatColumn.allCases {
      insert.bind(sample.row[column], at: firstVmstat + Int32(column.rawValue) + 1)
    }
    let load = sample.storableLoad
    insert.bind(load?.oneMinute, at: firstLoad + 1)
    insert.bind(load?.fiveMinutes, at: firstLoad + 2)
    insert.bind(load?.fifteenMinutes, at: firstLoad + 3)
    insert.bind(sample.cpus.map(Int64.init), at: cpus + 1)
  }

  /// The key of the row that a statement selecting `columnList` stands on.
  static func key(_ rows: BoundStatement) -> TickKey {
    TickKey(time: rows.integer(0), host: rows.integer(1), source: rows.integer(2))
  }

  /// The sample of that row; `nil` where its source is none that this version knows.
  static func sample(_ rows: BoundStatement, host: String) -> HostSample? {
    guard let source = SampleSource(rawValue: Int(rows.integer(2))) else { return nil }
    return HostSample(
      host: host, time: Timestamp(nanoseconds: rows.integer(0)), source: source,
      row: vmstatRow(rows), load: load(rows), cpus: rows.integerOrNil(cpus).map(Int.init))
  }

  fileprivate static func vmstatRow(_ rows: BoundStatement) -> VmstatRow {
    var row = VmstatRow()
    for column in VmstatColumn.allCases {
      row[column] = rows.integerOrNil(firstVmstat + Int32(column.rawValue))
    }
    return row
  }

  fileprivate static func load(_ rows: BoundStatement) -> LoadAverage? {
    guard let one = rows.realOrNil(firstLoad), let five = rows.realOrNil(firstLoad + 1),
      let fifteen = rows.realOrNil(firstLoad + 2)
    else { return nil }
    return LoadAverage(oneMinute: one, fiveMinutes: five, fifteenMinutes: fifteen)
  }

  fileprivate static func cpus(_ rows: BoundStatement) -> Int64? { rows.integerOrNil(cpus) }
}

/// What makes a row unique, in the order of the table.
struct TickKey: Comparable {
  var time: Int64
  var host: Int64
  var source: Int64

  static let first = TickKey(time: .min, host: .min, source: .min)
  static let last = TickKey(time: .max, host: .max, source: .max)

  static func < (left: TickKey, right: TickKey) -> Bool {
    if left.time != right.time { return left.time < right.time }
    if left.host != right.host { return left.host < right.host }
    return left.source < right.source
  }
}

extension HostSample {
  /// SQLite keeps no NaN, so a load that isn't a number is one that wasn't read.
  fileprivate var storableLoad: LoadAverage? {
    guard let load, load.oneMinute.isFinite, load.fiveMinutes.isFinite,
      load.fifteenMinutes.isFinite
    else { return nil }
    return load
  }
}

/// Puts samples into the tick table, inside one transaction.
struct TickInserter {
  enum Outcome {
    case stored
    case shifted(to: Int64)
    case duplicate
    case refused
  }

  private let insert: BoundStatement
  private let db: Database

  init(_ db: Database) throws {
    self.db = db
    insert = try BoundStatement(TickTable.insertSQL, db)
  }

  func put(_ sample: HostSample, host: Int64) throws -> Outcome {
    let time = sample.time.nanoseconds
    if try put(sample, host: host, at: time) { return .stored }
    return try putBesideTaken(sample, host: host)
  }

  private func put(_ sample: HostSample, host: Int64, at time: Int64) throws -> Bool {
    TickTable.bind(sample, host: host, time: time, to: insert)
    return try insert.run() == 1
  }

  /// The moment is taken. The same reading there, or in the unbroken run of nanoseconds after it
  /// (where an earlier call put rows of that moment), is a re-delivery. Otherwise the host's
  /// clock went back, and the row is kept at the end of that run, where a re-delivery finds it.
  private func putBesideTaken(_ sample: HostSample, host: Int64) throws -> Outcome {
    let time = sample.time.nanoseconds
    let (end, overflow) = time.addingReportingOverflow(TickTable.shiftLimit)
    guard !overflow else { return .refused }
    let taken = try BoundStatement(TickTable.takenSQL, db)
    taken.bind(time, at: 1)
    taken.bind(end, at: 2)
    taken.bind(host, at: 3)
    taken.bind(Int64(sample.source.rawValue), at: 4)
    var free = time
    while try taken.step(), taken.integer(0) == free {
      guard !isSameReading(sample, taken) else {
        let isComplete = hasAll(of: sample, taken)
        taken.reset()
        if !isComplete { try complete(with: sample, host: host, at: free) }
        return .duplicate
      }
      free += 1
    }
    taken.reset()
    guard free < end, try put(sample, host: host, at: free) else { return .refused }
    return .shifted(to: free)
  }

  /// vmstat's columns decide, and the load where both have one. What stands beside the row (a
  /// load read with it, the CPU count) may come with a later delivery, as when a log is
  /// imported again with `--cpus`.
  private func isSameReading(_ sample: HostSample, _ stored: BoundStatement) -> Bool {
    guard TickTable.vmstatRow(stored) == sample.row else { return false }
    guard let load = sample.storableLoad, let known = TickTable.load(stored) else { return true }
    return load == known
  }

  private func hasAll(of sample: HostSample, _ stored: BoundStatement) -> Bool {
    let hasLoad = sample.storableLoad == nil || TickTable.load(stored) != nil
    let hasCPUs = sample.cpus.map { Int64($0) == TickTable.cpus(stored) } ?? true
    return hasLoad && hasCPUs
  }

  private func complete(with sample: HostSample, host: Int64, at time: Int64) throws {
    let update = try BoundStatement(TickTable.completeSQL, db)
    let load = sample.storableLoad
    update.bind(load?.oneMinute, at: 1)
    update.bind(load?.fiveMinutes, at: 2)
    update.bind(load?.fifteenMinutes, at: 3)
    update.bind(sample.cpus.map(Int64.init), at: 4)
    update.bind(time, at: 5)
    update.bind(host, at: 6)
    update.bind(Int64(sample.source.rawValue), at: 7)
    try update.run()
  }
}
