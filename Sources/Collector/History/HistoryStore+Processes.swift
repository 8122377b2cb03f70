import Bytes
import GRDB
import Records

/// One process of a span: how it waited and what it moved, and who it is.
public struct PastProcess: Equatable, Sendable {
  public var host: String
  /// `nil` for those together that ticks had no room for.
  public var pid: Int?
  /// Clock ticks since boot: with the pid, its identity. `nil` where only ps saw it.
  public var startTicks: UInt64?
  public var name: String?
  public var user: String
  public var command: String
  public var unit: String?
  public var container: String?
  /// `init(1) < sshd(811) < bash(4710)`: its parent last.
  public var ancestors: String?
  /// First and last time it was seen in the span, on the host's clock.
  public var first: Timestamp
  public var last: Timestamp
  /// As a waiter; `nil` where it wasn't seen to wait.
  public var waits: Waits?
  /// As a mover; `nil` where it wasn't seen to move anything.
  public var moved: Moved?

  public struct Waits: Equatable, Sendable {
    /// Looks that saw it wait: of those that say the same one each ten seconds is kept.
    public var looks: Int
    /// The longest wait seen.
    public var seconds: Double?
    /// What it waited for, as seen in the newest look that knew: a reason, its class, the kernel
    /// function, the system call, the stack, pids that hold it, the file of the lock.
    public var reason: String?
    public var waitClass: String?
    public var waitChannel: String?
    public var systemCall: String?
    public var stack: String?
    public var holders: String?
    public var lockPath: String?
    public var state: String
  }

  public struct Moved: Equatable, Sendable {
    /// How much of the span there were readings of it, seconds.
    public var coveredSeconds: Double
    /// `nil` where its counters could not be read.
    public var readBytes: Int64?
    public var writeBytes: Int64?
    public var cancelledBytes: Int64?
    /// Of children that nobody saw alive.
    public var reapedReadBytes: Int64
    public var reapedWriteBytes: Int64
    public var cpuNanoseconds: Int64

    public var deviceBytes: Int64 {
      [writeBytes ?? 0, reapedReadBytes, reapedWriteBytes]
        .reduce(readBytes ?? 0) { $0.addingSaturated($1) }
    }
  }
}

extension HistoryStore {
  /// The processes that waited during the span (both ends included), those seen most often first,
  /// each with what it moved meanwhile.
  public func waiters(
    hosts: [String]? = nil, from: Timestamp, to: Timestamp, limit: Int = 100
  ) throws(HistoryError) -> [PastProcess] {
    guard let times = HistoryStore.range(from, to) else { return [] }
    return try read { db in
      let sql = """
        SELECT sighting.host, server.name AS host_name, sighting.pid AS seen_pid,
          sighting.user AS seen_user, sighting.command AS seen_command, sighting.process,
          count(DISTINCT time_ns) AS looks, min(time_ns) AS first_ns, max(time_ns) AS last_ns,
          max(wait_s) AS wait_s, wait_reason, wait_class, wait_channel, syscall, stack, holders,
          lock_path, sighting.state AS state,
          start, process.name AS name, unit, container, ancestors
        FROM sighting JOIN server ON server.id = sighting.host
        LEFT JOIN process ON process.id = sighting.process
        WHERE time_ns >= ? AND time_ns <= ?\(try HistoryStore.among(hosts, "sighting", db))
        GROUP BY sighting.host, sighting.pid, coalesce(sighting.process, sighting.command)
        ORDER BY looks DESC, wait_s DESC, seen_pid LIMIT ?
        """
      let rows = try Row.fetchAll(
        db, sql: sql, arguments: [times.lowerBound, times.upperBound, limit])
      return try rows.map { row in
        var process = HistoryStore.process(
          row, pid: row["seen_pid"], user: row["seen_user"], command: row["seen_command"])
        process.waits = HistoryStore.waits(row)
        if let number: Int64 = row["process"] {
          process.moved = try HistoryStore.moved(by: number, host: row["host"], times, db)
        }
        return process
      }
    }
  }

