/// The seven counters of proc_pid_io(5), or what they grew by during a tick.
public struct IOCounters: Equatable, Sendable {
  /// Bytes that read(2) and the like returned, from wherever: cache, terminal, pipe.
  public var readCharacters: UInt64 = 0
  /// Bytes given to write(2) and the like.
  public var writeCharacters: UInt64 = 0
  public var readCalls: UInt64 = 0
  public var writeCalls: UInt64 = 0
  /// Bytes fetched from block devices on the task's behalf.
  public var readBytes: UInt64 = 0
  /// Bytes it caused to be sent to block devices, counted when the page was dirtied.
  public var writeBytes: UInt64 = 0
  /// Bytes of dirty pages that it threw away by truncating or deleting, whoever dirtied them:
  /// never to be subtracted from its own `writeBytes`.
  public var cancelledWriteBytes: UInt64 = 0

  public init() {}

  public init(
    readCharacters: UInt64, writeCharacters: UInt64, readCalls: UInt64, writeCalls: UInt64,
    readBytes: UInt64, writeBytes: UInt64, cancelledWriteBytes: UInt64
  ) {
    self.readCharacters = readCharacters
    self.writeCharacters = writeCharacters
    self.readCalls = readCalls
    self.writeCalls = writeCalls
    self.readBytes = readBytes
    self.writeBytes = writeBytes
    self.cancelledWriteBytes = cancelledWriteBytes
  }

  /// Bytes to and from block devices: what the ranking goes by.
  public var deviceBytes: UInt64 { readBytes &+ writeBytes }

  public var isZero: Bool { self == IOCounters() }

  /// Field by field; a sum beyond the range stays at its end.
  public static func + (left: IOCounters, right: IOCounters) -> IOCounters {
    left.joined(right) { left, right in
      let (sum, overflow) = left.addingReportingOverflow(right)
      return overflow ? .max : sum
    }
  }

  public static func += (left: inout IOCounters, right: IOCounters) { left = left + right }

  /// Field by field; a counter that went back counts as 0.
  public static func - (left: IOCounters, right: IOCounters) -> IOCounters {
    left.joined(right) { $0 > $1 ? $0 - $1 : 0 }
  }

  @inline(__always)
  private func joined(
    _ other: IOCounters, _ operation: (UInt64, UInt64) -> UInt64
  ) -> IOCounters {
    IOCounters(
      readCharacters: operation(readCharacters, other.readCharacters),
      writeCharacters: operation(writeCharacters, other.writeCharacters),
      readCalls: operation(readCalls, other.readCalls),
      writeCalls: operation(writeCalls, other.writeCalls),
      readBytes: operation(readBytes, other.readBytes),
      writeBytes: operation(writeBytes, other.writeBytes),
      cancelledWriteBytes: operation(cancelledWriteBytes, other.cancelledWriteBytes))
  }
}
