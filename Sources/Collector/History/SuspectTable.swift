import Bytes
import GRDB
import Records

/// Tasks seen to wait: one row per task and look.
enum SuspectTable {
  /// Longest command line, user, wait channel and wait reason kept, characters.
  static let commandLimit = 512
  static let wordLimit = 64

  static func insert(_ report: SuspectReport, host: Int64, _ db: Database) throws {
    let insert = try db.cachedStatement(
      sql: """
        INSERT OR IGNORE INTO sighting
          (time_ns, host, tid, pid, source, state, user, wait_channel, wait_reason, wait_s,
            elapsed_s, command)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    for suspect in report.suspects {
      try insert.execute(arguments: [
        report.time.nanoseconds, host, suspect.tid, suspect.pid, report.source.rawValue,
        Printable.text(suspect.state, limit: wordLimit),
        Printable.text(suspect.user, limit: wordLimit),
        suspect.waitChannel.map { Printable.text($0, limit: wordLimit) },
        suspect.reason.map { Printable.text($0, limit: wordLimit) }, suspect.waitSeconds,
        suspect.elapsedSeconds, Printable.text(suspect.command, limit: commandLimit),
      ])
    }
  }

  /// The looks of the span in order of time, at most `limit` tasks in all.
  static func reports(
    _ times: ClosedRange<Int64>, hosts: Set<Int64>?, limit: Int, _ db: Database
  ) throws -> [SuspectReport] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT sighting.*, server.name FROM sighting JOIN server ON server.id = sighting.host
        WHERE time_ns >= ? AND time_ns <= ? ORDER BY time_ns, host, tid
        """, arguments: [times.lowerBound, times.upperBound])
    var reports: [SuspectReport] = []
    var count = 0
    while count < limit, let row = try rows.next() {
      if let hosts, !hosts.contains(row["host"]) { continue }
      count += 1
      let (host, time): (String, Int64) = (row["name"], row["time_ns"])
      let suspect = Suspect(
        pid: row["pid"], tid: row["tid"], state: row["state"], user: row["user"],
        waitChannel: row["wait_channel"], reason: row["wait_reason"],
        waitSeconds: row["wait_s"], elapsedSeconds: row["elapsed_s"], command: row["command"])
      if let last = reports.last, last.host == host, last.time.nanoseconds == time {
        reports[reports.count - 1].suspects.append(suspect)
      } else {
        reports.append(
          SuspectReport(
            host: host, time: Timestamp(nanoseconds: time),
            source: SuspectSource(rawValue: row["source"]) ?? .ps, suspects: [suspect]))
      }
    }
    return reports
  }
}
