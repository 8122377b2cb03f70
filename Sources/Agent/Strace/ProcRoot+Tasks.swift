import ProcFS

extension ProcRoot {
  /// - Throws: `TraceFailure.failed`, where there is no such root.
  init(tracing path: String) throws(TraceFailure) {
    do throws(ProcError) {
      self = try ProcRoot(path)
    } catch {
      throw .failed("\(path) can't be read: \(error)")
    }
  }

  /// What `/proc/PID/stat` says now; `nil` where it can't be read.
  func taskStat(_ pid: Int32, using buffer: inout ReadBuffer) -> TaskStat? {
    guard readRecord(ProcPath(pid: pid, "stat"), into: &buffer) == .bytes else { return nil }
    return buffer.withBytes { TaskStat($0) }
  }

  /// What `/proc/PID/status` says now; a thread's too.
  func taskStatus(_ pid: Int32, using buffer: inout ReadBuffer) -> TaskStatus? {
    guard readRecord(ProcPath(pid: pid, "status"), into: &buffer) == .bytes else { return nil }
    return buffer.withBytes { TaskStatus($0) }
  }

  /// The threads of a process, as many as `limit`.
  func taskIDs(of pid: Int32, limit: Int, using buffer: inout ReadBuffer) -> [Int32] {
    var tids: [Int32] = []
    _ = listNumbers(ProcPath(pid: pid, "task"), using: &buffer) { tid in
      if tids.count < limit { tids.append(tid) }
    }
    return tids
  }
}
