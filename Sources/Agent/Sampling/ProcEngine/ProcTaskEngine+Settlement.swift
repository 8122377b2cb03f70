import ProcFS
import Records

/// What each process is charged for.
extension ProcTaskEngine {
  /// Charges what was read, the processes that are gone first: what they had moved is handed to
  /// their parents.
  mutating func settle(into samples: inout [ProcessSample]) {
    let ledger = ledger
    unseen.report { sample in
      samples.append(sample)
      let reaper = reaper(sample.parentPID)
      ledger.add(ledger.leave(sample.id.pid), to: reaper, isInherited: true)
      ledger.add(sample.io.value ?? IOCounters(), to: reaper)
    }
    findGoneOrphans()
    settleGone(into: &samples)
    for process in table.processes.indices {
      let entry = table.processes[process]
      guard entry.isAlive, entry.isActive else { continue }
      settle(process, into: &samples)
      // Children that were found to be gone on the way.
      samples += late
      late.removeAll(keepingCapacity: true)
    }
  }

  /// In no order: who began when is known to a clock tick only. What comes to a parent that was
  /// settled before its child goes on to whom the parent's own went.
  private mutating func settleGone(into samples: inout [ProcessSample]) {
    let table = table
    // Only those that are gone now; what is found on the way is settled there.
    for index in table.gone.indices where !table.processes[table.gone[index]].isSettled {
      let process = table.gone[index]
      settle(process, into: &samples)
      handOver(process)
    }
  }

  /// All that a process moved that is gone now was added to its parent's counters.
  private func handOver(_ process: Int) {
    let entry = table.processes[process]
    table.processes[process].isSettled = true
    let reaper = reaper(entry.stat.parentPID)
    ledger.add(ledger.leave(entry.id.pid), to: reaper, isInherited: true)
    ledger.add(entry.io, to: reaper)
  }

  /// Who has, or will have, what was handed to `pid`: an ancestor, where it was settled itself;
  /// `nil` where nobody knows.
  private func reaper(_ pid: Int32) -> Int32? {
    var pid = pid
    for _ in 0..<ProcessIdentity.ancestorLimit {
      if table.place(of: pid) != nil { return pid }
      if let gone = table.placeOfGone(pid) {
        guard table.processes[gone].isSettled else { return pid }
        pid = table.processes[gone].stat.parentPID
      } else if let parent = unseen.parent(of: pid) {
        pid = parent
      } else {
        return nil
      }
    }
    return nil
  }

  private mutating func settle(_ process: Int, into samples: inout [ProcessSample]) {
    let (io, reaped) = charge(process)
    var entry = table.processes[process]
    entry.taskNanoseconds &+= entry.runNanoseconds
    let hasEnded = (entry.isGone || entry.hasExited) && !entry.isReported
    if hasEnded, !entry.heardExit, !entry.isFinal { lostExits += 1 }
    if entry.isActive && !entry.isReported || hasEnded {
      let cpu = cpu(entry)
      entry.reportedNanoseconds &+= cpu
      samples.append(sample(entry, io: io, reaped: reaped, hasEnded: hasEnded, cpu: cpu))
    }
    if hasEnded { entry.isReported = true }
    entry.isActive = false
    // Bytes that couldn't be read yet still belong to it from its start.
    if entry.bytesState != .unread { entry.isNew = false }
    entry.runNanoseconds = 0
    entry.blockDelayTicks = 0
    entry.newIO = nil
    entry.exitedIO = IOCounters()
    table.processes[process] = entry
  }

  private func sample(
    _ entry: ProcessEntry, io: Reading<IOCounters>, reaped: IOCounters, hasEnded: Bool,
    cpu: UInt64
  ) -> ProcessSample {
    ProcessSample(
      id: entry.id, parentPID: entry.stat.parentPID, name: entry.stat.name,
      state: entry.stat.state, threads: entry.stat.threads,
      isKernelThread: entry.stat.isKernelThread, hasEnded: hasEnded, io: io, reaped: reaped,
      cpuNanoseconds: cpu,
      blockDelayNanoseconds: delays.reading(entry.blockDelayTicks, of: entry.id),
      swapDelayNanoseconds: .unsupported)
  }

  /// What wasn't reported yet of what its tasks counted, or of what `stat` knows, which includes
  /// tasks that came and went in between. Both are of the whole time: `stat` is read later, and may
  /// be ahead for a tick. Its two figures are cut to whole ticks, and so were those we began with.
  private func cpu(_ entry: ProcessEntry) -> UInt64 {
    let ticks = entry.stat.userTicks &+ entry.stat.systemTicks
    let since = ticks &- min(entry.firstTicks, ticks)
    let known = since > 2 && !entry.isGone ? (since - 2) &* EngineClock.nanosecondsPerTick : 0
    let total = max(entry.taskNanoseconds, known)
    return total &- min(entry.reportedNanoseconds, total)
  }

  // MARK: Bytes

