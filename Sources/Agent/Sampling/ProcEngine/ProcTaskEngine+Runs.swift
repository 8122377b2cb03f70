import ProcFS
import Records

/// Who ran, and who is new.
extension ProcTaskEngine {
  /// Marks tasks that ran since the last look, and loses those that ended.
  mutating func findRuns() {
    let table = table
    guard hasProcessClocks else {
      for place in table.tasks.indices {
        let process = Int(table.tasks[place].process)
        if process >= 0, !table.processes[process].isGone { findRun(of: place) }
      }
      return
    }
    var process = table.nextThatRan(from: 0)
    while process < table.processes.count {
      var place = table.processes[process].firstTask
      while place >= 0, !table.processes[process].isGone {
        let next = table.tasks[Int(place)].next
        findRun(of: Int(place))
        place = next
      }
      process = table.nextThatRan(from: process + 1)
    }
  }

  private mutating func findRun(of place: Int) {
    guard hasRunTimes else { return markRun(place) }
    switch readRunTime(of: place) {
    case .bytes: note(runTime(), of: place)
    case .vanished: lose(place)
    case .denied, .failed: markRun(place)
    }
  }

  /// Reads a task's `schedstat` into the small buffer. It stays open for the next time: where there
  /// are clocks of processes, only who runs gets here.
  private mutating func readRunTime(of place: Int) -> ReadOutcome {
    if table.tasks[place].file == .none {
      table.tasks[place].file = files.open(path(of: place, .schedstat), in: root)
    }
    let task = table.tasks[place]
    guard task.file == .none else { return files.readRecord(task.file, into: &small) }
    return root.readRecord(path(of: place, .schedstat), into: &small)
  }

  /// The same of a task that is new; it is held open only where each tick needs it.
  private mutating func readFirstRunTime(of place: Int) -> ReadOutcome {
    guard hasProcessClocks else { return readRunTime(of: place) }
    return root.readRecord(path(of: place, .schedstat), into: &small)
  }

  private func runTime() -> TaskRunTime? { small.withBytes { TaskRunTime($0) } }

  /// The path of a task's file; of the first task's, that of its process.
  func path(of place: Int, _ file: TaskFile) -> ProcPath {
    let task = table.tasks[place]
    let pid = table.processes[Int(task.process)].id.pid
    return TaskFileRequest(pid: pid, tid: task.tid == pid ? 0 : task.tid, file: file).path
  }

  private func note(_ time: TaskRunTime?, of place: Int) {
    guard let time else { return markRun(place) }
    let task = table.tasks[place]
    guard time.runNanoseconds != task.runNanoseconds || time.slices != task.slices else { return }
    // Less than before: the pid is another's, which the start in `stat` will tell.
    let grown = time.runNanoseconds &- min(task.runNanoseconds, time.runNanoseconds)
    table.tasks[place].runNanoseconds = time.runNanoseconds
    table.tasks[place].slices = time.slices
    table.processes[Int(task.process)].runNanoseconds &+= grown
    markRun(place)
  }

  private func markRun(_ place: Int) {
    table.tasks[place].hasRun = true
    let process = Int(table.tasks[place].process)
    table.processes[process].hasRun = true
    table.processes[process].isActive = true
  }

  /// A task has ended; with the first one its process has.
  mutating func lose(_ place: Int) {
    let process = Int(table.tasks[place].process)
    let pid = table.processes[process].id.pid
    guard table.tasks[place].tid != pid else {
      lostPIDs.append(pid)
      return table.markGone(process)
    }
    files.close(&table.tasks[place].file)
    table.removeTask(place)
    table.processes[process].hasRun = true
    table.processes[process].isActive = true
    // Without a record nobody knows what it had moved.
    if listener == nil { table.processes[process].isDeadIOStale = true }
  }

  /// Pids up to which those that were given away are asked for one by one; a listing of 2,000
  /// processes costs as much.
  private static let probeLimit: UInt64 = 32
  /// Looks after which all are listed, whatever the last pid says.
  private static let listingPatience = 64

  /// Finds processes that are new. The last pid moves with every fork, threads too; a pid can only
  /// come again when who had it has gone.
  mutating func findNew() {
    let last = lastPIDGiven()
    let before = lastPID
    lastPID = last
    looksSinceListing += 1
    defer { lostPIDs.removeAll(keepingCapacity: true) }
    guard isLive, !isFirst, let last, let before, looksSinceListing < Self.listingPatience,
      last >= before, last - before + UInt64(lostPIDs.count) <= Self.probeLimit
    else { return listNew() }
    for index in lostPIDs.indices { probe(lostPIDs[index]) }
    probeUnborn()
    guard last > before else { return }
    for pid in (before + 1)...last {
      let pid = Int32(clamping: pid)
      if !probe(pid) { unborn.append((pid, Self.unbornLooks)) }
    }
  }

  /// Looks for which a pid that was given away and names nobody yet is asked for again: fork(2)
  /// takes the number first, and may be held up before the process shows.
  private static let unbornLooks = 3

