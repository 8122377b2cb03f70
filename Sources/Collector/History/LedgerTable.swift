import GRDB
import Records

/// The streams of the hosts: what of each is settled, and what is gone.
enum LedgerTable {
  /// Streams kept of one host: each start of its agent makes one. Beyond, the one that was heard
  /// of longest ago is forgotten; more than an agent's spool can list, so none of those.
  static let streamsLimit = 4_096 + 256
  /// A stream that nothing was heard of for so long, by the collector's clock, is forgotten: no
  /// spool holds it any more. Until then it says what was fetched already, though the rows may be
  /// deleted by then.
  static let forgetNanoseconds: Int64 = 30 * 86_400 * 1_000_000_000

  static func blob(_ boot: BootID) -> [UInt8] {
    withUnsafeBytes(of: (boot.high.bigEndian, boot.low.bigEndian)) { Array($0) }
  }

  static func boot(_ blob: [UInt8]) -> BootID? {
    guard blob.count == 16 else { return nil }
    func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
      bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
    return BootID(high: number(blob[0..<8]), low: number(blob[8..<16]))
  }

  /// A host's streams as they are kept.
  static func streams(of host: Int64, _ db: Database) throws -> [StreamID: LedgerEntry] {
    var entries: [StreamID: LedgerEntry] = [:]
    let streams = try BoundStatement(
      "SELECT id, boot, number, seen_ns FROM stream WHERE host = ?", db)
    streams.bind(host, at: 1)
    while try streams.step() {
      guard let boot = boot(streams.bytes(1)) else { continue }
      let stream = StreamID(boot: boot, number: UInt64(bitPattern: streams.integer(2)))
      entries[stream] = LedgerEntry(id: streams.integer(0), seen: streams.integer(3))
    }
    for (stream, entry) in entries {
      let runs = LedgerRuns(try runs(of: entry.id, db))
      entries[stream]?.runs = runs
      entries[stream]?.kept = runs.runs
      entries[stream]?.openGaps = try openGaps(of: entry.id, db)
    }
    return entries
  }

  private static func runs(of stream: Int64, _ db: Database) throws -> [LedgerRuns.Run] {
    let rows = try BoundStatement(
      "SELECT first, last, first_ns, last_ns FROM stream_run WHERE stream = ? ORDER BY first", db)
    rows.bind(stream, at: 1)
    var runs: [LedgerRuns.Run] = []
    while try rows.step() {
      runs.append(
        LedgerRuns.Run(
          first: UInt64(max(0, rows.integer(0))), last: UInt64(max(0, rows.integer(1))),
          firstTime: rows.integerOrNil(2), lastTime: rows.integerOrNil(3)))
    }
    return runs
  }

  private static func openGaps(of stream: Int64, _ db: Database) throws -> [LedgerEntry.OpenGap] {
    let rows = try BoundStatement(
      "SELECT id, last FROM stream_gap WHERE stream = ? AND to_ns IS NULL", db)
    rows.bind(stream, at: 1)
    var gaps: [LedgerEntry.OpenGap] = []
    while try rows.step() {
      gaps.append(.init(id: rows.integer(0), last: UInt64(max(0, rows.integer(1)))))
    }
    return gaps
  }

  static func insert(_ stream: StreamID, host: Int64, seen: Int64, _ db: Database) throws -> Int64 {
    let insert = try BoundStatement(
      "INSERT INTO stream (host, boot, number, seen_ns) VALUES (?, ?, ?, ?)", db)
    insert.bind(host, at: 1)
    insert.bind(blob(stream.boot), at: 2)
    insert.bind(Int64(bitPattern: stream.number), at: 3)
    insert.bind(seen, at: 4)
    try insert.run()
    return db.lastInsertedRowID
  }

  /// The gaps stay: they are what a view shows.
  ///
  /// Of the host it is kept up to when its frames went, on its own clock: what a spool has from
  /// before isn't fetched again. A clock that was far ahead mustn't put that into the future.
  static func forget(_ id: Int64, _ db: Database) throws {
    let mark = try BoundStatement(
      """
      UPDATE server SET forgotten_ns = max(coalesce(forgotten_ns, ended), ended) FROM
        (SELECT stream.host AS host, min(max(last_ns), seen_ns + \(86_400 * 1_000_000_000)) AS ended
          FROM stream JOIN stream_run ON stream = stream.id WHERE stream.id = ?)
      WHERE server.id = host AND ended IS NOT NULL
      """, db)
    mark.bind(id, at: 1)
    try mark.run()
    for sql in ["DELETE FROM stream_run WHERE stream = ?", "DELETE FROM stream WHERE id = ?"] {
      let delete = try BoundStatement(sql, db)
      delete.bind(id, at: 1)
      try delete.run()
    }
  }

