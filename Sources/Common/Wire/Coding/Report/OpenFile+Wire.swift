import Bytes
import Records

extension OpenFile {
  private enum Bit {
    static let descriptor = 0
    static let absences = 1
    static let kind = 2
    static let isDeleted = 3
    static let access = 4
    static let flags = 5
    static let offset = 6
    static let advance = 7
    static let size = 8
    static let mount = 9
    static let path = 10
  }

  private enum Slot {
    static let path: UInt64 = 0
    static let access: UInt64 = 1
    static let offset: UInt64 = 2
    static let advance: UInt64 = 3
    static let size: UInt64 = 4
    static let mount: UInt64 = 5
  }

  func write(to row: inout RowWriter) {
    var absences = Absences()
    let path = absences.note(path, slot: Slot.path)
    let access = absences.note(access, slot: Slot.access)
    let offset = absences.note(offset, slot: Slot.offset)
    let advance = absences.note(advance, slot: Slot.advance)
    let size = absences.note(size, slot: Slot.size)
    let mount = absences.note(mount, slot: Slot.mount)
    row.number(Bit.descriptor, descriptor, unless: 0)
    row.number(Bit.absences, absences.word, unless: 0)
    row.number(Bit.kind, UInt64(kind.rawValue), unless: 0)
    row.flag(Bit.isDeleted, isDeleted)
    row.number(Bit.access, access.map { UInt64($0.rawValue) })
    row.number(Bit.flags, UInt64(flags.rawValue), unless: 0)
    row.number(Bit.offset, offset)
    row.number(Bit.advance, advance.map { ZigZag.encode($0) })
    row.number(Bit.size, size)
    row.number(Bit.mount, mount.map { UInt64(UInt32(bitPattern: $0)) })
    row.text(Bit.path, path, limit: WireLimits.textBytes)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let descriptor = try row.int32(Bit.descriptor, bytes, else: 0)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    // A newer agent's kind is `other`; its path tells it still.
    let kind = Kind(rawValue: try row.byte(Bit.kind, bytes) ?? 0) ?? .other
    let isDeleted = row.has(Bit.isDeleted)
    var access: Access?
    if let code = try row.byte(Bit.access, bytes) {
      guard let known = Access(rawValue: code) else { throw .malformed }
      access = known
    }
    let flags = Flags(
      rawValue: UInt16(truncatingIfNeeded: try row.number(Bit.flags, bytes, else: 0)))
    let offset = try row.number(Bit.offset, bytes)
    let advance = try row.signed(Bit.advance, bytes)
    let size = try row.number(Bit.size, bytes)
    let mount = row.has(Bit.mount) ? try row.int32(Bit.mount, bytes, else: 0) : nil
    let path = try row.text(Bit.path, bytes, limit: WireLimits.textBytes)
    self.init(
      descriptor: descriptor, kind: kind, path: absences.reading(path, slot: Slot.path),
      isDeleted: isDeleted, access: absences.reading(access, slot: Slot.access), flags: flags,
      offset: absences.reading(offset, slot: Slot.offset),
      advance: absences.reading(advance, slot: Slot.advance),
      size: absences.reading(size, slot: Slot.size),
      mount: absences.reading(mount, slot: Slot.mount))
  }
}

extension FileMount {
  private enum Bit {
    static let number = 0
    static let mountPoint = 1
    static let type = 2
    static let source = 3
    static let major = 4
    static let minor = 5
  }

  func write(to row: inout RowWriter) {
    row.number(Bit.number, number, unless: 0)
    row.text(Bit.mountPoint, mountPoint, limit: WireLimits.textBytes)
    row.text(Bit.type, type, limit: WireLimits.nameBytes)
    row.text(Bit.source, source, limit: WireLimits.textBytes)
    row.number(Bit.major, UInt64(major), unless: 0)
    row.number(Bit.minor, UInt64(minor), unless: 0)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let number = try row.int32(Bit.number, bytes, else: 0)
    guard let mountPoint = try row.text(Bit.mountPoint, bytes, limit: WireLimits.textBytes),
      let type = try row.text(Bit.type, bytes, limit: WireLimits.nameBytes),
      let source = try row.text(Bit.source, bytes, limit: WireLimits.textBytes)
    else { throw .malformed }
    guard let major = UInt32(exactly: try row.number(Bit.major, bytes, else: 0)),
      let minor = UInt32(exactly: try row.number(Bit.minor, bytes, else: 0))
    else { throw .malformed }
    self.init(
      number: number, mountPoint: mountPoint, type: type, source: source, major: major,
      minor: minor)
  }
}