  /// The processes that moved bytes or used CPU time during the span (both ends included), those
  /// that moved most first. Ten seconds that the span touches count as a whole. Where there are
  /// more than `limit`, a fifth of the places is for those that used most CPU time, whatever they
  /// moved.
  public func movers(
    hosts: [String]? = nil, from: Timestamp, to: Timestamp, limit: Int = 100
  ) throws(HistoryError) -> [PastProcess] {
    guard let times = HistoryStore.range(from, to) else { return [] }
    return try read { db in
      let sql = """
        SELECT mover.host, server.name AS host_name, pid, user, command, start,
          process.name AS name, unit, container, ancestors, \(HistoryStore.sums),
          row_number() OVER (ORDER BY total(read_bytes) + total(write_bytes)
            + total(reaped_read_bytes) + total(reaped_write_bytes) DESC, total(cpu_ns) DESC)
            AS by_bytes,
          row_number() OVER (ORDER BY total(cpu_ns) DESC) AS by_cpu
        FROM mover JOIN server ON server.id = mover.host
        LEFT JOIN process ON process.id = mover.process
        WHERE time_ns >= ? AND time_ns <= ?\(try HistoryStore.among(hosts, "mover", db))
        GROUP BY mover.host, mover.process
        ORDER BY by_cpu > ?, by_bytes LIMIT ?
        """
      let rows = try Row.fetchAll(
        db, sql: sql,
        arguments: [
          ActivityWriter.bucket(times.lowerBound), times.upperBound,
          limit / HistoryStore.cpuShare, limit,
        ])
      let order: (Row, Row) -> Bool = { ($0["by_bytes"] as Int) < $1["by_bytes"] }
      return rows.sorted(by: order).map { row in
        let name: String? = row["name"]
        let command: String? = row["command"]
        let shown = command.map { $0.isEmpty ? "[\(name ?? "?")]" : $0 }
        var process = HistoryStore.process(
          row, pid: row["pid"], user: row["user"] ?? "", command: shown ?? "(others)")
        process.moved = HistoryStore.moved(row)
        return process
      }
    }
  }

  /// Of the places of those that did most, every fifth is for CPU time: where many write a little,
  /// the one that takes a whole CPU and moves nothing is named all the same.
  static let cpuShare = 5

  /// `sum` would fail the whole query where one host's counts overflow; `total` doesn't, but is 0
  /// where all are NULL.
  private static let sums =
    "min(time_ns) AS first_ns, max(time_ns) AS last_ns, "
    + [
      "covered_ns", "read_bytes", "write_bytes", "cancelled_bytes", "reaped_read_bytes",
      "reaped_write_bytes", "cpu_ns",
    ].map { "CASE WHEN count(\($0)) > 0 THEN total(\($0)) END AS \($0)" }.joined(separator: ", ")

  /// Hosts are numbers, so they can stand in the text.
  private static func among(
    _ hosts: [String]?, _ table: String, _ db: Database
  ) throws -> String {
    guard let hosts else { return "" }
    let ids = try ServerTable.ids(of: hosts, db)
    return " AND \(table).host IN (\(ids.map(String.init).joined(separator: ",")))"
  }

  private static func process(
    _ row: Row, pid: Int?, user: String, command: String
  ) -> PastProcess {
    let start: Int64? = row["start"]
    return PastProcess(
      host: row["host_name"], pid: pid, startTicks: start.map { UInt64(max(0, $0)) },
      name: row["name"], user: user, command: command, unit: row["unit"],
      container: row["container"], ancestors: row["ancestors"],
      first: Timestamp(nanoseconds: row["first_ns"]), last: Timestamp(nanoseconds: row["last_ns"]))
  }

  private static func waits(_ row: Row) -> PastProcess.Waits {
    PastProcess.Waits(
      looks: row["looks"], seconds: row["wait_s"], reason: row["wait_reason"],
      waitClass: row["wait_class"], waitChannel: row["wait_channel"], systemCall: row["syscall"],
      stack: row["stack"], holders: row["holders"], lockPath: row["lock_path"],
      state: row["state"])
  }

  private static func moved(_ row: Row) -> PastProcess.Moved {
    PastProcess.Moved(
      coveredSeconds: Double(row.figure("covered_ns") ?? 0) / 1e9,
      readBytes: row.figure("read_bytes"), writeBytes: row.figure("write_bytes"),
      cancelledBytes: row.figure("cancelled_bytes"),
      reapedReadBytes: row.figure("reaped_read_bytes") ?? 0,
      reapedWriteBytes: row.figure("reaped_write_bytes") ?? 0,
      cpuNanoseconds: row.figure("cpu_ns") ?? 0)
  }

  private static func moved(
    by process: Int64, host: Int64, _ times: ClosedRange<Int64>, _ db: Database
  ) throws -> PastProcess.Moved? {
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT \(sums) FROM mover
        WHERE time_ns >= ? AND time_ns <= ? AND host = ? AND process = ?
        """,
      arguments: [
        ActivityWriter.bucket(times.lowerBound), times.upperBound, host, process,
      ])
    guard let row, row.figure("covered_ns") != nil else { return nil }
    return moved(row)
  }
}

extension Row {
  /// A figure as a whole number. SQL makes fractions of sums, and of what somebody else wrote GRDB's
  /// own conversion wouldn't do without an end of the program.
  func figure(_ column: String) -> Int64? {
    let value: DatabaseValue? = self[column]
    switch value?.storage {
    case .int64(let number): return number
    case .double(let number): return Int64(bounding: number)
    default: return nil
    }
  }
}
