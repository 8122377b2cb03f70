import GRDB
import Records

extension HistoryStore {
  /// Most processes of one host: those that moved most, and a few for the CPU time that they used.
  /// The others are summed up.
  static let momentProcessesLimit = 50

  /// What agents' hosts did around a moment: sums over the ten seconds that hold it, or where
  /// nothing of those is stored, over the ten before them. A host of which neither is has none.
  ///
  /// - Returns: one activity a host, of a time that isn't after `moment`. What a host couldn't read
  ///   then is a `gap` now: the history doesn't keep why.
  public func activities(
    hosts: [String]? = nil, at moment: Timestamp
  ) throws(HistoryError) -> [HostActivity] {
    let newest = ActivityWriter.bucket(moment.nanoseconds)
    let (before, overflow) = newest.subtractingReportingOverflow(
      ActivityWriter.bucketNanoseconds)
    return try read { db in
      // A history of before agents were asked for more than rows.
      guard try db.tableExists("stall") else { return [] }
      let among = try HistoryStore.hostList(hosts, db)
      let times = StatementArguments([overflow ? newest : before, newest])
      var found: [Int64: MomentOfHost] = [:]
      let stalls = try Row.fetchCursor(
        db,
        sql: """
          SELECT stall.*, server.name FROM stall JOIN server ON server.id = stall.host
          WHERE time_ns IN (?, ?)\(among) ORDER BY time_ns
          """, arguments: times)
      // Of two the newer comes last.
      while let row = try stalls.next() {
        found[row["host"]] = MomentOfHost(row, moment: moment)
      }
      let devices = try Row.fetchCursor(
        db, sql: "SELECT * FROM device WHERE time_ns IN (?, ?)\(among) ORDER BY host, name",
        arguments: times)
      while let row = try devices.next() { found[row["host"]]?.addDisk(row) }
      let movers = try Row.fetchCursor(
        db,
        sql: """
          SELECT mover.*, pid, start, process.name, user, command, unit, container
          FROM mover LEFT JOIN process ON process.id = mover.process
          WHERE time_ns IN (?, ?)\(among.replacing("host IN", with: "mover.host IN"))
          ORDER BY coalesce(read_bytes, 0) + coalesce(write_bytes, 0) + reaped_read_bytes
            + reaped_write_bytes DESC, cpu_ns DESC
          """, arguments: times)
      while let row = try movers.next() { found[row["host"]]?.addProcess(row) }
      return found.values.map(\.activity).sorted { $0.host < $1.host }
    }
  }

  /// Hosts are numbers, so they can stand in the text.
  private static func hostList(_ hosts: [String]?, _ db: Database) throws -> String {
    guard let hosts else { return "" }
    let ids = try ServerTable.ids(of: hosts, db).sorted()
    return " AND host IN (\(ids.map(String.init).joined(separator: ",")))"
  }
}

/// Ten seconds of a host, as they are put together.
private struct MomentOfHost {
  private var sums: HostActivity
  private let bucket: Int64
  /// Those that moved most first.
  private var movers: [ProcessActivity] = []

  /// Of a host that makes up processes as many as it likes.
  private static let moversLimit = 4096

  init(_ row: Row, moment: Timestamp) {
    let start: Int64 = row["time_ns"]
    bucket = start
    let end = start.addingReportingOverflow(ActivityWriter.bucketNanoseconds)
    let covered = row.figure("covered_ns") ?? 0
    sums = HostActivity(
      host: row["name"],
      time: min(moment, Timestamp(nanoseconds: end.overflow ? .max : end.partialValue)),
      intervalNanoseconds: UInt64(max(1, covered)))
    sums.pressure = Pressure(
      // Of the CPU, `full` is always 0 for a whole host.
      cpu: Self.stall(row.figure("cpu_some_us"), full: 0),
      io: Self.stall(row.figure("io_some_us"), full: row.figure("io_full_us")),
      memory: Self.stall(row.figure("memory_some_us"), full: row.figure("memory_full_us")))
    sums.memory = MemoryFigures(
      dirtyKiB: Self.reading(row.figure("dirty_kib")),
      writebackKiB: Self.reading(row.figure("writeback_kib")),
      swapTotalKiB: Self.reading(row.figure("swap_total_kib")),
      swapFreeKiB: Self.reading(row.figure("swap_free_kib")))
  }

