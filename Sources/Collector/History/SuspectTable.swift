import Bytes
import GRDB
import Records

/// Tasks seen to wait: one row per task and look.
enum SuspectTable {
  /// Longest command line, user, wait channel and wait reason kept, characters.
  static let commandLimit = 512
  static let wordLimit = 64

  static let stackLimit = 2_048
  static let pathLimit = 1_024

  private static let insertSQL = """
    INSERT OR IGNORE INTO sighting
      (time_ns, host, tid, pid, source, state, user, wait_channel, wait_reason, wait_s,
        elapsed_s, command, process, wait_class, syscall, stack, holders, lock_path)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """

  /// What ps saw: it knows no process but by its number.
  static func insert(_ report: SuspectReport, host: Int64, _ db: Database) throws {
    let insert = try BoundStatement(insertSQL, db)
    for suspect in report.suspects { try put(suspect, nil, report, host, insert) }
  }

  /// What an agent saw during `boot`.
  static func insert(
    _ report: SuspectReport, host: Int64, boot: BootID, _ processes: inout ProcessDirectory,
    _ db: Database
  ) throws {
    let insert = try BoundStatement(insertSQL, db)
    for suspect in report.suspects {
      let process = try suspect.details.map { details in
        try processes.number(
          of: ProcessID(pid: Int32(clamping: suspect.pid), startTicks: details.startTicks),
          details.owner, boot: boot, host: host, time: report.time.nanoseconds, db)
      }
      try put(suspect, process, report, host, insert)
    }
  }

  private static func put(
    _ suspect: Suspect, _ process: Int64?, _ report: SuspectReport, _ host: Int64,
    _ insert: BoundStatement
  ) throws {
    func word(_ text: String) -> String { Printable.text(text, limit: wordLimit) }
    insert.bind(report.time.nanoseconds, at: 1)
    insert.bind(host, at: 2)
    insert.bind(Int64(suspect.tid), at: 3)
    insert.bind(Int64(suspect.pid), at: 4)
    insert.bind(Int64(report.source.rawValue), at: 5)
    insert.bind(word(suspect.state), at: 6)
    insert.bind(word(suspect.user), at: 7)
    insert.bind(suspect.waitChannel.map(word), at: 8)
    insert.bind(suspect.reason.map(word), at: 9)
    insert.bind(suspect.waitSeconds, at: 10)
    insert.bind(suspect.elapsedSeconds, at: 11)
    insert.bind(Printable.text(suspect.command, limit: commandLimit), at: 12)
    insert.bind(process, at: 13)
    let details = suspect.details
    insert.bind(details.map { $0.waitClass.rawValue }, at: 14)
    insert.bind(details?.systemCall.value.map(word), at: 15)
    insert.bind(
      details?.stack.value.map { Printable.text($0.joined(separator: " "), limit: stackLimit) },
      at: 16)
    let holders = details?.holders ?? []
    insert.bind(holders.isEmpty ? nil : holders.map(String.init).joined(separator: " "), at: 17)
    insert.bind(details?.lockPath.map { Printable.text($0, limit: pathLimit) }, at: 18)
    try insert.run()
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
