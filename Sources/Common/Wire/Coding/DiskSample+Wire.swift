import Records

extension DiskSample {
  private enum Bit {
    static let name = 0
    static let reads = 1
    static let readBytes = 2
    static let readMilliseconds = 3
    static let writes = 4
    static let writeBytes = 5
    static let writeMilliseconds = 6
    static let busyMilliseconds = 7
    static let inFlight = 8
    static let layer = 9
  }

  func write(to row: inout RowWriter) {
    row.text(Bit.name, name, limit: WireLimits.nameBytes)
    row.number(Bit.reads, reads, unless: 0)
    row.number(Bit.readBytes, readBytes, unless: 0)
    row.number(Bit.readMilliseconds, readMilliseconds, unless: 0)
    row.number(Bit.writes, writes, unless: 0)
    row.number(Bit.writeBytes, writeBytes, unless: 0)
    row.number(Bit.writeMilliseconds, writeMilliseconds, unless: 0)
    row.number(Bit.busyMilliseconds, busyMilliseconds, unless: 0)
    row.number(Bit.inFlight, inFlight, unless: 0)
    if layer != .physical { row.number(Bit.layer, UInt64(layer.rawValue)) }
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    guard let name = try row.text(Bit.name, bytes, limit: WireLimits.nameBytes) else {
      throw .malformed
    }
    self.init(name: name, layer: .physical)
    reads = try row.number(Bit.reads, bytes, else: 0)
    readBytes = try row.number(Bit.readBytes, bytes, else: 0)
    readMilliseconds = try row.number(Bit.readMilliseconds, bytes, else: 0)
    writes = try row.number(Bit.writes, bytes, else: 0)
    writeBytes = try row.number(Bit.writeBytes, bytes, else: 0)
    writeMilliseconds = try row.number(Bit.writeMilliseconds, bytes, else: 0)
    busyMilliseconds = try row.number(Bit.busyMilliseconds, bytes, else: 0)
    inFlight = try row.number(Bit.inFlight, bytes, else: 0)
    if let code = try row.byte(Bit.layer, bytes) { layer = try Layer(wireCode: code) }
  }
}
