import Records

extension OpenSocket {
  private enum Bit {
    static let descriptor = 0
    static let absences = 1
    static let inode = 2
    static let transport = 3
    static let state = 4
    static let sendQueue = 5
    static let receiveQueue = 6
    static let localAddress = 7
    static let localPort = 8
    static let remoteAddress = 9
    static let remotePort = 10
    static let path = 11
  }

  private enum Slot {
    static let sendQueue: UInt64 = 0
    static let receiveQueue: UInt64 = 1
  }

  func write(to row: inout RowWriter) {
    var absences = Absences()
    let sendQueue = absences.note(sendQueue, slot: Slot.sendQueue)
    let receiveQueue = absences.note(receiveQueue, slot: Slot.receiveQueue)
    row.number(Bit.descriptor, descriptor, unless: 0)
    row.number(Bit.absences, absences.word, unless: 0)
    row.number(Bit.inode, inode, unless: 0)
    row.number(Bit.transport, UInt64(transport.rawValue), unless: 0)
    row.number(Bit.state, UInt64(state.rawValue), unless: 0)
    row.number(Bit.sendQueue, sendQueue)
    row.number(Bit.receiveQueue, receiveQueue)
    row.endpoint(Bit.localAddress, local)
    row.endpoint(Bit.remoteAddress, remote)
    row.text(Bit.path, path, limit: WireLimits.nameBytes)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let descriptor = try row.int32(Bit.descriptor, bytes, else: 0)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    let inode = try row.number(Bit.inode, bytes, else: 0)
    // A newer agent's transport is `other`, its state `unknown`.
    let transport = Transport(rawValue: try row.byte(Bit.transport, bytes) ?? 0) ?? .other
    let state = State(rawValue: try row.byte(Bit.state, bytes) ?? 0) ?? .unknown
    let sendQueue = try row.number(Bit.sendQueue, bytes)
    let receiveQueue = try row.number(Bit.receiveQueue, bytes)
    let local = try row.endpoint(Bit.localAddress, bytes)
    let remote = try row.endpoint(Bit.remoteAddress, bytes)
    self.init(
      descriptor: descriptor, inode: inode, transport: transport, state: state, local: local,
      remote: remote, path: try row.text(Bit.path, bytes, limit: WireLimits.nameBytes),
      sendQueue: absences.reading(sendQueue, slot: Slot.sendQueue),
      receiveQueue: absences.reading(receiveQueue, slot: Slot.receiveQueue))
  }
}
