import Bytes

/// `/proc/PID/sched` (`proc_sched_show_task` in kernel/sched/debug.c; needs CONFIG_SCHED_DEBUG).
public enum TaskSchedule {
  /// `se.exec_start`: when the task last ran, nanoseconds on the scheduler's clock, which has no
  /// fixed origin: compare it with that of a task that runs now.
  public static func lastRunNanoseconds(_ bytes: Span<UInt8>) -> UInt64? {
    var cursor = 0
    while let line = bytes.nextLine(&cursor) {
      guard bytes.holds("se.exec_start", at: line.lowerBound) else { continue }
      guard let colon = bytes.index(of: UInt8(ascii: ":"), from: line.lowerBound),
        colon < line.upperBound
      else { return nil }
      var position = colon + 1
      return milliseconds(bytes, &position)
    }
    return nil
  }

  /// `123456.789012`: milliseconds and six digits.
  private static func milliseconds(_ bytes: Span<UInt8>, _ cursor: inout Int) -> UInt64? {
    guard let whole = bytes.nextUnsigned(&cursor), bytes.holds(".", at: cursor) else { return nil }
    cursor += 1
    let start = cursor
    guard let part = bytes.nextUnsigned(&cursor), cursor - start == 6 else { return nil }
    let (product, overflow) = whole.multipliedReportingOverflow(by: 1_000_000)
    let (sum, carry) = product.addingReportingOverflow(part)
    return overflow || carry ? nil : sum
  }
}
