import Bytes
import GRDB
import Records

/// What processes and disks did and how much was stalled, summed over ten seconds of the host's
/// clock: each tick is added in the transaction that settles its frame, so it is added once.
struct ActivityWriter {
  /// How long a bucket is, nanoseconds.
  static let bucketNanoseconds: Int64 = 10_000_000_000
  /// A process that moved nothing is kept where it used more than this part of a CPU.
  private static let cpuShare: UInt64 = 10
  /// The row of those that a tick had no room for.
  static let others: Int64 = 0
  private static let nameLimit = 64

  private let db: Database
  private let mover: BoundStatement
  private let device: BoundStatement
  private let stall: BoundStatement
  /// What processes did, until `flush`: what comes out of a spool brings many ticks of a bucket at
  /// once, and a row is written once for all of them.
  private var movers: [MoverSum] = []

  init(_ db: Database) throws {
    self.db = db
    mover = try BoundStatement(Self.moverSQL, db)
    device = try BoundStatement(Self.deviceSQL, db)
    stall = try BoundStatement(Self.stallSQL, db)
  }

  /// The start of the bucket that a moment falls into: floor, also before 1970.
  static func bucket(_ time: Int64) -> Int64 {
    let rest = time % bucketNanoseconds
    let start = time.subtractingReportingOverflow(rest < 0 ? rest + bucketNanoseconds : rest)
    return start.overflow ? .min : start.partialValue
  }

  /// To be followed by `flush`, in the same transaction.
  mutating func add(
    _ activity: HostActivity, boot: BootID, host: Int64, _ processes: inout ProcessDirectory
  ) throws {
    let time = activity.time.nanoseconds
    let bucket = Self.bucket(time)
    let covered = Self.sum(activity.intervalNanoseconds)
    for process in activity.processes where Self.isWorthIt(process, activity.intervalNanoseconds) {
      let number = try processes.number(
        of: process.id, process.owner, boot: boot, host: host, time: time, db)
      var sum = MoverSum(bucket: bucket, host: host, process: number, covered: covered)
      sum.take(process)
      movers.append(sum)
    }
    if activity.omittedIO.deviceBytes > 0 {
      var sum = MoverSum(bucket: bucket, host: host, process: Self.others, covered: covered)
      sum.take(activity.omittedIO)
      movers.append(sum)
    }
    for disk in activity.disks { try add(disk, bucket, host, covered) }
    try addStall(activity, bucket, host, covered)
  }

  private static func isWorthIt(_ process: ProcessActivity, _ interval: UInt64) -> Bool {
    process.deviceBytes > 0 || process.io.value?.cancelledWriteBytes ?? 0 > 0
      || process.cpuNanoseconds > interval / cpuShare
  }

  /// Writes what processes did, in the table's order.
  mutating func flush() throws {
    movers.sort { $0.precedes($1) }
    var open: MoverSum?
    for next in movers {
      guard var sum = open, sum.isOfSameRow(as: next) else {
        if let open { try write(open) }
        open = next
        continue
      }
      sum.add(next)
      open = sum
    }
    if let open { try write(open) }
    movers.removeAll(keepingCapacity: true)
  }

  private static let moverSQL = """
    INSERT INTO mover (time_ns, host, process, covered_ns, read_bytes, write_bytes,
      cancelled_bytes, reaped_read_bytes, reaped_write_bytes, cpu_ns)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT DO UPDATE SET
    \(added([
      "covered_ns", "read_bytes", "write_bytes", "cancelled_bytes", "reaped_read_bytes",
      "reaped_write_bytes", "cpu_ns",
    ], from: 4))
    """

  private func write(_ sum: MoverSum) throws {
    mover.bind(sum.bucket, at: 1)
    mover.bind(sum.host, at: 2)
    mover.bind(sum.process, at: 3)
    mover.bind(sum.covered, at: 4)
    // What couldn't be read stays NULL, whatever is added.
    mover.bind(sum.isRead ? sum.readBytes : nil, at: 5)
    mover.bind(sum.isRead ? sum.writeBytes : nil, at: 6)
    mover.bind(sum.isRead ? sum.cancelledBytes : nil, at: 7)
    mover.bind(sum.reapedReadBytes, at: 8)
    mover.bind(sum.reapedWriteBytes, at: 9)
    mover.bind(sum.cpuNanoseconds, at: 10)
    try mover.run()
  }

