import Bytes
import Foundation
import GRDB
import Records

/// Traces: a row for each, for each host of one, for each process there and for each of its files.
/// All of a host's part stands beside that in one piece, for who shows it again as it was.
enum TraceTable {
  /// Longest command line, word and sentence kept, characters.
  static let commandLimit = 512
  static let wordLimit = 255
  static let sentenceLimit = 1_024
  static let noticesLimit = 4_096
  /// What is kept of one host; of more the oldest go.
  static let countLimit: Int64 = 1_000
  static let bytesLimit: Int64 = 64 << 20
  /// Of one trace, bytes: an answer on the wire is no longer.
  static let encodedLimit = 8 << 20

  /// Its number.
  static func insert(
    _ record: TraceRecord, _ servers: inout ServerDirectory, _ db: Database
  ) throws -> Int64 {
    var start: Int64?
    if case .episode(let time) = record.cause { start = time.nanoseconds }
    try db.execute(
      sql: "INSERT INTO trace (asked_ns, cause, selection) VALUES (?, ?, ?)",
      arguments: [
        record.time.nanoseconds, start == nil ? "asked" : "episode",
        Printable.text(record.selection, limit: sentenceLimit),
      ])
    let number = db.lastInsertedRowID
    for part in record.hosts {
      let host = try servers.entry(of: part.name, db).id
      try insert(part, of: number, host: host, episode: start, db)
      try deleteSurplus(of: host, db)
    }
    return number
  }

