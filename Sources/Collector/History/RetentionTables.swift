import GRDB
import Records

/// The statements of retention: each call is one short transaction's worth of work.
enum RetentionTables {
  /// Rows deleted in one transaction: some 10 ms.
  static let pieceRows = 5_000
  /// Entries kept in the table that the view `retention` shows.
  static let logEntries = 1_000

  /// What was deleted: how many rows, from when to when.
  typealias Deletion = (rows: Int64, times: ClosedRange<Int64>)

  /// The time of the oldest row in the span that isn't of the hosts `kept`.
  static func first(
    in times: Range<Int64>, except kept: [Int64], _ db: Database
  ) throws -> Int64? {
    try Int64.fetchOne(
      db,
      sql: """
        SELECT time_ns FROM tick WHERE time_ns >= ? AND time_ns < ?\(unless(kept))
        ORDER BY time_ns LIMIT 1
        """, arguments: [times.lowerBound, times.upperBound])
  }

  /// The time of the last of the next `pieceRows` rows in the span, or of its last row.
  static func pieceEnd(in times: Range<Int64>, _ db: Database) throws -> Int64? {
    let span = "FROM tick WHERE time_ns >= ? AND time_ns < ? ORDER BY time_ns"
    let arguments: StatementArguments = [times.lowerBound, times.upperBound]
    return try Int64.fetchOne(
      db, sql: "SELECT time_ns \(span) LIMIT 1 OFFSET \(pieceRows - 1)", arguments: arguments)
      ?? Int64.fetchOne(db, sql: "SELECT time_ns \(span) DESC LIMIT 1", arguments: arguments)
  }

  /// Deletes the rows of the span that aren't of the hosts `kept`.
  static func delete(
    _ times: ClosedRange<Int64>, except kept: [Int64], _ db: Database
  ) throws -> Deletion? {
    try delete(
      "time_ns >= ? AND time_ns <= ?\(unless(kept))", [times.lowerBound, times.upperBound], db)
  }

  /// Deletes the host's rows of the span.
  static func delete(
    host: Int64, _ times: ClosedRange<Int64>, _ db: Database
  ) throws -> Deletion? {
    try delete(
      "time_ns >= ? AND time_ns <= ? AND host = ?",
      [times.lowerBound, times.upperBound, host], db)
  }

  /// The hosts are numbers, so they can stand in the text.
  private static func unless(_ hosts: [Int64]) -> String {
    guard !hosts.isEmpty else { return "" }
    return " AND host NOT IN (\(hosts.map(String.init).joined(separator: ",")))"
  }

  private static func delete(
    _ condition: String, _ arguments: StatementArguments, _ db: Database
  ) throws -> Deletion? {
    let counts = try Row.fetchAll(
      db,
      sql: """
        SELECT host, count(*), min(time_ns), max(time_ns) FROM tick
        WHERE \(condition) GROUP BY host
        """, arguments: arguments)
    guard !counts.isEmpty else { return nil }
    try db.execute(sql: "DELETE FROM tick WHERE \(condition)", arguments: arguments)
    let count = try db.cachedStatement(
      sql: "UPDATE server SET deleted = deleted + ? WHERE id = ?")
    var rows: Int64 = 0
    var (low, high) = (Int64.max, Int64.min)
    for row in counts {
      let (host, deleted): (Int64, Int64) = (row[0], row[1])
      try count.execute(arguments: [deleted, host])
      rows += deleted
      low = min(low, row[2])
      high = max(high, row[3])
    }
    return (rows, low...high)
  }

  /// Deletes closed episodes that ended before `moment` on their host's clock; at most
  /// `pieceRows` of each host's group. How many.
  static func deleteEpisodes(
    before moment: Int64, _ offsets: ClockOffsets, _ db: Database
  ) throws -> Int64 {
    let spikes = Pieces(table: "spike", key: "id", condition: "NOT is_open AND end_ns < ?")
    return try spikes.delete(before: moment, offsets, db)
  }

  /// Tables that stand beside the rows, and what makes one of their rows unique.
  private static let besides = [
    ("sighting", "time_ns, host, tid"), ("mover", "time_ns, host, process"),
    ("device", "time_ns, host, name"), ("stall", "time_ns, host"),
  ]

  /// Deletes what stands beside the rows of before `moment` on their host's clock, and of after
  /// `future`; at most `pieceRows` of each table and host's group. How many.
  static func deleteBesides(
    before moment: Int64, after future: Int64, _ offsets: ClockOffsets, _ db: Database
  ) throws -> Int64 {
    var count: Int64 = 0
    for (table, key) in besides {
      let old = Pieces(table: table, key: key, condition: "time_ns < ?")
      let stray = Pieces(
        table: table, key: key, condition: "time_ns > ?\(unless(offsets.hosts))")
      count += try old.delete(before: moment, offsets, db) + stray.delete([future], db)
    }
    return count
  }