  /// The most that a tick adds: no host moves 64 TiB in one, nor uses 19 hours of CPU time.
  private static let tickLimit: UInt64 = 1 << 46
  /// The most that a bucket holds. Beyond SQLite's integers a sum would become a fraction, which no
  /// reader expects; and a thousand of these can be added up.
  static let bucketLimit: Int64 = 1 << 52

  static func sum(_ count: UInt64) -> Int64 { Int64(min(count, tickLimit)) }

  /// Assignments that add to columns what is bound from parameter `first` on, up to the limit.
  private static func added(_ columns: [String], from first: Int) -> String {
    columns.enumerated()
      .map { "\($1) = min(\($1) + ?\(first + $0), \(bucketLimit))" }
      .joined(separator: ", ")
  }

  private static let deviceSQL = """
    INSERT INTO device (time_ns, host, name, layer, covered_ns, reads, writes, read_bytes,
      write_bytes, read_ms, write_ms, busy_ms, in_flight)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
    ON CONFLICT DO UPDATE SET in_flight = max(in_flight, ?13),
    \(added([
      "covered_ns", "reads", "writes", "read_bytes", "write_bytes", "read_ms", "write_ms",
      "busy_ms",
    ], from: 5))
    """

  private func add(
    _ disk: DiskSample, _ bucket: Int64, _ host: Int64, _ covered: Int64
  ) throws {
    device.bind(bucket, at: 1)
    device.bind(host, at: 2)
    device.bind(Printable.text(disk.name, limit: Self.nameLimit), at: 3)
    device.bind(Int64(disk.layer.rawValue), at: 4)
    device.bind(covered, at: 5)
    let counts = [
      disk.reads, disk.writes, disk.readBytes, disk.writeBytes, disk.readMilliseconds,
      disk.writeMilliseconds, disk.busyMilliseconds, disk.inFlight,
    ]
    for (index, count) in counts.enumerated() {
      device.bind(Self.sum(count), at: 6 + Int32(index))
    }
    try device.run()
  }

  private static let stallSQL = """
    INSERT INTO stall (time_ns, host, covered_ns, cpu_some_us, io_some_us, io_full_us,
      memory_some_us, memory_full_us, dirty_kib, writeback_kib, swap_total_kib, swap_free_kib)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT DO UPDATE SET
    \(added([
      "covered_ns", "cpu_some_us", "io_some_us", "io_full_us", "memory_some_us",
      "memory_full_us",
    ], from: 3)),
      dirty_kib = max(coalesce(dirty_kib, ?9), coalesce(?9, dirty_kib)),
      writeback_kib = max(coalesce(writeback_kib, ?10), coalesce(?10, writeback_kib)),
      swap_total_kib = coalesce(?11, swap_total_kib),
      swap_free_kib = min(coalesce(swap_free_kib, ?12), coalesce(?12, swap_free_kib))
    """

  private func addStall(
    _ activity: HostActivity, _ bucket: Int64, _ host: Int64, _ covered: Int64
  ) throws {
    let (pressure, memory) = (activity.pressure, activity.memory)
    stall.bind(bucket, at: 1)
    stall.bind(host, at: 2)
    stall.bind(covered, at: 3)
    stall.bind(pressure.cpu.value.map { Self.sum($0.someMicroseconds) }, at: 4)
    stall.bind(pressure.io.value.map { Self.sum($0.someMicroseconds) }, at: 5)
    stall.bind(pressure.io.value.map { Self.sum($0.fullMicroseconds) }, at: 6)
    stall.bind(pressure.memory.value.map { Self.sum($0.someMicroseconds) }, at: 7)
    stall.bind(pressure.memory.value.map { Self.sum($0.fullMicroseconds) }, at: 8)
    stall.bind(memory.dirtyKiB.value.map(Self.sum), at: 9)
    stall.bind(memory.writebackKiB.value.map(Self.sum), at: 10)
    stall.bind(memory.swapTotalKiB.value.map(Self.sum), at: 11)
    stall.bind(memory.swapFreeKiB.value.map(Self.sum), at: 12)
    try stall.run()
  }
}
