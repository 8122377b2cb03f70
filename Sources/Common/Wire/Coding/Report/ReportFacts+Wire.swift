import Records

/// What a report says once: a row, and which of its lists are there.
struct ReportFacts {
  private enum Bit {
    static let absences = 0
    static let state = 1
    static let threads = 2
    static let isKernelThread = 3
    static let reachesFirstParent = 4
    // Flags: the list is known, though it may be empty.
    static let hasFiles = 5
    static let hasSockets = 6
    static let hasLocks = 7
    static let hasWaiting = 8
    static let hasIO = 9
    /// To 16.
    static let io = 10
    static let cpu = 17
    static let blockDelay = 18
    static let descriptors = 19
    static let areSocketsCut = 20
    static let waitChannel = 21
    static let executable = 22
    static let workingDirectory = 23
  }

  private enum Slot {
    static let waitChannel: UInt64 = 0
    static let executable: UInt64 = 1
    static let workingDirectory: UInt64 = 2
    static let descriptors: UInt64 = 3
    static let files: UInt64 = 4
    static let sockets: UInt64 = 5
    static let locks: UInt64 = 6
    static let waiting: UInt64 = 7
    static let io: UInt64 = 8
    static let blockDelay: UInt64 = 9
  }

  /// The lists that are there, or why not.
  private(set) var files = Reading<Void>.unsupported
  private(set) var sockets = Reading<Void>.unsupported
  private(set) var locks = Reading<Void>.unsupported
  private(set) var waiting = Reading<Void>.unsupported

  static func write(_ report: ProcessReport, to row: inout RowWriter) {
    var absences = Absences()
    let channel = absences.note(report.waitChannel, slot: Slot.waitChannel)
    let executable = absences.note(report.executable, slot: Slot.executable)
    let folder = absences.note(report.workingDirectory, slot: Slot.workingDirectory)
    let descriptors = absences.note(report.descriptors, slot: Slot.descriptors)
    let hasFiles = absences.note(report.files.told, slot: Slot.files) != nil
    let hasSockets = absences.note(report.sockets.told, slot: Slot.sockets) != nil
    let hasLocks = absences.note(report.locks, slot: Slot.locks) != nil
    let hasWaiting = absences.note(report.waiting, slot: Slot.waiting) != nil
    let io = absences.note(report.io, slot: Slot.io)
    let blockDelay = absences.note(report.blockDelayNanoseconds, slot: Slot.blockDelay)
    row.number(Bit.absences, absences.word, unless: 0)
    if report.state != .sleeping { row.number(Bit.state, UInt64(report.state.rawValue)) }
    row.number(Bit.threads, report.threads, unless: 1)
    row.flag(Bit.isKernelThread, report.isKernelThread)
    row.flag(Bit.reachesFirstParent, report.reachesFirstParent)
    row.flag(Bit.hasFiles, hasFiles)
    row.flag(Bit.hasSockets, hasSockets)
    row.flag(Bit.hasLocks, hasLocks)
    row.flag(Bit.hasWaiting, hasWaiting)
    row.flag(Bit.hasIO, io != nil)
    if let io { row.counters(from: Bit.io, io) }
    row.number(Bit.cpu, report.cpuNanoseconds, unless: 0)
    row.number(Bit.blockDelay, blockDelay)
    row.number(Bit.descriptors, descriptors.map { UInt64(bitPattern: Int64($0)) })
    row.flag(Bit.areSocketsCut, report.sockets.isCut)
    row.text(Bit.waitChannel, channel, limit: WireLimits.nameBytes)
    row.text(Bit.executable, executable, limit: WireLimits.textBytes)
    row.text(Bit.workingDirectory, folder, limit: WireLimits.textBytes)
  }

  /// Reads the row into `report`.
  init(row bytes: Span<UInt8>, into report: inout ProcessReport) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    report.state = try row.byte(Bit.state, bytes).map { TaskState(letter: $0) } ?? .sleeping
    report.threads = try row.int32(Bit.threads, bytes, else: 1)
    report.isKernelThread = row.has(Bit.isKernelThread)
    report.reachesFirstParent = row.has(Bit.reachesFirstParent)
    files = absences.reading(row.has(Bit.hasFiles) ? () : nil, slot: Slot.files)
    sockets = absences.reading(row.has(Bit.hasSockets) ? () : nil, slot: Slot.sockets)
    locks = absences.reading(row.has(Bit.hasLocks) ? () : nil, slot: Slot.locks)
    waiting = absences.reading(row.has(Bit.hasWaiting) ? () : nil, slot: Slot.waiting)
    let counters = try row.counters(from: Bit.io, bytes)
    report.io = absences.reading(row.has(Bit.hasIO) ? counters : nil, slot: Slot.io)
    report.cpuNanoseconds = try row.number(Bit.cpu, bytes, else: 0)
    report.blockDelayNanoseconds = absences.reading(
      try row.number(Bit.blockDelay, bytes), slot: Slot.blockDelay)
    report.descriptors = absences.reading(
      try row.number(Bit.descriptors, bytes).map { Int(truncatingIfNeeded: $0) },
      slot: Slot.descriptors)
    report.sockets.isCut = row.has(Bit.areSocketsCut)
    report.waitChannel = absences.reading(
      try row.text(Bit.waitChannel, bytes, limit: WireLimits.nameBytes), slot: Slot.waitChannel)
    report.executable = absences.reading(
      try row.text(Bit.executable, bytes, limit: WireLimits.textBytes), slot: Slot.executable)
    report.workingDirectory = absences.reading(
      try row.text(Bit.workingDirectory, bytes, limit: WireLimits.textBytes),
      slot: Slot.workingDirectory)
  }
}
