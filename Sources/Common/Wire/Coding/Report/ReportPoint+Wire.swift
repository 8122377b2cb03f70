import Records

extension ProcessReport.Point {
  private enum Bit {
    static let time = 0
    static let interval = 1
    static let absences = 2
    static let hasIO = 3
    /// To 10.
    static let io = 4
    static let cpu = 11
  }

  func write(to row: inout RowWriter) {
    var absences = Absences()
    let known = absences.note(io, slot: 0)
    row.signed(Bit.time, time.nanoseconds)
    row.number(Bit.interval, intervalNanoseconds, unless: 0)
    row.number(Bit.absences, absences.word, unless: 0)
    row.flag(Bit.hasIO, known != nil)
    if let known { row.counters(from: Bit.io, known) }
    row.number(Bit.cpu, cpuNanoseconds, unless: 0)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    guard let time = try row.signed(Bit.time, bytes) else { throw .malformed }
    let interval = try row.number(Bit.interval, bytes, else: 0)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    let counters = try row.counters(from: Bit.io, bytes)
    self.init(
      time: Timestamp(nanoseconds: time), intervalNanoseconds: interval,
      io: absences.reading(row.has(Bit.hasIO) ? counters : nil, slot: 0),
      cpuNanoseconds: try row.number(Bit.cpu, bytes, else: 0))
  }
}