  /// Writes what is different: the runs before and behind it stay as they are.
  static func write(
    _ new: [LedgerRuns.Run], over old: [LedgerRuns.Run], stream: Int64, _ db: Database
  ) throws {
    var start = 0
    while start < min(new.count, old.count), new[start] == old[start] { start += 1 }
    var tail = 0
    while tail < min(new.count, old.count) - start,
      new[new.count - 1 - tail] == old[old.count - 1 - tail]
    {
      tail += 1
    }
    let firsts = Set(new[start..<(new.count - tail)].map(\.first))
    for run in old[start..<(old.count - tail)] where !firsts.contains(run.first) {
      let delete = try BoundStatement(
        "DELETE FROM stream_run WHERE stream = ? AND first = ?", db)
      delete.bind(stream, at: 1)
      delete.bind(Int64(clamping: run.first), at: 2)
      try delete.run()
    }
    let insert = try BoundStatement(
      """
      INSERT OR REPLACE INTO stream_run (stream, first, last, first_ns, last_ns)
      VALUES (?, ?, ?, ?, ?)
      """, db)
    for run in new[start..<(new.count - tail)] {
      insert.bind(stream, at: 1)
      insert.bind(Int64(clamping: run.first), at: 2)
      insert.bind(Int64(clamping: run.last), at: 3)
      insert.bind(run.firstTime, at: 4)
      insert.bind(run.lastTime, at: 5)
      try insert.run()
    }
  }

  static func note(seen: Int64, stream: Int64, _ db: Database) throws {
    let update = try BoundStatement("UPDATE stream SET seen_ns = ? WHERE id = ?", db)
    update.bind(seen, at: 1)
    update.bind(stream, at: 2)
    try update.run()
  }

  /// A new gap; its number.
  static func insertGap(
    _ numbers: ClosedRange<UInt64>, _ reason: LossReason, stream: Int64, host: Int64,
    from: Int64?, to: Int64?, at now: Int64, _ db: Database
  ) throws -> Int64 {
    let insert = try BoundStatement(
      """
      INSERT INTO stream_gap (stream, host, first, last, reason, from_ns, to_ns, noted_ns)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """, db)
    insert.bind(stream, at: 1)
    insert.bind(host, at: 2)
    insert.bind(Int64(clamping: numbers.lowerBound), at: 3)
    insert.bind(Int64(clamping: numbers.upperBound), at: 4)
    insert.bind(reason.rawValue, at: 5)
    insert.bind(from, at: 6)
    insert.bind(to, at: 7)
    insert.bind(now, at: 8)
    try insert.run()
    return db.lastInsertedRowID
  }

  static func gapCount(of host: Int64, _ db: Database) throws -> Int64 {
    try Int64.fetchOne(
      db, sql: "SELECT count(*) FROM stream_gap WHERE host = ?", arguments: [host]) ?? 0
  }

  static func forgetOldestGaps(of host: Int64, _ count: Int64, _ db: Database) throws {
    try db.execute(
      sql: """
        DELETE FROM stream_gap WHERE id IN
          (SELECT id FROM stream_gap WHERE host = ? ORDER BY noted_ns, id LIMIT ?)
        """, arguments: [host, count])
  }

  static func extendGap(_ id: Int64, to last: UInt64, _ db: Database) throws {
    let update = try BoundStatement("UPDATE stream_gap SET last = ? WHERE id = ?", db)
    update.bind(Int64(clamping: last), at: 1)
    update.bind(id, at: 2)
    try update.run()
  }

  static func closeGap(_ id: Int64, at time: Int64, _ db: Database) throws {
    let update = try BoundStatement("UPDATE stream_gap SET to_ns = ? WHERE id = ?", db)
    update.bind(time, at: 1)
    update.bind(id, at: 2)
    try update.run()
  }
}

/// How many gaps of each host are kept, so that one which makes up any number of them gets no
/// further than the bound.
struct GapCounts {
  /// Forgotten at once when there are too many.
  private static let piece: Int64 = 200

  private var counts: [Int64: Int64] = [:]

  /// To be called before a gap is inserted.
  mutating func makeRoom(of host: Int64, _ db: Database) throws {
    let known = try counts[host] ?? LedgerTable.gapCount(of: host, db)
    guard known >= RetentionTables.gapsLimit else {
      counts[host] = known + 1
      return
    }
    // By now retention may have deleted some.
    let excess = try LedgerTable.gapCount(of: host, db) - RetentionTables.gapsLimit
    if excess >= 0 { try LedgerTable.forgetOldestGaps(of: host, excess + GapCounts.piece, db) }
    counts[host] = try LedgerTable.gapCount(of: host, db) + 1
  }
}

/// One stream in memory.
struct LedgerEntry {
  /// A gap whose end isn't known to the tick yet: frames right behind it tell.
  struct OpenGap {
    var id: Int64
    var last: UInt64
    /// The frame behind it whose time it has.
    var nearest = UInt64.max
  }

  var id: Int64
  /// The collector's time when it was heard of last, and what of that is kept.
  var seen: Int64
  var noted: Int64
  var runs = LedgerRuns()
  /// The runs as they are kept.
  var kept: [LedgerRuns.Run] = []
  var openGaps: [OpenGap] = []
  /// The gap noted last, which the next one may make longer.
  var newestGap: (id: Int64, last: UInt64, reason: LossReason)?
  var isDirty = false

  init(id: Int64, seen: Int64) {
    self.id = id
    (self.seen, noted) = (seen, seen)
  }
}
