import Records

// Load, pressure, memory and attribution: each a row of a tick's payload.

extension LoadAverage {
  func write(to row: inout RowWriter) {
    row.decimal(0, oneMinute)
    row.decimal(1, fiveMinutes)
    row.decimal(2, fifteenMinutes)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    guard let one = try row.decimal(0, bytes), let five = try row.decimal(1, bytes),
      let fifteen = try row.decimal(2, bytes)
    else { throw .malformed }
    self.init(oneMinute: one, fiveMinutes: five, fifteenMinutes: fifteen)
  }
}

extension Pressure {
  /// Per resource a flag that it is known, `some` and `full`.
  private enum Bit {
    static let absences = 0
    static let cpu = 1
    static let io = 4
    static let memory = 7
  }

  func write(to row: inout RowWriter) {
    var absences = Absences()
    let cpu = absences.note(cpu, slot: 0)
    let io = absences.note(io, slot: 1)
    let memory = absences.note(memory, slot: 2)
    row.number(Bit.absences, absences.word, unless: 0)
    row.stall(Bit.cpu, cpu)
    row.stall(Bit.io, io)
    row.stall(Bit.memory, memory)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    let cpu = try row.stall(Bit.cpu, bytes)
    let io = try row.stall(Bit.io, bytes)
    let memory = try row.stall(Bit.memory, bytes)
    self.init(
      cpu: absences.reading(cpu, slot: 0), io: absences.reading(io, slot: 1),
      memory: absences.reading(memory, slot: 2))
  }
}

extension RowWriter {
  fileprivate mutating func stall(_ bit: Int, _ stall: Stall?) {
    guard let stall else { return }
    flag(bit, true)
    number(bit + 1, stall.someMicroseconds, unless: 0)
    number(bit + 2, stall.fullMicroseconds, unless: 0)
  }

  fileprivate mutating func bytes(_ bit: Int, _ bytes: Attribution.Bytes) {
    number(bit, bytes.processes, unless: 0)
    number(bit + 1, bytes.devices, unless: 0)
    number(bit + 2, bytes.reaped, unless: 0)
  }
}

extension RowReader {
  fileprivate mutating func stall(
    _ bit: Int, _ bytes: Span<UInt8>
  ) throws(PayloadFault) -> Stall? {
    let some = try number(bit + 1, bytes, else: 0)
    let full = try number(bit + 2, bytes, else: 0)
    return has(bit) ? Stall(someMicroseconds: some, fullMicroseconds: full) : nil
  }

  fileprivate mutating func bytes(
    _ bit: Int, _ bytes: Span<UInt8>
  ) throws(PayloadFault) -> Attribution.Bytes {
    let processes = try number(bit, bytes, else: 0)
    let devices = try number(bit + 1, bytes, else: 0)
    let reaped = try number(bit + 2, bytes, else: 0)
    return Attribution.Bytes(processes: processes, reaped: reaped, devices: devices)
  }
}

extension MemoryFigures {
  private enum Bit {
    static let absences = 0
    static let dirty = 1
    static let writeback = 2
    static let swapTotal = 3
    static let swapFree = 4
  }

  func write(to row: inout RowWriter) {
    var absences = Absences()
    let dirty = absences.note(dirtyKiB, slot: 0)
    let writeback = absences.note(writebackKiB, slot: 1)
    let swapTotal = absences.note(swapTotalKiB, slot: 2)
    let swapFree = absences.note(swapFreeKiB, slot: 3)
    row.number(Bit.absences, absences.word, unless: 0)
    row.number(Bit.dirty, dirty)
    row.number(Bit.writeback, writeback)
    row.number(Bit.swapTotal, swapTotal)
    row.number(Bit.swapFree, swapFree)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    let dirty = try row.number(Bit.dirty, bytes)
    let writeback = try row.number(Bit.writeback, bytes)
    let swapTotal = try row.number(Bit.swapTotal, bytes)
    let swapFree = try row.number(Bit.swapFree, bytes)
    self.init(
      dirtyKiB: absences.reading(dirty, slot: 0),
      writebackKiB: absences.reading(writeback, slot: 1),
      swapTotalKiB: absences.reading(swapTotal, slot: 2),
      swapFreeKiB: absences.reading(swapFree, slot: 3))
  }
}

extension Attribution {
  func write(to row: inout RowWriter) {
    row.bytes(0, read)
    row.bytes(3, write)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let read = try row.bytes(0, bytes)
    self.init(read: read, write: try row.bytes(3, bytes))
  }
}
