/// What one block device did during a tick (Documentation/admin-guide/iostats.rst).
public struct DiskSample: Equatable, Sendable {
  /// Where a device stands among the others.
  public enum Layer: UInt8, Sendable {
    /// At the bottom: its bytes count in the host's sum.
    case physical = 0
    /// Stacked on others (dm, md, a loop device, a multipath head): its bytes are counted below.
    case stacked = 1
    /// RAM behind a block device (zram, brd): no device moves.
    case memory = 2
  }

  /// Kernel name (`sda`, `nvme0n1`, `dm-3`); printable, bounded.
  public var name: String
  public var layer: Layer
  public var reads: UInt64
  public var writes: UInt64
  public var readBytes: UInt64
  public var writeBytes: UInt64
  /// Time that reads and writes took, from queued to done, summed, milliseconds.
  public var readMilliseconds: UInt64
  public var writeMilliseconds: UInt64
  /// Requests in flight at the end of the tick.
  public var inFlight: UInt64
  /// Time with at least one request in flight, milliseconds.
  public var busyMilliseconds: UInt64

  public init(
    name: String, layer: Layer, reads: UInt64 = 0, writes: UInt64 = 0, readBytes: UInt64 = 0,
    writeBytes: UInt64 = 0, readMilliseconds: UInt64 = 0, writeMilliseconds: UInt64 = 0,
    inFlight: UInt64 = 0, busyMilliseconds: UInt64 = 0
  ) {
    self.name = name
    self.layer = layer
    self.reads = reads
    self.writes = writes
    self.readBytes = readBytes
    self.writeBytes = writeBytes
    self.readMilliseconds = readMilliseconds
    self.writeMilliseconds = writeMilliseconds
    self.inFlight = inFlight
    self.busyMilliseconds = busyMilliseconds
  }

  /// Mean time of a request, milliseconds; `nil` where none ended.
  public var awaitMilliseconds: Double? {
    // Sums of what a host said may be beyond the range.
    let requests = Double(reads) + Double(writes)
    return requests == 0
      ? nil : (Double(readMilliseconds) + Double(writeMilliseconds)) / requests
  }

  /// Whether it did nothing and has nothing to do.
  public var isIdle: Bool { reads + writes + inFlight + busyMilliseconds == 0 }
}
