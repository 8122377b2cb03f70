import Records

extension ProcessSample {
  /// A sleeping process with one thread that only used the CPU needs the first seven, which
  /// make a mask of one byte.
  private enum Bit {
    static let pid = 0
    static let startTicks = 1
    static let name = 2
    static let cpu = 3
    static let parent = 4
    /// A flag: the counters are known.
    static let hasIO = 5
    static let absences = 6
    /// To 13.
    static let io = 7
    static let state = 14
    static let blockDelay = 15
    static let swapDelay = 16
    static let threads = 17
    static let isKernelThread = 18
    static let hasEnded = 19
    /// To 26.
    static let reaped = 20
  }

  private enum Slot {
    static let io: UInt64 = 0
    static let blockDelay: UInt64 = 1
    static let swapDelay: UInt64 = 2
  }

  func write(to row: inout RowWriter) {
    var absences = Absences()
    let known = absences.note(io, slot: Slot.io)
    let block = absences.note(blockDelayNanoseconds, slot: Slot.blockDelay)
    let swap = absences.note(swapDelayNanoseconds, slot: Slot.swapDelay)
    row.number(Bit.pid, id.pid, unless: 0)
    row.number(Bit.startTicks, id.startTicks, unless: 0)
    row.name(Bit.name, name)
    row.number(Bit.cpu, cpuNanoseconds, unless: 0)
    row.number(Bit.parent, parentPID, unless: 0)
    row.flag(Bit.hasIO, known != nil)
    row.number(Bit.absences, absences.word, unless: 0)
    if let known { row.counters(from: Bit.io, known) }
    if state != .sleeping { row.number(Bit.state, UInt64(state.rawValue)) }
    row.number(Bit.blockDelay, block)
    row.number(Bit.swapDelay, swap)
    row.number(Bit.threads, threads, unless: 1)
    row.flag(Bit.isKernelThread, isKernelThread)
    row.flag(Bit.hasEnded, hasEnded)
    row.counters(from: Bit.reaped, reaped)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let pid = try row.int32(Bit.pid, bytes, else: 0)
    self.init(
      id: ProcessID(pid: pid, startTicks: try row.number(Bit.startTicks, bytes, else: 0)))
    name = try row.name(Bit.name, bytes)
    cpuNanoseconds = try row.number(Bit.cpu, bytes, else: 0)
    parentPID = try row.int32(Bit.parent, bytes, else: 0)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    let counters = try row.counters(from: Bit.io, bytes)
    state = try row.byte(Bit.state, bytes).map { TaskState(letter: $0) } ?? .sleeping
    io = absences.reading(row.has(Bit.hasIO) ? counters : nil, slot: Slot.io)
    blockDelayNanoseconds = absences.reading(
      try row.number(Bit.blockDelay, bytes), slot: Slot.blockDelay)
    swapDelayNanoseconds = absences.reading(
      try row.number(Bit.swapDelay, bytes), slot: Slot.swapDelay)
    threads = try row.int32(Bit.threads, bytes, else: 1)
    isKernelThread = row.has(Bit.isKernelThread)
    hasEnded = row.has(Bit.hasEnded)
    reaped = try row.counters(from: Bit.reaped, bytes)
  }
}
