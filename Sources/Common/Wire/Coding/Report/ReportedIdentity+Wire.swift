import Records

// Who a process of a report is, as a row: itself, its parents, others who are named. Ancestors
// aren't part of it.

extension ProcessIdentity {
  private enum Bit {
    static let pid = 0
    static let startTicks = 1
    static let name = 2
    static let userID = 3
    static let absences = 4
    static let start = 5
    static let user = 6
    static let commandLine = 7
    static let controlGroup = 8
    static let unit = 9
    static let container = 10
  }

  private enum Slot {
    static let userID: UInt64 = 0
    static let commandLine: UInt64 = 1
    static let controlGroup: UInt64 = 2
    static let start: UInt64 = 3
  }

  func write(to row: inout RowWriter, start: Reading<Timestamp>?) {
    var absences = Absences()
    let owner = absences.note(userID, slot: Slot.userID)
    let command = absences.note(commandLine, slot: Slot.commandLine)
    let group = absences.note(controlGroup, slot: Slot.controlGroup)
    let moment = absences.note(start ?? .unsupported, slot: Slot.start)
    row.number(Bit.pid, id.pid, unless: 0)
    row.number(Bit.startTicks, id.startTicks, unless: 0)
    row.name(Bit.name, name)
    row.number(Bit.userID, owner.map { UInt64($0) })
    row.number(Bit.absences, absences.word, unless: 0)
    if let moment { row.signed(Bit.start, moment.nanoseconds) }
    row.text(Bit.user, user, limit: WireLimits.nameBytes)
    row.text(Bit.commandLine, command, limit: WireLimits.textBytes)
    row.text(Bit.controlGroup, group, limit: WireLimits.textBytes)
    row.text(Bit.unit, unit, limit: WireLimits.nameBytes)
    row.text(Bit.container, container, limit: WireLimits.nameBytes)
  }

  static func read(
    row bytes: Span<UInt8>
  ) throws(PayloadFault) -> (identity: ProcessIdentity, start: Reading<Timestamp>) {
    var row = try RowReader(bytes)
    let pid = try row.int32(Bit.pid, bytes, else: 0)
    let startTicks = try row.number(Bit.startTicks, bytes, else: 0)
    var identity = ProcessIdentity(
      id: ProcessID(pid: pid, startTicks: startTicks), name: try row.name(Bit.name, bytes))
    let owner = try row.number(Bit.userID, bytes)
    guard owner ?? 0 <= UInt64(UInt32.max) else { throw .malformed }
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    identity.userID = absences.reading(
      owner.map { UInt32(truncatingIfNeeded: $0) }, slot: Slot.userID)
    let start = absences.reading(
      try row.signed(Bit.start, bytes).map { Timestamp(nanoseconds: $0) }, slot: Slot.start)
    identity.user = try row.text(Bit.user, bytes, limit: WireLimits.nameBytes)
    identity.commandLine = absences.reading(
      try row.text(Bit.commandLine, bytes, limit: WireLimits.textBytes), slot: Slot.commandLine)
    identity.controlGroup = absences.reading(
      try row.text(Bit.controlGroup, bytes, limit: WireLimits.textBytes),
      slot: Slot.controlGroup)
    identity.unit = try row.text(Bit.unit, bytes, limit: WireLimits.nameBytes)
    identity.container = try row.text(Bit.container, bytes, limit: WireLimits.nameBytes)
    return (identity, start)
  }
}
