import Bytes
import Records

/// `/proc/PID/io` and `/proc/PID/task/TID/io` (proc_pid_io(5); `do_io_accounting` in
/// fs/proc/base.c). A process's holds what its threads moved, those that ended too, and its
/// children that it waited for; a task's holds its own alone.
public enum TaskIO {
  /// `nil` where one of the seven is missing or may have been cut.
  public static func counters(_ bytes: Span<UInt8>) -> IOCounters? {
    var result = IOCounters()
    var cursor = 0
    guard let readCharacters = value("rchar:", bytes, &cursor),
      let writeCharacters = value("wchar:", bytes, &cursor),
      let readCalls = value("syscr:", bytes, &cursor),
      let writeCalls = value("syscw:", bytes, &cursor),
      let readBytes = value("read_bytes:", bytes, &cursor),
      let writeBytes = value("write_bytes:", bytes, &cursor),
      let cancelledWriteBytes = value("cancelled_write_bytes:", bytes, &cursor)
    else { return nil }
    result.readCharacters = readCharacters
    result.writeCharacters = writeCharacters
    result.readCalls = readCalls
    result.writeCalls = writeCalls
    result.readBytes = readBytes
    result.writeBytes = writeBytes
    result.cancelledWriteBytes = cancelledWriteBytes
    return result
  }

  /// The kernel prints them in one order since 2.6.20. A negative one, as some recordings have,
  /// counts as 0.
  @inline(__always)
  private static func value(
    _ name: StaticString, _ bytes: Span<UInt8>, _ cursor: inout Int
  ) -> UInt64? {
    guard bytes.holds(name, at: cursor) else { return nil }
    cursor += name.utf8CodeUnitCount
    bytes.skipBlanks(&cursor)
    let isNegative = bytes.holds("-", at: cursor)
    if isNegative { cursor += 1 }
    guard let value = bytes.nextUnsigned(&cursor), bytes.skipLine(&cursor) else { return nil }
    return isNegative ? 0 : value
  }
}
