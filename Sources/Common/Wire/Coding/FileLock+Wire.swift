import Records

extension FileLock {
  private enum Bit {
    static let kind = 0
    static let isExclusive = 1
    static let holder = 2
    static let waiters = 3
    static let file = 4
    static let path = 5
    static let client = 6
  }

  func write(to row: inout RowWriter) {
    row.number(Bit.kind, UInt64(kind.wireCode), unless: 0)
    row.flag(Bit.isExclusive, isExclusive)
    row.number(Bit.holder, holder.map { UInt64(UInt32(bitPattern: $0)) })
    row.pids(Bit.waiters, waiters, limit: WireLimits.lockWaiters)
    row.text(Bit.file, file, limit: WireLimits.nameBytes)
    row.text(Bit.path, path, limit: WireLimits.textBytes)
    row.text(Bit.client, client, limit: WireLimits.nameBytes)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let kind = Kind(wireCode: try row.byte(Bit.kind, bytes) ?? 0)
    let holder = row.has(Bit.holder) ? try row.int32(Bit.holder, bytes, else: 0) : nil
    let waiters = try row.pids(Bit.waiters, bytes, limit: WireLimits.lockWaiters)
    guard let file = try row.text(Bit.file, bytes, limit: WireLimits.nameBytes) else {
      throw .malformed
    }
    let path = try row.text(Bit.path, bytes, limit: WireLimits.textBytes)
    self.init(
      kind: kind, isExclusive: row.has(Bit.isExclusive), holder: holder, waiters: waiters,
      file: file, path: path, client: try row.text(Bit.client, bytes, limit: WireLimits.nameBytes))
  }
}
