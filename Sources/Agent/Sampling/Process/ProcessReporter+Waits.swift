import ProcFS
import Records

// Which of a process's threads wait just now, and for what.

extension ProcessReporter {
  /// Threads that are looked at.
  private static let threadLimit = 4096

  mutating func tellWaits(in report: inout ProcessReport) {
    let id = report.identity.id
    var tids: [Int32] = []
    let outcome = root.listNumbers(ProcPath(pid: id.pid, "task"), using: &listing) { tid in
      if tids.count < ProcessReporter.threadLimit { tids.append(tid) }
    }
    guard outcome == .bytes else { return report.waiting = outcome.reading { nil } }
    delays.look(root, at: EngineClock.now.bootTicks)
    var found: [Int32] = []
    var delayTicks: UInt64?
    for tid in tids {
      guard let stat = taskStat(id.pid, tid) else { continue }
      if let ticks = stat.blockDelayTicks { delayTicks = (delayTicks ?? 0) &+ ticks }
      if stat.state == .uninterruptible || awaitsFUSE(id.pid, tid) { found.append(tid) }
    }
    report.blockDelayNanoseconds =
      delayTicks.map { delays.reading($0, of: id) } ?? .unsupported
    let locks = report.locks.value ?? []
    if locks.contains(where: { $0.holder != id.pid && $0.waiters.contains(id.pid) }) {
      for tid in waits.lockWaiters(of: id.pid) where !found.contains(tid) { found.append(tid) }
    }
    tell(found, of: id, locks, in: &report)
  }

  private mutating func tell(
    _ tids: [Int32], of id: ProcessID, _ locks: [FileLock], in report: inout ProcessReport
  ) {
    let now = Clocks.monotonic
    var waiting: [WaitingTask] = []
    for tid in tids.prefix(ProcessReport.waitingLimit) {
      // Another process's by now, where the start is another.
      if let task = waits.sleeper(pid: id.pid, tid: tid, at: now), task.process == id {
        waiting.append(task)
      }
    }
    waits.name(&waiting, at: now, areAll: true)
    waits.nameHolders(&waiting, of: locks)
    report.waiting = .known(waiting)
    report.omittedWaiting = max(0, tids.count - ProcessReport.waitingLimit)
  }

  private mutating func taskStat(_ pid: Int32, _ tid: Int32) -> TaskStat? {
    guard root.readRecord(ProcPath(pid: pid, tid: tid, "stat"), into: &buffer) == .bytes else {
      return nil
    }
    return buffer.withBytes { TaskStat($0) }
  }

  /// `request_wait_answer` of fs/fuse/dev.c: it may be in `S`.
  private mutating func awaitsFUSE(_ pid: Int32, _ tid: Int32) -> Bool {
    guard root.readRecord(ProcPath(pid: pid, tid: tid, "wchan"), into: &buffer) == .bytes else {
      return false
    }
    return buffer.withBytes { $0.starts(with: "request_wait_answer") }
  }
}