  mutating func addDisk(_ row: Row) {
    guard row["time_ns"] == bucket else { return }
    let layer: Int64 = row["layer"]
    sums.disks.append(
      DiskSample(
        name: row["name"],
        layer: UInt8(exactly: layer).flatMap(DiskSample.Layer.init(rawValue:)) ?? .physical,
        reads: Self.count(row.figure("reads")), writes: Self.count(row.figure("writes")),
        readBytes: Self.count(row.figure("read_bytes")),
        writeBytes: Self.count(row.figure("write_bytes")),
        readMilliseconds: Self.count(row.figure("read_ms")),
        writeMilliseconds: Self.count(row.figure("write_ms")),
        inFlight: Self.count(row.figure("in_flight")),
        busyMilliseconds: Self.count(row.figure("busy_ms"))))
  }

  mutating func addProcess(_ row: Row) {
    guard row["time_ns"] == bucket else { return }
    let (io, reaped) = (Self.io(row), Self.reaped(row))
    guard let pid: Int64 = row["pid"], movers.count < Self.moversLimit else {
      sums.omittedIO += (io.value ?? IOCounters()) + reaped
      // Those that the agent left out have one row together.
      if row["process"] != ActivityWriter.others { sums.omittedProcesses += 1 }
      return
    }
    let start: Int64? = row["start"]
    movers.append(
      ProcessActivity(
        id: ProcessID(pid: Int32(clamping: pid), startTicks: Self.count(start)),
        owner: ProcessOwner(
          name: row["name"] ?? "?", user: row["user"] ?? "?", command: row["command"] ?? "",
          unit: row["unit"], container: row["container"]),
        io: io, reaped: reaped, cpuNanoseconds: Self.count(row.figure("cpu_ns"))))
  }

  var activity: HostActivity {
    var activity = sums
    let limit = HistoryStore.momentProcessesLimit
    guard movers.count > limit else {
      activity.processes = movers
      return activity
    }
    let first = limit - limit / HistoryStore.cpuShare
    let others = movers[first...].sorted { $0.cpuNanoseconds > $1.cpuNanoseconds }
    activity.processes = Array(movers[..<first]) + others.prefix(limit - first)
    for process in others.dropFirst(limit - first) {
      activity.omittedProcesses += 1
      activity.omittedIO += (process.io.value ?? IOCounters()) + process.reaped
    }
    return activity
  }

  private static func io(_ row: Row) -> Reading<IOCounters> {
    guard let read = row.figure("read_bytes"), let write = row.figure("write_bytes") else {
      return .gap
    }
    var counters = IOCounters()
    counters.readBytes = count(read)
    counters.writeBytes = count(write)
    counters.cancelledWriteBytes = count(row.figure("cancelled_bytes"))
    return .known(counters)
  }

  private static func reaped(_ row: Row) -> IOCounters {
    var counters = IOCounters()
    counters.readBytes = count(row.figure("reaped_read_bytes"))
    counters.writeBytes = count(row.figure("reaped_write_bytes"))
    return counters
  }

  private static func stall(_ some: Int64?, full: Int64?) -> Reading<Stall> {
    guard let some else { return .gap }
    return .known(Stall(someMicroseconds: count(some), fullMicroseconds: count(full)))
  }

  private static func reading(_ value: Int64?) -> Reading<UInt64> {
    value.map { .known(count($0)) } ?? .gap
  }

  private static func count(_ value: Int64?) -> UInt64 { UInt64(max(0, value ?? 0)) }
}
