import Records

/// What ticks of the last two minutes had no place for, kept in memory: it is told when a burst
/// begins, once.
///
/// A tick names its first processes and all that wait; here are the rows behind those, as far as
/// they moved anything, in a ring of a fixed size. A steady tick allocates nothing.
public struct PastRing: Sendable {
  /// A process of a past tick: less than ``ProcessSample``.
  struct Row: Sendable {
    var id: ProcessID
    var name: TaskName
    var state: TaskState
    /// What it moved couldn't be read.
    var isUnread = false
    var readBytes: UInt64
    var writeBytes: UInt64
    var cpuNanoseconds: UInt64

    var tellsSomething: Bool {
      isUnread || readBytes > 0 || writeBytes > 0 || cpuNanoseconds >= leastCPUNanoseconds
    }
  }

  struct Slot: Sendable {
    var time = Timestamp(nanoseconds: 0)
    /// CLOCK_MONOTONIC: the wall clock may be set meanwhile.
    var moment: UInt64 = 0
    var intervalNanoseconds: UInt64 = 0
    var engine = EngineKind.proc
    var row = VmstatRow()
    /// Places in the ring, counted from the first that was ever kept.
    var rows = 0..<0
  }

  /// Two minutes.
  public static let nanoseconds: UInt64 = 120_000_000_000
  public static let rowLimit = 200
  static let slotLimit = 120
  /// Of faster ticks one in so long is kept. A little less than a second: ticks aren't exact.
  private static let slotNanoseconds: UInt64 = 950_000_000
  /// Who moved nothing and ran for less tells nothing.
  private static let leastCPUNanoseconds: UInt64 = 1_000_000

  private var slots: [Slot] = []
  private var next = 0
  private var lastMoment: UInt64?
  private var rows = Ring<Row>(limit: slotLimit * rowLimit)

  public init() {}

  /// Bytes that it holds at most: below 2 MiB.
  static var byteLimit: Int {
    slotLimit * (MemoryLayout<Slot>.stride + rowLimit * MemoryLayout<Row>.stride)
  }

  /// Keeps what `tick` has no place for: of its processes, the first of which matter most, those
  /// from `start` on.
  ///
  /// - Parameter moment: CLOCK_MONOTONIC, nanoseconds.
  public mutating func keep(_ tick: HostTick, from start: Int, at moment: UInt64) {
    if let lastMoment, moment &- lastMoment < PastRing.slotNanoseconds { return }
    lastMoment = moment
    let firstRow = rows.end
    for index in start..<max(start, min(tick.processes.count, PastRing.rowLimit)) {
      let row = PastRing.row(tick.processes[index])
      if row.tellsSomething { rows.append(row) }
    }
    guard rows.end > firstRow else { return }
    var slot = Slot()
    slot.moment = moment
    slot.time = tick.time
    slot.intervalNanoseconds = tick.intervalNanoseconds
    slot.engine = tick.engine
    slot.row = tick.row
    slot.rows = firstRow..<rows.end
    if slots.count < PastRing.slotLimit { slots.append(slot) } else { slots[next] = slot }
    next = (next + 1) % PastRing.slotLimit
  }

  private static func row(_ process: ProcessSample) -> Row {
    var row = Row(
      id: process.id, name: process.name, state: process.state, readBytes: 0, writeBytes: 0,
      cpuNanoseconds: process.cpuNanoseconds)
    switch process.io {
    case .known(let io): (row.readBytes, row.writeBytes) = (io.readBytes, io.writeBytes)
    default: row.isUnread = true
    }
    return row
  }

  /// What is kept of the two minutes before `moment`, the oldest first; it is forgotten then.
  public mutating func takeTicks(before moment: UInt64) -> [HostTick] {
    defer {
      slots.removeAll(keepingCapacity: true)
      next = 0
    }
    return slots.filter { slot in
      slot.moment < moment && moment - slot.moment <= PastRing.nanoseconds && rows.holds(slot.rows)
    }
    .sorted { $0.moment < $1.moment }
    .map(tick)
  }

  private func tick(_ slot: Slot) -> HostTick {
    var tick = HostTick(time: slot.time, engine: slot.engine)
    tick.intervalNanoseconds = slot.intervalNanoseconds
    tick.row = slot.row
    tick.processes = slot.rows.map { place in
      let row = rows[place]
      var io = IOCounters()
      (io.readBytes, io.writeBytes) = (row.readBytes, row.writeBytes)
      return ProcessSample(
        id: row.id, name: row.name, state: row.state, io: row.isUnread ? .gap : .known(io),
        cpuNanoseconds: row.cpuNanoseconds)
    }
    return tick
  }
}

/// The last elements of a sequence, each under its number in it.
struct Ring<Element: Sendable>: Sendable {
  private var elements: [Element] = []
  private let limit: Int
  /// The number that the next one gets.
  private(set) var end = 0

  init(limit: Int) { self.limit = limit }

  mutating func append(_ element: Element) {
    if elements.count < limit {
      // Grown by hand: an array that doubles by itself would go beyond the limit.
      if elements.count == elements.capacity {
        elements.reserveCapacity(min(limit, max(256, elements.count * 2)))
      }
      elements.append(element)
    } else {
      elements[end % limit] = element
    }
    end += 1
  }

  /// Whether none of these has made room for others yet.
  func holds(_ places: Range<Int>) -> Bool { places.isEmpty || end - places.lowerBound <= limit }

  subscript(place: Int) -> Element { elements[place % limit] }
}