  private static func insert(
    _ part: TraceRecord.Host, of number: Int64, host: Int64, episode: Int64?, _ db: Database
  ) throws {
    let trace = part.trace
    let length = Int64(clamping: trace.nanoseconds)
    let encoded = part.encoded.count <= encodedLimit ? part.encoded : []
    try db.execute(
      sql: """
        INSERT INTO trace_host (trace, host, time_ns, end_ns, episode_ns, engine, matched, attached,
          verified, skipped, notices, bytes, report)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        number, host, trace.time.nanoseconds, trace.time.nanoseconds.addingSaturated(length),
        episode, trace.engine.rawValue, trace.matched, trace.attached, trace.verified,
        trace.skipped.count.addingSaturated(trace.omittedSkipped),
        Printable.text(trace.notices.joined(separator: " "), limit: noticesLimit),
        encoded.count, Data(encoded),
      ])
    let run = db.lastInsertedRowID
    for (place, process) in trace.processes.prefix(Int(TraceRequest.mostProcesses)).enumerated() {
      let verdict = place < part.verdicts.count ? part.verdicts[place] : ""
      try insert(process, verdict, run: run, rank: place + 1, db)
    }
  }

  private static func insert(
    _ process: TracedProcess, _ verdict: String, run: Int64, rank: Int, _ db: Database
  ) throws {
    let who = process.identity
    func word(_ text: String) -> String { Printable.text(text, limit: wordLimit) }
    func number(_ value: UInt64) -> Int64 { Int64(clamping: value) }
    let insert = try db.cachedStatement(
      sql: """
        INSERT INTO trace_process (run, rank, pid, start, name, user, command, unit, container,
          threads, traced_ns, ending, calls, read_bytes, write_bytes, sync_calls, blocked_ns, errors,
          lost, io_uring, verdict)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try insert.execute(arguments: [
      run, rank, who.id.pid, number(who.id.startTicks),
      word(String(decoding: who.name.bytes, as: UTF8.self)), who.user.map(word),
      who.commandLine.value.map { Printable.text($0, limit: commandLimit) }, who.unit.map(word),
      who.container.map(word), process.threads, number(process.nanoseconds),
      process.ending.rawValue, number(process.callCount), number(process.readBytes),
      number(process.writeBytes), number(process.syncCalls), number(process.blockedNanoseconds),
      number(process.errorCount), number(process.lostCalls), process.usesIOUring,
      Printable.text(verdict, limit: sentenceLimit),
    ])
    let insertFile = try db.cachedStatement(
      sql: """
        INSERT INTO trace_file (run, rank, place, path, calls, read_bytes, write_bytes, sync_calls,
          spent_ns)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    for (place, file) in process.files.prefix(TracedProcess.fileLimit).enumerated() {
      try insertFile.execute(arguments: [
        run, rank, place + 1, Printable.text(file.path, limit: TracedFile.pathLimit),
        number(file.calls), number(file.readBytes), number(file.writeBytes),
        number(file.syncCalls), number(file.nanoseconds),
      ])
    }
  }

  // MARK: - Reading

  /// What overlaps the span, in order of number and time.
  static func overlapping(
    _ times: ClosedRange<Int64>, hosts: Set<Int64>?, limit: Int, _ db: Database
  ) throws -> [PastTrace] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT trace_host.*, trace.cause, trace.selection, server.name AS host_name,
          \(Schema.episodeOfTrace) AS episode, trace_process.pid, trace_process.name,
          trace_process.verdict
        FROM trace_host JOIN trace ON trace.id = trace_host.trace
        JOIN server ON server.id = trace_host.host
        LEFT JOIN trace_process ON trace_process.run = trace_host.id AND rank = 1
        WHERE trace_host.time_ns <= ? AND trace_host.end_ns >= ?
        ORDER BY trace_host.trace DESC, trace_host.id DESC
        """, arguments: [times.upperBound, times.lowerBound])
    var found: [PastTrace] = []
    while found.count < limit, let row = try rows.next() {
      if let hosts, !hosts.contains(row["host"]) { continue }
      found.append(past(row))
    }
    return found.reversed()
  }

  private static func past(_ row: Row) -> PastTrace {
    let pid: Int? = row["pid"]
    return PastTrace(
      number: row["trace"], host: row["host_name"], time: Timestamp(nanoseconds: row["time_ns"]),
      end: Timestamp(nanoseconds: row["end_ns"]), cause: row["cause"],
      selection: row["selection"], engine: row["engine"], matched: row["matched"],
      attached: row["attached"], verified: row["verified"], skipped: row["skipped"],
      episode: row["episode"],
      first: pid.map {
        PastTrace.First(pid: $0, name: row["name"], verdict: row["verdict"])
      })
  }

  /// The parts of one trace as they were handed over, by the host's name.
  static func encoded(
    _ number: Int64, _ db: Database
  ) throws -> [(host: String, encoded: [UInt8])] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT server.name, report FROM trace_host JOIN server ON server.id = trace_host.host
        WHERE trace = ? ORDER BY trace_host.id
        """, arguments: [number]
    ).map { row in
      let data: Data = row[1]
      return (host: row[0], encoded: [UInt8](data))
    }
  }

  // MARK: - Deleting

  /// Deletes the oldest of what goes beyond what is kept of a host.
  private static func deleteSurplus(of host: Int64, _ db: Database) throws {
    try db.execute(
      sql: """
        DELETE FROM trace_host WHERE id IN (
          SELECT id FROM (
            SELECT id, row_number() OVER newest AS place, sum(bytes) OVER newest AS size
            FROM trace_host WHERE host = ? WINDOW newest AS (ORDER BY id DESC))
          WHERE place > ? OR place > 1 AND size > ?)
        """, arguments: [host, countLimit, bytesLimit])
    if db.changesCount > 0 { try deleteOrphans(db) }
  }

  /// What belongs to hosts' parts that are gone.
  static func deleteOrphans(_ db: Database) throws {
    for table in ["trace_process", "trace_file"] {
      try db.execute(
        sql: "DELETE FROM \(table) WHERE run NOT IN (SELECT id FROM trace_host)")
    }
    try db.execute(sql: "DELETE FROM trace WHERE id NOT IN (SELECT trace FROM trace_host)")
  }
}
