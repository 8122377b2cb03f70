import Foundation
import Glibc

/// What /proc/PID says of a task that waits, read as a person would with `cat`: the tests' own eyes,
/// independent of the code under test.
public struct TaskState: Sendable, CustomStringConvertible {
  /// Third field of proc_pid_stat(5).
  public var state: Character
  public var name: String
  public var wchan: String
  /// The number of the system call that it is in; `nil` outside of any.
  public var syscall: Int?
  /// Function names, the innermost first.
  public var stack: [String]
  /// How often it ran; third field of /proc/PID/schedstat (Documentation/scheduler/sched-stats).
  public var runs: Int?

  /// `nil` where there is no such task (any more).
  ///
  /// - Parameter tid: a thread of the process; its first one.
  public init?(pid: pid_t, tid: pid_t? = nil) {
    let folder = tid.map { "/proc/\(pid)/task/\($0)" } ?? "/proc/\(pid)"
    let stat = TestFolder.text("\(folder)/stat")
    guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"),
      let state = stat[close...].dropFirst(2).first
    else { return nil }
    self.state = state
    name = String(stat[stat.index(after: open)..<close])
    wchan = TestFolder.text("\(folder)/wchan")
    syscall = TestFolder.text("\(folder)/syscall").split(separator: " ").first.flatMap { Int($0) }
    runs = TestFolder.text("\(folder)/schedstat").split(whereSeparator: \.isWhitespace).dropFirst(2)
      .first.flatMap { Int($0) }
    // `[<0>] request_wait_answer+0x112/0x210`, and a module's name behind it where it has one.
    stack = TestFolder.text("\(folder)/stack").split(separator: "\n").compactMap { line in
      line.split(separator: " ").dropFirst().first?.split(separator: "+").first.map(String.init)
    }
  }

  /// In one look the state may be of one wait and the stack of the next; in two without a run between
  /// them it is the same wait.
  private func isSameWait(as other: TaskState?) -> Bool {
    guard let other else { return false }
    return runs == other.runs && state == other.state && stack == other.stack
  }

  public var description: String {
    "\(state) \(name) wchan \(wchan) syscall \(syscall.map(String.init) ?? "none") "
      + "stack \(stack.joined(separator: " < "))"
  }

  /// Waits until `pid` is as `condition` wants it, in a wait that lasts from one look to the next.
  @discardableResult
  public static func await(
    _ pid: pid_t, _ what: String, within seconds: Double = 30,
    _ condition: (TaskState) -> Bool
  ) async throws -> TaskState {
    var last: TaskState?
    return try await eventually(
      what, within: seconds, detail: { last?.description ?? "no task \(pid)" }
    ) {
      let previous = last
      last = TaskState(pid: pid)
      guard let now = last, condition(now), now.isSameWait(as: previous) else { return nil }
      return now
    }
  }
}
