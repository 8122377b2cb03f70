import ProcFS
import Records

/// Tasks that were heard to exit.
extension ProcTaskEngine {
  /// Takes the exit records since the last tick. They come before a task can be waited for: what a
  /// parent was handed by now, was told by now.
  mutating func hearExits() {
    guard listener != nil else { return }
    var heard: [Taskstats] = []
    swap(&heard, &exits)
    heard.removeAll(keepingCapacity: true)
    let before = listener?.overflows ?? 0
    _ = listener?.drain { heard.append($0) }
    lostExits += (listener?.overflows ?? 0) - before
    if !isFirst { for record in heard { take(record) } }
    swap(&heard, &exits)
  }

  private mutating func take(_ record: Taskstats) {
    let pid = record.processID ?? owner(of: record.tid)
    guard let process = known(pid) else {
      unseen.add(record, of: pid, startTicks: start(of: record), delays)
      return
    }
    let place =
      record.tid == pid
      ? Int(table.processes[process].firstTask) : table.task(record.tid, of: process)
    let counted = place.map { table.tasks[$0].runNanoseconds } ?? 0
    let rest = record.cpuNanoseconds &- min(counted, record.cpuNanoseconds)
    if let place { table.tasks[place].runNanoseconds &+= rest }
    table.processes[process].runNanoseconds &+= rest
    table.processes[process].exitedIO += record.io
    table.processes[process].heardExit = true
    table.processes[process].isActive = true
    let isLast = record.endsProcess ?? (table.processes[process].taskCount == 1)
    if isLast { table.processes[process].hasExited = true }
  }

  /// A process of the table whose end hasn't been heard of yet. One that is gone comes before the
  /// one that has its pid by now: records come in the order of the ends.
  private func known(_ pid: Int32) -> Int? {
    if let process = table.placeOfGone(pid), !table.processes[process].hasExited { return process }
    if let process = table.place(of: pid), !table.processes[process].hasExited { return process }
    return nil
  }

  /// Records before version 12 don't say whose the task was.
  private func owner(of tid: Int32) -> Int32 {
    guard let place = table.task(tid) else { return tid }
    return table.processes[Int(table.tasks[place].process)].id.pid
  }

  /// A record says how old the task was, and not when it ended: that was since the last tick.
  private func start(of record: Taskstats) -> UInt64 {
    let age = record.elapsedMicroseconds / 1000 / (1000 / EngineClock.ticksPerSecond)
    return clock.bootTicks &- min(clock.bootTicks, age)
  }
}
