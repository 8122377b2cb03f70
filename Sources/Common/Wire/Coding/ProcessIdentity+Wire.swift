import Bytes
import Records

extension ProcessIdentity {
  private enum Field {
    /// A row: pid, start time, name, owner's number and the absences of all readings.
    static let process: UInt64 = 1
    static let user: UInt64 = 2
    static let commandLine: UInt64 = 3
    static let controlGroup: UInt64 = 4
    static let unit: UInt64 = 5
    static let container: UInt64 = 6
    static let ancestor: UInt64 = 7
  }

  fileprivate enum Bit {
    static let pid = 0
    static let startTicks = 1
    static let name = 2
    static let userID = 3
    static let absences = 4
  }

  private enum Slot {
    static let userID: UInt64 = 0
    static let commandLine: UInt64 = 1
    static let controlGroup: UInt64 = 2
  }

  func write(to payload: inout PayloadWriter) {
    var absences = Absences()
    let owner = absences.note(userID, slot: Slot.userID)
    let command = absences.note(commandLine, slot: Slot.commandLine)
    let group = absences.note(controlGroup, slot: Slot.controlGroup)
    payload.row.number(Bit.pid, id.pid, unless: 0)
    payload.row.number(Bit.startTicks, id.startTicks, unless: 0)
    payload.row.name(Bit.name, name)
    payload.row.number(Bit.userID, owner.map { UInt64($0) })
    payload.row.number(Bit.absences, absences.word, unless: 0)
    payload.finishRow(Field.process)
    payload.text(Field.user, user, limit: WireLimits.nameBytes)
    payload.text(Field.commandLine, command, limit: WireLimits.textBytes)
    payload.text(Field.controlGroup, group, limit: WireLimits.textBytes)
    payload.text(Field.unit, unit, limit: WireLimits.nameBytes)
    payload.text(Field.container, container, limit: WireLimits.nameBytes)
    for ancestor in ancestors.prefix(ProcessIdentity.ancestorLimit) {
      payload.row.number(Bit.pid, ancestor.pid, unless: 0)
      payload.row.name(Bit.name, ancestor.name)
      payload.finishRow(Field.ancestor)
    }
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    self.init(id: ProcessID(pid: 0, startTicks: 0), name: TaskName())
    var absences: Absences?
    var (command, group): (String?, String?) = (nil, nil)
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case Field.process: absences = try take(process: payload.extracting(try field.range()))
      case Field.user: user = try field.text(payload, limit: WireLimits.nameBytes)
      case Field.commandLine: command = try field.text(payload, limit: WireLimits.textBytes)
      case Field.controlGroup: group = try field.text(payload, limit: WireLimits.textBytes)
      case Field.unit: unit = try field.text(payload, limit: WireLimits.nameBytes)
      case Field.container: container = try field.text(payload, limit: WireLimits.nameBytes)
      case Field.ancestor:
        guard ancestors.count < ProcessIdentity.ancestorLimit else { throw .malformed }
        ancestors.append(try Ancestor(row: payload.extracting(try field.range())))
      default: continue
      }
    }
    guard let absences else { throw .malformed }
    commandLine = absences.reading(command, slot: Slot.commandLine)
    controlGroup = absences.reading(group, slot: Slot.controlGroup)
  }

  private mutating func take(process bytes: Span<UInt8>) throws(PayloadFault) -> Absences {
    var row = try RowReader(bytes)
    id.pid = try row.int32(Bit.pid, bytes, else: 0)
    id.startTicks = try row.number(Bit.startTicks, bytes, else: 0)
    name = try row.name(Bit.name, bytes)
    let owner = try row.number(Bit.userID, bytes)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    guard owner ?? 0 <= UInt64(UInt32.max) else { throw .malformed }
    userID = absences.reading(owner.map { UInt32(truncatingIfNeeded: $0) }, slot: Slot.userID)
    return absences
  }
}

extension ProcessIdentity.Ancestor {
  fileprivate init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    // The same bits as in the process's own row.
    let pid = try row.int32(ProcessIdentity.Bit.pid, bytes, else: 0)
    self.init(pid: pid, name: try row.name(ProcessIdentity.Bit.name, bytes))
  }
}
