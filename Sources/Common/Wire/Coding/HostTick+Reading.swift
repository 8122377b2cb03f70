import Bytes
import Records

extension HostTick {
  init(payload: Span<UInt8>) throws(PayloadFault) {
    self.init(time: Timestamp(nanoseconds: 0), engine: .proc)
    var tables = TickTables()
    var field = FieldReader()
    while try field.next(payload) {
      // Figures, then rows: a switch over all of them would be longer than a screen.
      if try take(figure: field, of: payload, &tables) { continue }
      try take(row: field, of: payload, &tables)
    }
    guard tables.hasTime, tables.hasEngine else { throw .malformed }
    intervalNanoseconds = pacedNanoseconds &+ UInt64(bitPattern: tables.lateness)
  }

  /// `false` where the field is none of them.
  private mutating func take(
    figure field: FieldReader, of payload: Span<UInt8>, _ tables: inout TickTables
  ) throws(PayloadFault) -> Bool {
    switch field.number {
    case TickField.time:
      time = Timestamp(nanoseconds: Int64(bitPattern: try field.fixed64()))
      tables.hasTime = true
    case TickField.engine:
      engine = try EngineKind(wireCode: try field.byte())
      tables.hasEngine = true
    case TickField.paced: pacedNanoseconds = try field.uint64()
    case TickField.interval: tables.lateness = ZigZag.decode(try field.uint64())
    case TickField.row: row = try VmstatRow(row: payload.extracting(try field.range()))
    case TickField.load: load = try LoadAverage(row: payload.extracting(try field.range()))
    case TickField.cpus: cpus = try field.count()
    case TickField.pressure: pressure = try Pressure(row: payload.extracting(try field.range()))
    case TickField.memory: memory = try MemoryFigures(row: payload.extracting(try field.range()))
    case TickField.attribution:
      attribution = try Attribution(row: payload.extracting(try field.range()))
    case TickField.processCount: processCount = try field.count()
    case TickField.ownCPU: ownCPUNanoseconds = try field.uint64()
    case TickField.omittedProcesses: omittedProcesses = try field.count()
    case TickField.omittedIO:
      let bytes = payload.extracting(try field.range())
      var row = try RowReader(bytes)
      omittedIO = try row.counters(from: 0, bytes)
    case TickField.omittedWaiting: omittedWaiting = try field.count()
    case TickField.omittedDisks: omittedDisks = try field.count()
    case TickField.omittedLocks: omittedLocks = try field.count()
    default: return false
    }
    return true
  }

  private mutating func take(
    row field: FieldReader, of payload: Span<UInt8>, _ tables: inout TickTables
  ) throws(PayloadFault) {
    switch field.number {
    case TickField.process:
      try check(processes.count, below: WireLimits.processes)
      processes.append(try ProcessSample(row: payload.extracting(try field.range())))
    case TickField.waiting:
      try check(waiting.count, below: WireLimits.waiting)
      waiting.append(
        try WaitingTask(row: payload.extracting(try field.range()), shapes: tables.shapes))
    case TickField.disk:
      try check(disks.count, below: WireLimits.disks)
      disks.append(try DiskSample(row: payload.extracting(try field.range())))
    case TickField.lock:
      try check(locks.count, below: WireLimits.locks)
      locks.append(try FileLock(row: payload.extracting(try field.range())))
    case TickField.symbol:
      try check(tables.symbols.count, below: WireLimits.symbols)
      tables.symbols.append(try field.text(payload, limit: WireLimits.nameBytes))
    case TickField.shape:
      try check(tables.shapes.count, below: WireLimits.shapes)
      tables.shapes.append(
        try WaitShape(row: payload.extracting(try field.range()), symbols: tables.symbols))
    default: return
    }
  }

  private func check(_ count: Int, below limit: Int) throws(PayloadFault) {
    guard count < limit else { throw .malformed }
  }
}

/// What rows of a tick refer to, as far as it was read, and what must be there.
private struct TickTables {
  var symbols: [String] = []
  var shapes: [WaitShape] = []
  var lateness: Int64 = 0
  var hasTime = false
  var hasEngine = false
}
