import Records

extension LoginSession {
  private enum Bit {
    static let absences = 0
    static let number = 1
    static let userID = 2
    static let user = 3
    static let terminal = 4
  }

  private enum Slot {
    static let number: UInt64 = 0
    static let userID: UInt64 = 1
    static let terminal: UInt64 = 2
  }

  /// But for the SSH server's row.
  func write(to row: inout RowWriter) {
    var absences = Absences()
    let number = absences.note(number, slot: Slot.number)
    let owner = absences.note(userID, slot: Slot.userID)
    let terminal = absences.note(terminal, slot: Slot.terminal)
    row.number(Bit.absences, absences.word, unless: 0)
    row.number(Bit.number, number.map { UInt64($0) })
    row.number(Bit.userID, owner.map { UInt64($0) })
    row.text(Bit.user, user, limit: WireLimits.nameBytes)
    row.text(Bit.terminal, terminal, limit: WireLimits.nameBytes)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    let number = try row.number(Bit.number, bytes)
    let owner = try row.number(Bit.userID, bytes)
    guard number ?? 0 <= UInt64(UInt32.max), owner ?? 0 <= UInt64(UInt32.max) else {
      throw .malformed
    }
    let user = try row.text(Bit.user, bytes, limit: WireLimits.nameBytes)
    let terminal = try row.text(Bit.terminal, bytes, limit: WireLimits.nameBytes)
    self.init(
      number: absences.reading(
        number.map { UInt32(truncatingIfNeeded: $0) }, slot: Slot.number),
      userID: absences.reading(owner.map { UInt32(truncatingIfNeeded: $0) }, slot: Slot.userID),
      user: user, terminal: absences.reading(terminal, slot: Slot.terminal))
  }
}

extension SSHLogin {
  private enum Bit {
    static let serverPID = 0
    static let absences = 1
    static let user = 2
    static let clientAddress = 3
    static let clientPort = 4
    static let serverAddress = 5
    static let serverPort = 6
  }

  func write(to row: inout RowWriter) {
    var absences = Absences()
    let connection = absences.note(connection, slot: 0)
    row.number(Bit.serverPID, serverPID, unless: 0)
    row.number(Bit.absences, absences.word, unless: 0)
    row.text(Bit.user, user, limit: WireLimits.nameBytes)
    guard let connection else { return }
    row.endpoint(Bit.clientAddress, connection.client)
    row.endpoint(Bit.serverAddress, connection.server)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let pid = try row.int32(Bit.serverPID, bytes, else: 0)
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    let user = try row.text(Bit.user, bytes, limit: WireLimits.nameBytes) ?? ""
    let client = try row.endpoint(Bit.clientAddress, bytes)
    let server = try row.endpoint(Bit.serverAddress, bytes)
    var connection: Connection?
    if let client, let server { connection = Connection(client: client, server: server) }
    self.init(serverPID: pid, user: user, connection: absences.reading(connection, slot: 0))
  }
}

extension RowWriter {
  /// Address and port: two bits.
  mutating func endpoint(_ bit: Int, _ endpoint: SocketEndpoint?) {
    guard let endpoint else { return }
    text(bit, endpoint.address, limit: WireLimits.nameBytes)
    number(bit + 1, UInt64(endpoint.port), unless: 0)
  }
}

extension RowReader {
  mutating func endpoint(
    _ bit: Int, _ bytes: Span<UInt8>
  ) throws(PayloadFault) -> SocketEndpoint? {
    let address = try text(bit, bytes, limit: WireLimits.nameBytes)
    guard let port = UInt16(exactly: try number(bit + 1, bytes, else: 0)) else {
      throw .malformed
    }
    return address.map { SocketEndpoint(address: $0, port: port) }
  }
}
