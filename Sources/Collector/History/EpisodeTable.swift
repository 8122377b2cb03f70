import Bytes
import GRDB
import Records

/// The episodes. (host, start) identifies one; its number stays when it grows or is re-judged.
enum EpisodeTable {
  /// Longest verdict kept, characters.
  static let verdictLimit = 1024

  /// Updates or adds the episode; its number.
  static func upsert(_ episode: Episode, host: Int64, _ db: Database) throws -> Int64 {
    if let id = try update(episode, host: host, db) { return id }
    let insert = try db.cachedStatement(
      sql: """
        INSERT INTO spike (peak_ns, end_ns, is_open, kind, load1_peak, runnable_peak,
          blocked_peak, cpus, verdict, host, start_ns)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try insert.execute(arguments: arguments(episode, host: host))
    return db.lastInsertedRowID
  }

  /// Not INSERT … ON CONFLICT: on a table with AUTOINCREMENT that uses up a number each time.
  private static func update(_ episode: Episode, host: Int64, _ db: Database) throws -> Int64? {
    let update = try db.cachedStatement(
      sql: """
        UPDATE spike SET peak_ns = ?, end_ns = ?, is_open = ?, kind = ?, load1_peak = ?,
          runnable_peak = ?, blocked_peak = ?, cpus = ?, verdict = ?
        WHERE host = ? AND start_ns = ? RETURNING id
        """)
    // Read to the end: an UPDATE with RETURNING is only done when its last row is.
    return try Int64.fetchAll(update, arguments: arguments(episode, host: host)).first
  }

  private static func arguments(_ episode: Episode, host: Int64) -> StatementArguments {
    [
      episode.peak.nanoseconds, episode.end.nanoseconds, episode.isOpen, episode.kind.rawValue,
      episode.load1Peak, episode.runnablePeak, episode.blockedPeak, episode.cpus,
      Printable.text(episode.verdict, limit: verdictLimit), host, episode.start.nanoseconds,
    ]
  }

  /// Deletes the host's episodes that overlap the span, but for those that begin at `starts`.
  static func delete(
    host: Int64, overlapping span: ClosedRange<Int64>, keeping starts: Set<Int64>, _ db: Database
  ) throws {
    let found = try Row.fetchAll(
      db, sql: "SELECT id, start_ns FROM spike WHERE host = ? AND start_ns <= ? AND end_ns >= ?",
      arguments: [host, span.upperBound, span.lowerBound])
    for row in found where !starts.contains(row["start_ns"]) {
      let id: Int64 = row["id"]
      try db.execute(sql: "DELETE FROM spike WHERE id = ?", arguments: [id])
    }
  }

  private static let selection = """
    SELECT spike.*, server.name FROM spike JOIN server ON server.id = spike.host
    """

  /// In order of start. An open one counts as going on still, whatever its last row is.
  static func overlapping(
    from: Int64, to: Int64, hosts: Set<Int64>?, kinds: Set<EpisodeKind>?, _ db: Database
  ) throws -> [Episode] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        \(selection) WHERE start_ns <= ? AND (end_ns >= ? OR is_open) ORDER BY start_ns, host
        """, arguments: [to, from])
    var episodes: [Episode] = []
    while let row = try rows.next() {
      if let hosts, !hosts.contains(row["host"]) { continue }
      let episode = episode(row)
      if kinds?.contains(episode.kind) ?? true { episodes.append(episode) }
    }
    return episodes
  }

  static func open(_ db: Database) throws -> [Episode] {
    try Row.fetchAll(db, sql: "\(selection) WHERE is_open ORDER BY start_ns, host").map(episode)
  }

  private static func episode(_ row: Row) -> Episode {
    Episode(
      id: row["id"], host: row["name"], start: Timestamp(nanoseconds: row["start_ns"]),
      peak: Timestamp(nanoseconds: row["peak_ns"]), end: Timestamp(nanoseconds: row["end_ns"]),
      isOpen: row["is_open"], kind: EpisodeKind(rawValue: row["kind"]) ?? .unclear,
      load1Peak: row["load1_peak"], runnablePeak: row["runnable_peak"],
      blockedPeak: row["blocked_peak"], cpus: row["cpus"], verdict: row["verdict"])
  }
}
