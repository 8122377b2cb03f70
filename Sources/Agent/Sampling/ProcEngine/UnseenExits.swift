import ProcFS
import Records

/// Processes that were heard to end and never seen alive.
final class UnseenExits {
  struct Exit {
    var sample: ProcessSample
    var hasEnded = false
    /// Ticks since its last record.
    var age = 0
  }

  /// Ticks after which nobody waits for a process's other records any more.
  private static let lifetimeTicks = 60
  /// The same of one that has ended: a zombie shows with the next tick.
  private static let endedTicks = 4
  /// Most that are remembered; a host that forks more in a minute has no room for their zombies.
  private static let limit = 16_384

  private var exits: [Int32: Exit] = [:]
  /// Records that found no room, since it was asked last.
  private var lost = 0
  /// Those that ended and are to be reported.
  private var ended: [Int32] = []

  /// Adds a record of a task of process `pid`.
  func add(_ record: Taskstats, of pid: Int32, startTicks: UInt64, _ delays: DelayAccounting) {
    guard exits.count < UnseenExits.limit || exits[pid] != nil else {
      lost += 1
      return
    }
    let id = ProcessID(pid: pid, startTicks: startTicks)
    let blank = ProcessSample(
      id: id, parentPID: record.parentPID, name: record.name, state: .dead, threads: 0,
      hasEnded: true, io: .known(IOCounters()),
      blockDelayNanoseconds: delays.reading(0, of: id),
      swapDelayNanoseconds: delays.reading(0, of: id))
    var exit = exits[pid].flatMap { $0.hasEnded ? nil : $0 } ?? Exit(sample: blank)
    exit.sample.add(record, isFirst: record.tid == pid)
    exit.age = 0
    if record.endsProcess ?? true, !exit.hasEnded {
      exit.hasEnded = true
      ended.append(pid)
    }
    exits[pid] = exit
  }

  /// Hands over those that ended, in the order they did.
  func report(_ body: (ProcessSample) -> Void) {
    for pid in ended { if let exit = exits[pid] { body(exit.sample) } }
    ended.removeAll(keepingCapacity: true)
  }

  /// The parent of one that has ended.
  func parent(of pid: Int32) -> Int32? {
    guard let exit = exits[pid], exit.hasEnded else { return nil }
    return exit.sample.parentPID
  }

  /// A process is seen after all. Where its end was reported it is a zombie, and all it moved is
  /// charged; else the records of its threads are in what it shows itself.
  func meet(_ process: Int, in table: TaskTable, _ ledger: ReapingLedger) {
    guard !exits.isEmpty else { return }
    let entry = table.processes[process]
    guard let exit = exits.removeValue(forKey: entry.id.pid), exit.hasEnded,
      entry.stat.state == .zombie
    else { return }
    let io = exit.sample.io.value ?? IOCounters()
    ledger.remove(io, from: entry.stat.parentPID)
    table.processes[process].bytesState = .read
    table.processes[process].io = io
    table.processes[process].deadIO = io
    table.processes[process].isDeadIOStale = false
    table.processes[process].hasExited = true
    table.processes[process].isReported = true
  }

  func age() {
    guard !exits.isEmpty else { return }
    for pid in exits.keys {
      exits[pid]?.age += 1
      let hasEnded = exits[pid]?.hasEnded ?? true
      let limit = hasEnded ? UnseenExits.endedTicks : UnseenExits.lifetimeTicks
      if exits[pid]?.age ?? 0 > limit { exits[pid] = nil }
    }
  }

  /// How many records found no room since this was asked last.
  func takeLost() -> Int {
    defer { lost = 0 }
    return lost
  }
}

extension ProcessSample {
  fileprivate mutating func add(_ record: Taskstats, isFirst: Bool) {
    if isFirst { (name, parentPID) = (record.name, record.parentPID) }
    io = io.map { $0 + record.io }
    cpuNanoseconds &+= record.cpuNanoseconds
    blockDelayNanoseconds = blockDelayNanoseconds.map { $0 &+ record.blockDelayNanoseconds }
    swapDelayNanoseconds = swapDelayNanoseconds.map { $0 &+ record.swapDelayNanoseconds }
  }
}

extension Taskstats {
  /// The scheduler's own count where there is one, else what user and system time make.
  var cpuNanoseconds: UInt64 {
    let sum = userMicroseconds &+ systemMicroseconds
    let (product, overflow) = sum.multipliedReportingOverflow(by: 1000)
    return max(runNanoseconds, overflow ? 0 : product)
  }
}
