import ProcFS
import Records

/// What state the tasks that ran are in now.
extension ProcTaskEngine {
  /// Reads `stat` of each task that ran since the last look, or was in `D` then.
  mutating func readStates() {
    let table = table
    // What is added meanwhile stands at the end, and is new.
    for process in table.processes.indices {
      let entry = table.processes[process]
      guard entry.isAlive, entry.hasRun || entry.waitingTasks > 0 else { continue }
      readProcessState(process)
    }
    readDetails()
  }

  private mutating func readProcessState(_ process: Int) {
    let table = table
    let first = Int(table.processes[process].firstTask)
    if table.processes[process].hasRun || table.tasks[first].isWaiting {
      guard readFirstState(process, first) else { return }
    }
    let entry = table.processes[process]
    guard entry.taskCount > 1 else {
      table.processes[process].hasRun = false
      return
    }
    var place = table.tasks[first].next
    while place >= 0 {
      let task = table.tasks[Int(place)]
      if task.hasRun || task.isWaiting { readState(of: Int(place)) }
      place = task.next
    }
    table.processes[process].hasRun = false
  }

  /// The first task's `stat`, which also speaks for the process; `false` where it is gone.
  private mutating func readFirstState(_ process: Int, _ first: Int) -> Bool {
    let id = table.processes[process].id
    switch root.readRecord(ProcPath(pid: id.pid, "stat"), into: &buffer) {
    case .bytes: break
    case .vanished:
      lose(first)
      return false
    case .denied, .failed: return true
    }
    guard let stat = buffer.withBytes({ TaskStat($0) }) else { return true }
    guard stat.startTicks == id.startTicks else {
      // We held nothing open, and the pid is another's: so is all that was read by it.
      table.processes[process].newIO = nil
      table.processes[process].runNanoseconds = 0
      lose(first)
      probe(id.pid)
      return false
    }
    // A recording's threads may not be there; a zombie's are gone.
    if stat.threads > 0, stat.threads != table.processes[process].taskCount {
      addTasks(of: process, isNew: true)
    }
    table.processes[process].stat = stat
    note(stat, of: first)
    return true
  }

  private mutating func readState(of place: Int) {
    switch root.readRecord(path(of: place, .stat), into: &buffer) {
    case .bytes:
      if let stat = buffer.withBytes({ TaskStat($0) }) { note(stat, of: place) }
    case .vanished: lose(place)
    case .denied, .failed: break
    }
  }

  private func note(_ stat: TaskStat, of place: Int) {
    let task = table.tasks[place]
    let process = Int(task.process)
    if let ticks = stat.blockDelayTicks {
      if ticks > task.blockDelayTicks, !isFirst {
        table.processes[process].blockDelayTicks &+= ticks - task.blockDelayTicks
      }
      table.tasks[place].blockDelayTicks = ticks
    }
    let waits = stat.state == .uninterruptible
    if waits != task.isWaiting {
      table.tasks[place].isWaiting = waits
      table.processes[process].waitingTasks += waits ? 1 : -1
    }
    // One that ran meanwhile may wait for something else now.
    if waits, task.hasRun || !task.isWaiting {
      table.tasks[place].lacksDetails = true
      table.tasks[place].waitsSince = clock.nanoseconds
    }
    table.tasks[place].hasRun = false
  }
}