  private mutating func probeUnborn() {
    for index in unborn.indices {
      unborn[index].looks -= 1
      if probe(unborn[index].pid, isLate: true) { unborn[index].looks = 0 }
    }
    unborn.removeAll { $0.looks <= 0 }
  }

  private mutating func listNew() {
    looksSinceListing = 0
    let table = table
    var found = takeNumbers()
    _ = root.listNumbers(ProcPath(), using: &listing) { pid in
      if table.place(of: pid) == nil { found.append(pid) }
    }
    for pid in found { add(pid) }
    numbers = found
    unborn.removeAll(keepingCapacity: true)
    readAllStates()
  }

  /// Has the state of every task read that isn't watched already: the freezer of the first control
  /// groups puts sleepers into `D` without their running (`__set_task_frozen` in kernel/freezer.c).
  private func readAllStates() {
    for place in table.tasks.indices {
      let process = Int(table.tasks[place].process)
      guard process >= 0, !table.tasks[place].isWaiting else { continue }
      table.tasks[place].hasRun = true
      table.processes[process].hasRun = true
    }
  }

  /// Takes a process in that may have this pid; `false` where the pid names nobody. A thread has a
  /// folder too, which isn't listed: its process has run, and counts its threads.
  ///
  /// - Parameter isLate: it is new, though it may have begun before the last look.
  @discardableResult
  mutating func probe(_ pid: Int32, isLate: Bool = false) -> Bool {
    guard table.place(of: pid) == nil else { return true }
    guard root.readRecord(ProcPath(pid: pid, "status"), into: &buffer) == .bytes else {
      return false
    }
    if buffer.withBytes({ TaskStatus($0).processID }) == pid { add(pid, isLate: isLate) }
    return true
  }

  /// The fifth field of proc_loadavg(5): the pid last given away in this namespace.
  private mutating func lastPIDGiven() -> UInt64? {
    guard root.readRecord(ProcPath("loadavg"), into: &small) == .bytes else { return nil }
    return small.withBytes { bytes in
      var cursor = bytes.count
      while cursor > 0, bytes[cursor - 1] != UInt8(ascii: " ") { cursor -= 1 }
      return bytes.nextUnsigned(&cursor)
    }
  }

  /// Takes a process into the table, with all its tasks.
  mutating func add(_ pid: Int32, isLate: Bool = false) {
    // Before anything else is read: what runs from here on shows with the next look.
    let clock = hasProcessClocks ? ProcessClock.nanoseconds(of: pid) : nil
    guard root.readRecord(ProcPath(pid: pid, "stat"), into: &buffer) == .bytes,
      let stat = buffer.withBytes({ TaskStat($0) }), stat.id == pid
    else { return }
    let process = table.addProcess(stat, clock: clock ?? 0)
    // Two ticks of the clock for the kernel's rounding, and for what started while we looked.
    table.processes[process].isNew =
      !isFirst && (isLate || stat.startTicks &+ 2 >= lastBootTicks)
    table.processes[process].firstTicks =
      table.processes[process].isNew ? 0 : stat.userTicks &+ stat.systemTicks
    table.processes[process].settledFaults =
      table.processes[process].isNew ? 0 : stat.reapedMinorFaults
    // Nothing of a single task that never waited for a child can come from others.
    table.processes[process].isDeadIOStale =
      !table.processes[process].isNew && (stat.reapedMinorFaults > 0 || stat.threads > 1)
    let isNew = table.processes[process].isNew
    addTask(pid, to: process, isNew: isNew)
    if stat.threads > 1 { addTasks(of: process, isNew: isNew) }
    unseen.meet(process, in: table, ledger)
  }

  /// The tasks of a process that are not in the table yet.
  ///
  /// - Parameter isNew: all that they ran belongs to this tick.
  mutating func addTasks(of process: Int, isNew: Bool) {
    let table = table
    var found = takeNumbers()
    let pid = table.processes[process].id.pid
    _ = root.listNumbers(ProcPath(pid: pid, "task"), using: &listing) { tid in
      if tid != pid, table.task(tid, of: process) == nil { found.append(tid) }
    }
    for tid in found {
      // A task we couldn't hold, whose number has gone to another process.
      if let stale = table.task(tid) { lose(stale) }
      addTask(tid, to: process, isNew: isNew)
    }
    numbers = found
  }

  /// An empty list with room; taken out, so that filling it doesn't copy it.
  private mutating func takeNumbers() -> [Int32] {
    var taken: [Int32] = []
    swap(&taken, &numbers)
    taken.removeAll(keepingCapacity: true)
    return taken
  }

  private mutating func addTask(_ tid: Int32, to process: Int, isNew: Bool) {
    guard let place = table.addTask(tid, to: process), hasRunTimes else { return }
    guard readFirstRunTime(of: place) == .bytes, let time = runTime() else { return }
    table.tasks[place].runNanoseconds = time.runNanoseconds
    table.tasks[place].slices = time.slices
    if isNew { table.processes[process].runNanoseconds &+= time.runNanoseconds }
  }
}
