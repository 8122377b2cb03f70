import Bytes
import Glibc
import ProcFS
import Records

/// Looks afterwards whether all are free: no thread stopped, none with a tracer.
struct ReleaseCheck: ~Copyable {
  /// The kernel lets go of everything before it says that a tracer has ended; this is for who looks at
  /// a process in the very moment in which it goes on.
  private static let tries = 50
  private static let pauseMilliseconds = 20

  private let root: ProcRoot
  private var buffer = ReadBuffer(capacity: 4096, limit: 1 << 16)
  private var listing = ReadBuffer(capacity: 4096, limit: 1 << 20)

  init(_ path: String) throws(TraceFailure) {
    root = try ProcRoot(tracing: path)
  }

  /// What keeps a process from going on, and the command that helps; `nil` where nothing does. One that
  /// has ended is free.
  ///
  /// - Parameter touched: other tasks that were stopped with it.
  mutating func trouble(of tracee: Tracee, touched: [Int32]) -> String? {
    var trouble: String?
    for _ in 0..<ReleaseCheck.tries {
      trouble = look(at: tracee, touched)
      guard trouble != nil else { return nil }
      Pause.sleep(milliseconds: ReleaseCheck.pauseMilliseconds)
    }
    return trouble
  }

  private mutating func look(at tracee: Tracee, _ touched: [Int32]) -> String? {
    let pid = tracee.id.pid
    var tids = touched
    if let stat = root.taskStat(pid, using: &buffer), stat.startTicks == tracee.id.startTicks {
      tids += root.taskIDs(of: pid, limit: TraceGuard.threadLimit, using: &listing)
    }
    for tid in tids {
      guard let status = root.taskStatus(tid, using: &buffer) else { continue }
      if let trouble = trouble(status, tid) {
        return "\(Printable.text(tracee.name.bytes.span)) (\(pid)) \(trouble)"
      }
    }
    return nil
  }

  private mutating func trouble(_ status: TaskStatus, _ tid: Int32) -> String? {
    if let tracer = status.tracerPID, tracer != 0 {
      // Only what we have started ourselves is ours to end.
      guard let stat = root.taskStat(tracer, using: &buffer), stat.parentPID == getpid() else {
        return "is not free: task \(tid) is traced by \(tracer), which is none of ours"
      }
      return "is not free: task \(tid) is still traced by \(tracer): kill -KILL \(tracer)"
    }
    guard status.state == .stopped || status.state == .traced else { return nil }
    return "is stopped: task \(tid) doesn't go on: kill -CONT \(status.processID ?? tid)"
  }
}