  /// What a process moved itself in this tick, and what children moved that nobody else is charged
  /// for.
  private mutating func charge(_ process: Int) -> (Reading<IOCounters>, IOCounters) {
    let none = IOCounters()
    let entry = table.processes[process]
    let isOver = entry.isGone || entry.hasExited
    switch entry.bytesState {
    case .denied: return (.denied, none)
    case .unsupported: return (.unsupported, none)
    case .unread:
      // One that began and ended since the last tick did all that its record says.
      if entry.newIO == nil, !(entry.isNew && isOver && entry.heardExit) {
        if entry.lacksBytesFile, !isOver { table.processes[process].bytesState = .unsupported }
        return (isOver ? .gap : entry.lacksBytesFile ? .unsupported : .gap, none)
      }
      table.processes[process].bytesState = .read
      guard entry.isNew else {
        begin(process, with: entry.newIO ?? none)
        return (.known(none), none)
      }
    case .read: break
    }
    var total = entry.newIO ?? entry.io
    // All its tasks' bytes have come to the dead's by now.
    if isOver, entry.heardExit, !entry.isDeadIOStale {
      total = total.most(entry.deadIO + entry.exitedIO)
    }
    let isUnread = entry.newIO == nil && !(isOver && (entry.heardExit || entry.isFinal))
    guard total.covers(entry.io) else {
      // A counter went back: another instance, to be compared with from now on.
      begin(process, with: total)
      return (.gap, none)
    }
    let charge = split(process, total)
    return (isUnread ? .gap : .known(charge.own), charge.reaped)
  }

  /// From here on, counters are compared with `io`.
  private mutating func begin(_ process: Int, with io: IOCounters) {
    table.processes[process].io = io
    table.processes[process].settledFaults = table.processes[process].stat.reapedMinorFaults
    // Who has reaped before will again: the first time, its own part must be known already.
    let entry = table.processes[process]
    guard entry.isDeadIOStale, entry.stat.reapedMinorFaults > 0 else { return }
    learnDeadIO(of: process, total: io)
  }

  /// Threads of a process beyond which its own bytes aren't added up to learn its children's.
  private static let sumLimit: Int32 = 64

  private mutating func learnDeadIO(of process: Int, total: IOCounters) {
    guard table.processes[process].taskCount <= Self.sumLimit, let live = liveBytes(of: process)
    else { return }
    table.processes[process].deadIO = total - live
    table.processes[process].isDeadIOStale = false
  }

  /// Splits what a process's counters grew by into its own and what it was handed.
  private mutating func split(
    _ process: Int, _ total: IOCounters
  ) -> (own: IOCounters, reaped: IOCounters) {
    let entry = table.processes[process]
    let grown = total - entry.io
    let hasReaped = entry.stat.reapedMinorFaults != entry.settledFaults
    table.processes[process].io = total
    table.processes[process].settledFaults = entry.stat.reapedMinorFaults
    table.processes[process].didReapBefore = hasReaped
    guard hasReaped || entry.didReapBefore, !grown.isZero else {
      table.processes[process].deadIO += entry.exitedIO
      if entry.isDeadIOStale, !grown.isZero, entry.stat.reapedMinorFaults > 0 {
        learnDeadIO(of: process, total: total)
      }
      return (grown, IOCounters())
    }
    guard !entry.isDeadIOStale, entry.taskCount <= Self.sumLimit, let live = liveBytes(of: process)
    else {
      // Nobody knows its own part: only what others were charged for is taken out.
      let known = settleHanded(grown, to: process)
      learnDeadIO(of: process, total: total)
      return (grown - known, IOCounters())
    }
    let liveBefore = entry.io - entry.deadIO
    let own = ((live + entry.exitedIO) - liveBefore).least(grown)
    let handed = grown - own
    let known = settleHanded(handed, to: process)
    table.processes[process].deadIO = total - live
    return (own, handed - known)
  }

  /// How much of `handed` is charged to somebody already.
  private mutating func settleHanded(_ handed: IOCounters, to process: Int) -> IOCounters {
    let pid = table.processes[process].id.pid
    let adopts = pid == 1 || table.processes[process].adoptsOrphans
    let known = ledger.settle(handed, of: pid, adoptsOrphans: adopts)
    let rest = handed - known
    guard !rest.isZero, findGoneChildren(of: pid) else { return known }
    return known + ledger.settle(rest, of: pid, adoptsOrphans: adopts)
  }

  /// Looks whether children that ran a moment ago are gone by now, and books them; `false` where
  /// none is.
  private mutating func findGoneChildren(of pid: Int32) -> Bool {
    let before = table.gone.count
    for process in table.processes.indices {
      let entry = table.processes[process]
      if entry.isAlive, entry.stat.parentPID == pid { loseIfGone(process) }
    }
    guard table.gone.count > before else { return false }
    findGoneOrphans()
    var samples: [ProcessSample] = []
    settleGone(into: &samples)
    late += samples
    return true
  }

  /// Looks at those whose parents are gone: they may have gone before them, and then their bytes
  /// went the same way. The others have another parent now.
  private mutating func findGoneOrphans() {
    var before = -1
    while table.gone.count > max(before, 0) {
      before = table.gone.count
      for process in table.processes.indices {
        let entry = table.processes[process]
        guard entry.isAlive, !entry.hasForeignParent, entry.stat.parentPID > 0,
          table.place(of: entry.stat.parentPID) == nil
        else { continue }
        loseIfGone(process)
      }
    }
  }

  private mutating func loseIfGone(_ process: Int) {
    let entry = table.processes[process]
    switch root.readRecord(ProcPath(pid: entry.id.pid, "stat"), into: &buffer) {
    case .vanished: lose(Int(entry.firstTask))
    case .bytes:
      guard let stat = buffer.withBytes({ TaskStat($0) }) else { return }
      guard stat.startTicks == entry.id.startTicks else { return lose(Int(entry.firstTask)) }
      // A parent that can't be seen needn't be looked for again.
      table.processes[process].hasForeignParent =
        stat.parentPID == entry.stat.parentPID && table.place(of: stat.parentPID) == nil
      if stat.parentPID != entry.stat.parentPID, let heir = table.place(of: stat.parentPID) {
        table.processes[heir].adoptsOrphans = true
      }
      table.processes[process].stat.parentPID = stat.parentPID
    case .denied, .failed: return
    }
  }
}
