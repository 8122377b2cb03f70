import Bytes
import Records

/// The few lines of `/proc/PID/status` (proc_pid_status(5)) that stand nowhere else. It is the
/// dearest of a task's files (10 µs): read once per identity, if at all.
public struct TaskStatus: Equatable, Sendable {
  /// `State`, as field 3 of `stat` has it.
  public var state: TaskState?
  /// `Tgid`: the process of a task.
  public var processID: Int32?
  /// `Uid`, the second number: the effective user.
  public var userID: UInt32?
  /// `NSpid`, since Linux 4.1: the last one is the pid inside the innermost namespace.
  public var innermostPID: Int32?
  /// `TracerPid`: who traces it; 0 for nobody.
  public var tracerPID: Int32?

  public init(_ bytes: Span<UInt8>) {
    var cursor = 0
    while let line = bytes.nextLine(&cursor) {
      // The last line may have been cut.
      guard line.upperBound < bytes.count else { return }
      var position = line.lowerBound
      if bytes.take("State:", &position) {
        bytes.skipBlanks(&position)
        if position < line.upperBound { state = TaskState(letter: bytes[position]) }
      } else if bytes.take("Tgid:", &position) {
        processID = bytes.nextUnsigned(&position).flatMap { Int32(exactly: $0) }
      } else if bytes.take("TracerPid:", &position) {
        tracerPID = bytes.nextUnsigned(&position).flatMap { Int32(exactly: $0) }
      } else if bytes.take("Uid:", &position) {
        _ = bytes.nextUnsigned(&position)
        userID = bytes.nextUnsigned(&position).flatMap { UInt32(exactly: $0) }
      } else if bytes.take("NSpid:", &position) {
        while position < line.upperBound, let pid = bytes.nextUnsigned(&position) {
          innermostPID = Int32(exactly: pid)
        }
        return
      }
    }
  }
}

extension Span<UInt8> {
  fileprivate func take(_ name: StaticString, _ cursor: inout Int) -> Bool {
    guard holds(name, at: cursor) else { return false }
    cursor += name.utf8CodeUnitCount
    return true
  }
}