  /// The same for traces, which a process and its files go with. How many hosts' parts.
  static func deleteTraces(
    before moment: Int64, after future: Int64, _ offsets: ClockOffsets, _ db: Database
  ) throws -> Int64 {
    let old = Pieces(table: "trace_host", key: "id", condition: "time_ns < ?")
    let stray = Pieces(
      table: "trace_host", key: "id", condition: "time_ns > ?\(unless(offsets.hosts))")
    let count = try old.delete(before: moment, offsets, db) + stray.delete([future], db)
    if count > 0 { try TraceTable.deleteOrphans(db) }
    return count
  }

  /// Deletes the processes that were seen last before `moment` on their host's clock, or after
  /// `future`, when nothing refers to them any more. How many.
  static func deleteProcesses(
    before moment: Int64, after future: Int64, _ offsets: ClockOffsets, _ db: Database
  ) throws -> Int64 {
    // A process is noted as seen each ten minutes only.
    let (early, overflow) = moment.subtractingReportingOverflow(1_200 * 1_000_000_000)
    guard !overflow else { return 0 }
    let old = Pieces(table: "process", key: "id", condition: "last_ns < ?")
    let stray = Pieces(
      table: "process", key: "id", condition: "last_ns > ?\(unless(offsets.hosts))")
    return try old.delete(before: early, offsets, db) + stray.delete([future], db)
  }

  /// Gaps kept of one host; of more the oldest are forgotten (see `GapCounts`).
  static let gapsLimit: Int64 = 10_000

  /// Deletes the gaps that were noted before `moment`, on the collector's clock. How many.
  static func deleteGaps(before moment: Int64, _ db: Database) throws -> Int64 {
    try Pieces(table: "stream_gap", key: "id", condition: "noted_ns < ?").delete([moment], db)
  }

  /// Forgets what is too much: streams that nothing was heard of for long, and the oldest gaps of a
  /// host that has very many. How many.
  static func forgetStreams(before moment: Int64, _ db: Database) throws -> Int {
    let old = try Int64.fetchAll(
      db, sql: "SELECT id FROM stream WHERE seen_ns < ? LIMIT 1000", arguments: [moment])
    for stream in old { try LedgerTable.forget(stream, db) }
    let crowded = try Row.fetchAll(
      db,
      sql: "SELECT host, count(*) FROM stream_gap GROUP BY host HAVING count(*) > ?",
      arguments: [gapsLimit])
    for row in crowded {
      let (host, count): (Int64, Int64) = (row[0], row[1])
      try db.execute(
        sql: """
          DELETE FROM stream_gap WHERE id IN
            (SELECT id FROM stream_gap WHERE host = ? ORDER BY id LIMIT ?)
          """, arguments: [host, min(count - gapsLimit, Int64(pieceRows))])
    }
    return old.count
  }

  /// Rows of a table that are deleted a piece at a time.
  private struct Pieces {
    let table: String
    let key: String
    /// With one `?`, for a moment.
    let condition: String

    /// Those of before `moment` on the clock of each host; how many.
    func delete(before moment: Int64, _ offsets: ClockOffsets, _ db: Database) throws -> Int64 {
      var count = try delete([moment], and: unless(offsets.hosts), db)
      for host in offsets.hosts {
        count += try delete([offsets.onClock(of: host, moment), host], and: " AND host = ?", db)
      }
      return count
    }

    func delete(
      _ arguments: StatementArguments, and hosts: String = "", _ db: Database
    ) throws -> Int64 {
      try db.execute(
        sql: """
          DELETE FROM \(table) WHERE (\(key)) IN
            (SELECT \(key) FROM \(table) WHERE \(condition)\(hosts) LIMIT \(pieceRows))
          """, arguments: arguments)
      return Int64(db.changesCount)
    }
  }

  static func log(_ report: RetentionReport, at now: Timestamp, _ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO retention_log
          (at_ns, reason, rows, episodes, first_ns, last_ns, bytes_before, bytes_after)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        now.nanoseconds, report.reasons.joined(separator: "+"), report.rowsDeleted,
        report.episodesDeleted, report.first?.nanoseconds, report.last?.nanoseconds,
        report.bytesBefore, report.bytesAfter,
      ])
    try db.execute(
      sql: "DELETE FROM retention_log WHERE id <= ?",
      arguments: [db.lastInsertedRowID - Int64(logEntries)])
  }

  static func measuredOffsets(_ db: Database) throws -> [Int64: Double] {
    var offsets: [Int64: Double] = [:]
    let rows = try Row.fetchCursor(
      db, sql: "SELECT id, clock_offset FROM server WHERE clock_offset IS NOT NULL")
    while let row = try rows.next() { offsets[row[0]] = row[1] }
    return offsets
  }

  /// Pages in the file, and those of them that are free.
  static func pages(_ db: Database) throws -> (all: Int64, free: Int64, bytes: Int64) {
    (
      try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0,
      try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0,
      try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0
    )
  }
}
