import Bytes
import Records

/// What `/proc/PID/stat` or `/proc/PID/task/TID/stat` says (proc_pid_stat(5); `do_task_stat` in
/// fs/proc/array.c). Of a process's file the times are those of all its threads, of a task's its
/// own; the state is always that of the one task.
public struct TaskStat: Equatable, Sendable {
  /// Field 1.
  public var id: Int32 = 0
  /// Field 2: anything at all between the first `(` and the last `)`.
  public var name = TaskName()
  /// Field 3.
  public var state = TaskState.unknown
  /// Field 4.
  public var parentPID: Int32 = 0
  /// Field 7: the terminal's device number; 0 where it has none.
  public var terminal: Int32 = 0
  /// Field 9: `PF_…` of include/linux/sched.h.
  public var flags: UInt32 = 0
  /// Field 11: minor faults of children that were waited for. It moves whenever one is, for no
  /// program starts without a fault.
  public var reapedMinorFaults: UInt64 = 0
  /// Field 12.
  public var majorFaults: UInt64 = 0
  /// Field 14, clock ticks.
  public var userTicks: UInt64 = 0
  /// Field 15, clock ticks.
  public var systemTicks: UInt64 = 0
  /// Field 20; 0 of a zombie whose threads are gone.
  public var threads: Int32 = 0
  /// Field 22: start, clock ticks since boot.
  public var startTicks: UInt64 = 0
  /// Field 39, since Linux 2.2.8.
  public var processor: Int32?
  /// Field 42, since Linux 2.6.18: time waited for block I/O, clock ticks; 0 where delay
  /// accounting is off.
  public var blockDelayTicks: UInt64?

  public init() {}

  /// `PF_KTHREAD`
  public var isKernelThread: Bool { flags & 0x0020_0000 != 0 }

  /// `nil` where the text isn't such a line, or ends before field 23: a start that was cut would
  /// be another process's.
  public init?(_ bytes: Span<UInt8>) {
    var cursor = 0
    guard let number = bytes.nextUnsigned(&cursor), let id = Int32(exactly: number),
      bytes.holds(" (", at: cursor), let close = bytes.lastParenthesis
    else { return nil }
    self.id = id
    let open = cursor + 2
    guard close >= open, bytes.holds(" ", at: close + 1), bytes.holds(" ", at: close + 3)
    else { return nil }
    name = TaskName(bytes.extracting(open..<close))
    state = TaskState(letter: bytes[close + 2])
    cursor = close + 3
    guard readNumbers(bytes, &cursor) else { return nil }
  }

  /// Fields 4 and following. Those behind the 22nd may be missing.
  private mutating func readNumbers(_ bytes: Span<UInt8>, _ cursor: inout Int) -> Bool {
    for field in 4...42 {
      // Negative: the terminal's group, priority and nice value, of no interest here.
      guard let value = bytes.nextSignedOrWide(&cursor) else { return field > 22 }
      switch field {
      case 4: parentPID = Int32(truncatingIfNeeded: value)
      case 7: terminal = Int32(truncatingIfNeeded: value)
      case 9: flags = UInt32(truncatingIfNeeded: value)
      case 11: reapedMinorFaults = value
      case 12: majorFaults = value
      case 14: userTicks = value
      case 15: systemTicks = value
      case 20: threads = Int32(truncatingIfNeeded: value)
      case 22: startTicks = value
      case 39: processor = Int32(truncatingIfNeeded: value)
      case 42: blockDelayTicks = value
      default: break
      }
    }
    return true
  }
}

extension Span<UInt8> {
  /// The last `)`.
  fileprivate var lastParenthesis: Int? {
    var index = count - 1
    while index >= 0 {
      if self[index] == UInt8(ascii: ")") { return index }
      index -= 1
    }
    return nil
  }

  /// A number that may be negative (wrapped) or need all 64 bits.
  @inline(__always)
  fileprivate func nextSignedOrWide(_ cursor: inout Int) -> UInt64? {
    skipBlanks(&cursor)
    guard cursor < count, self[cursor] == UInt8(ascii: "-") else { return nextUnsigned(&cursor) }
    return nextSigned(&cursor).map { UInt64(bitPattern: $0) }
  }
}
