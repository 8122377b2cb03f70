import Records

/// What one process did in some ticks of one bucket: what a row of the table `mover` gets at once.
struct MoverSum {
  let bucket: Int64
  let host: Int64
  let process: Int64
  /// How much time the ticks cover, nanoseconds.
  private(set) var covered: Int64
  /// Whether the bytes could be read, in every tick.
  private(set) var isRead = false
  private(set) var readBytes: Int64 = 0
  private(set) var writeBytes: Int64 = 0
  private(set) var cancelledBytes: Int64 = 0
  private(set) var reapedReadBytes: Int64 = 0
  private(set) var reapedWriteBytes: Int64 = 0
  private(set) var cpuNanoseconds: Int64 = 0

  init(bucket: Int64, host: Int64, process: Int64, covered: Int64) {
    (self.bucket, self.host, self.process) = (bucket, host, process)
    self.covered = covered
  }

  mutating func take(_ process: ProcessActivity) {
    if let io = process.io.value { take(io) }
    reapedReadBytes = ActivityWriter.sum(process.reaped.readBytes)
    reapedWriteBytes = ActivityWriter.sum(process.reaped.writeBytes)
    cpuNanoseconds = ActivityWriter.sum(process.cpuNanoseconds)
  }

  mutating func take(_ io: IOCounters) {
    isRead = true
    readBytes = ActivityWriter.sum(io.readBytes)
    writeBytes = ActivityWriter.sum(io.writeBytes)
    cancelledBytes = ActivityWriter.sum(io.cancelledWriteBytes)
  }

  mutating func add(_ other: MoverSum) {
    isRead = isRead && other.isRead
    covered = Self.sum(covered, other.covered)
    readBytes = Self.sum(readBytes, other.readBytes)
    writeBytes = Self.sum(writeBytes, other.writeBytes)
    cancelledBytes = Self.sum(cancelledBytes, other.cancelledBytes)
    reapedReadBytes = Self.sum(reapedReadBytes, other.reapedReadBytes)
    reapedWriteBytes = Self.sum(reapedWriteBytes, other.reapedWriteBytes)
    cpuNanoseconds = Self.sum(cpuNanoseconds, other.cpuNanoseconds)
  }

  /// Neither is above the bound: it can't overflow, however many a host makes up.
  private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
    min(left + right, ActivityWriter.bucketLimit)
  }

  func isOfSameRow(as other: MoverSum) -> Bool {
    bucket == other.bucket && host == other.host && process == other.process
  }

  /// The table's order.
  func precedes(_ other: MoverSum) -> Bool {
    if bucket != other.bucket { return bucket < other.bucket }
    if host != other.host { return host < other.host }
    return process < other.process
  }
}
