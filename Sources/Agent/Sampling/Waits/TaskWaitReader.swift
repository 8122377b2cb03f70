import ProcFS
import Records

/// Says of single tasks what they wait for: wait channel, stack, system call, and the reason that these
/// make. What may hang is read with a deadline.
public struct TaskWaitReader: ~Copyable {
  private var waits: WaitBook

  /// - Throws: `ProcError.open`, where there is no such root.
  public init(root path: String = "/proc") throws(ProcError) { waits = try WaitBook(path) }

  /// `nil` where the task is gone, or another process has its pid by now.
  public mutating func wait(of process: ProcessID, tid: Int32) -> WaitingTask? {
    let now = Clocks.monotonic
    guard let task = waits.sleeper(pid: process.pid, tid: tid, at: now), task.process == process
    else { return nil }
    var waiting = [task]
    waits.name(&waiting, at: now, areAll: false)
    return waiting.first
  }
}
