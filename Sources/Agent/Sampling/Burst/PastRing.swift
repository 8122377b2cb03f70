import Records

/// The ticks of the last two minutes, kept in memory: what happened before a burst began.
///
/// Of each tick the waiting tasks and the first rows stay. Slots are used again, so that a steady
/// tick allocates nothing.
public struct PastRing: Sendable {
  /// A process of a past tick: less than ``ProcessSample``, to keep the whole below 2 MB.
  struct Row: Sendable {
    var id: ProcessID
    var name: TaskName
    var state: TaskState
    var readBytes: UInt64
    var writeBytes: UInt64
    var cpuNanoseconds: UInt64
  }

  struct Wait: Sendable {
    var process: ProcessID
    var tid: Int32
    var name: TaskName
    var state: TaskState
    var reason: WaitReason
    var waitSeconds: Double
  }

  struct Slot: Sendable {
    var time = Timestamp(nanoseconds: 0)
    var intervalNanoseconds: UInt64 = 0
    var engine = EngineKind.proc
    var row = VmstatRow()
    var rows: [Row] = []
    var waits: [Wait] = []
  }

  /// Two minutes.
  public static let nanoseconds: UInt64 = 120_000_000_000
  public static let rowLimit = 200
  static let slotLimit = 120
  static let waitLimit = 200
  /// Room of a slot: waiting tasks come first, processes get what is left. All slots together stay
  /// below 2 MB.
  static let slotBytes = 2_000_000 / slotLimit - MemoryLayout<Slot>.stride

  private var slots: [Slot] = []
  private var next = 0

  public init() {}

  /// Keeps `tick`, of whose processes `rows` are in order.
  public mutating func keep(_ tick: HostTick) {
    if slots.count < PastRing.slotLimit { slots.append(Slot()) }
    let place = next % slots.count
    next = (place + 1) % PastRing.slotLimit
    slots[place].take(tick)
  }

  public mutating func removeAll() {
    for place in slots.indices { slots[place].time = Timestamp(nanoseconds: 0) }
  }

  /// What is kept of the two minutes before `time`, the oldest first.
  public func ticks(before time: Timestamp) -> [HostTick] {
    let start = time.advanced(bySeconds: -Double(PastRing.nanoseconds) / 1e9)
    return slots.filter { $0.time >= start && $0.time < time && $0.time.nanoseconds > 0 }
      .sorted { $0.time < $1.time }
      .map(\.tick)
  }
}

extension PastRing.Slot {
  mutating func take(_ tick: HostTick) {
    time = tick.time
    intervalNanoseconds = tick.intervalNanoseconds
    engine = tick.engine
    row = tick.row
    waits.removeAll(keepingCapacity: true)
    for task in tick.waiting.prefix(PastRing.waitLimit) {
      waits.append(
        PastRing.Wait(
          process: task.process, tid: task.tid, name: task.name, state: task.state,
          reason: task.reason, waitSeconds: task.waitSeconds))
    }
    let room =
      (PastRing.slotBytes - waits.count * MemoryLayout<PastRing.Wait>.stride)
      / MemoryLayout<PastRing.Row>.stride
    rows.removeAll(keepingCapacity: true)
    for process in tick.processes.prefix(max(0, min(room, PastRing.rowLimit))) {
      let io = process.io.value ?? IOCounters()
      rows.append(
        PastRing.Row(
          id: process.id, name: process.name, state: process.state, readBytes: io.readBytes,
          writeBytes: io.writeBytes, cpuNanoseconds: process.cpuNanoseconds))
    }
  }

  var tick: HostTick {
    var tick = HostTick(time: time, engine: engine)
    tick.intervalNanoseconds = intervalNanoseconds
    tick.row = row
    tick.processes = rows.map { row in
      var io = IOCounters()
      (io.readBytes, io.writeBytes) = (row.readBytes, row.writeBytes)
      return ProcessSample(
        id: row.id, name: row.name, state: row.state, io: .known(io),
        cpuNanoseconds: row.cpuNanoseconds)
    }
    tick.waiting = waits.map { wait in
      WaitingTask(
        process: wait.process, tid: wait.tid, name: wait.name, state: wait.state,
        reason: wait.reason, waitSeconds: wait.waitSeconds)
    }
    return tick
  }
}
