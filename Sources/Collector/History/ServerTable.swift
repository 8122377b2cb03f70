import Bytes
import GRDB
import Records

/// The hosts: their numbers in the other tables, their counters, their last known state.
enum ServerTable {
  /// Longest name kept, characters: a DNS name has at most 253 (RFC 1035).
  static let nameLimit = 255
  /// Longest error and address kept.
  static let textLimit = 1024

  /// A host's name as it is stored and asked for.
  static func storedName(_ name: String) -> String { Printable.text(name, limit: nameLimit) }

  static func names(_ db: Database) throws -> [Int64: String] {
    var names: [Int64: String] = [:]
    let rows = try Row.fetchCursor(db, sql: "SELECT id, name FROM server")
    while let row = try rows.next() { names[row[0]] = row[1] }
    return names
  }

  /// The numbers of those of `hosts` that the history knows.
  static func ids(of hosts: some Sequence<String>, _ db: Database) throws -> Set<Int64> {
    let query = try db.cachedStatement(sql: "SELECT id FROM server WHERE name = ?")
    var ids: Set<Int64> = []
    for host in hosts {
      if let id = try Int64.fetchOne(query, arguments: [storedName(host)]) { ids.insert(id) }
    }
    return ids
  }

  /// What a host said once stays known until it says otherwise: a status without a CPU count, a
  /// clock offset or a source of rows doesn't forget the ones before it (retention needs the
  /// offset).
  static func write(_ status: HostStatus, id: Int64, _ db: Database) throws {
    let update = try db.cachedStatement(
      sql: """
        UPDATE server SET address = ?, state = ?, since_ns = ?, retry_at_ns = ?, reconnects = ?,
          last_error = ?, cpus = coalesce(?, cpus), clock_offset = coalesce(?, clock_offset),
          through = coalesce(?, through), spool_hours = ?, frames_to_come = ?,
          spool_problem = ?
        WHERE id = ?
        """)
    try update.execute(arguments: [
      Printable.text(status.address, limit: textLimit), status.state.rawValue,
      status.since.nanoseconds, status.retryAt?.nanoseconds, status.reconnects,
      status.lastError.map { Printable.text($0, limit: textLimit) }, status.cpus,
      status.clockOffset, status.through.map { Printable.text($0, limit: textLimit) },
      status.spool?.hours, status.spool?.framesToCome.map { Int64(clamping: $0) },
      status.spool?.problem.map { Printable.text($0, limit: textLimit) }, id,
    ])
  }

  static func records(_ db: Database) throws -> [HostRecord] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT server.*, arrived + filled AS arrived, last_ns FROM server
        LEFT JOIN server_rows ON server_rows.host = server.id ORDER BY name
        """
    ).map(record)
  }

  private static func spool(_ row: Row) -> SpoolStatus? {
    let (hours, problem): (Double?, String?) = (row["spool_hours"], row["spool_problem"])
    let toCome: Int64? = row["frames_to_come"]
    guard hours != nil || problem != nil || toCome != nil else { return nil }
    return SpoolStatus(
      hours: hours, framesToCome: toCome.map { UInt64(max(0, $0)) }, problem: problem)
  }

  private static func record(_ row: Row) -> HostRecord {
    let since: Int64? = row["since_ns"]
    let retryAt: Int64? = row["retry_at_ns"]
    let lastRow: Int64? = row["last_ns"]
    let arrived: Int64? = row["arrived"]
    let deleted: Int64 = row["deleted"]
    let status = HostStatus(
      host: row["name"], address: row["address"],
      state: HostState(rawValue: row["state"]) ?? .stopped,
      since: Timestamp(nanoseconds: since ?? 0),
      retryAt: retryAt.map(Timestamp.init(nanoseconds:)), reconnects: row["reconnects"],
      lastError: row["last_error"], cpus: row["cpus"], clockOffset: row["clock_offset"],
      through: row["through"], spool: spool(row))
    return HostRecord(
      status: status, rows: (arrived ?? 0) - deleted,
      lastRow: lastRow.map(Timestamp.init(nanoseconds:)))
  }
}

/// Host names as callers give them, and the numbers they have in the tables.
///
/// Kept between batches, so that a row costs one look-up in memory. After a transaction that was
/// rolled back it must be emptied: it may hold numbers that were never committed.
struct ServerDirectory {
  struct Entry {
    var id: Int64
    var cpus: Int?
  }

  /// Names come from the fleet file, so this is far more than can be in use.
  private static let limit = 50_000
  private var entries: [String: Entry] = [:]

  /// The host's entry; a host that is new gets its number here.
  mutating func entry(of host: String, _ db: Database) throws -> Entry {
    if let entry = entries[host] { return entry }
    let name = ServerTable.storedName(host)
    let row: Row
    if let known = try ServerDirectory.fetch(name, db) {
      row = known
    } else {
      try db.execute(sql: "INSERT INTO server (name) VALUES (?)", arguments: [name])
      row = ["id": db.lastInsertedRowID, "cpus": nil]
    }
    if entries.count >= ServerDirectory.limit { entries.removeAll() }
    let entry = Entry(id: row["id"], cpus: row["cpus"])
    entries[host] = entry
    return entry
  }

  /// Stores the CPU count that a row came with.
  mutating func note(cpus: Int, host: String, _ db: Database) throws {
    let entry = try entry(of: host, db)
    try db.execute(sql: "UPDATE server SET cpus = ? WHERE id = ?", arguments: [cpus, entry.id])
    entries[host]?.cpus = cpus
  }

  mutating func removeAll() { entries.removeAll() }

  private static func fetch(_ name: String, _ db: Database) throws -> Row? {
    let query = try db.cachedStatement(sql: "SELECT id, cpus FROM server WHERE name = ?")
    return try Row.fetchOne(query, arguments: [name])
  }
}
