import Bytes
import Records

extension Hello {
  private enum Field {
    static let bootHigh: UInt64 = 1
    static let bootLow: UInt64 = 2
    static let stream: UInt64 = 3
    static let time: UInt64 = 4
    static let agentVersion: UInt64 = 5
    static let hostName: UInt64 = 6
    static let kernelRelease: UInt64 = 7
    static let engine: UInt64 = 8
    static let engineReason: UInt64 = 9
    static let interval: UInt64 = 10
    static let ticksPerSecond: UInt64 = 11
    static let pageBytes: UInt64 = 12
    static let cpus: UInt64 = 13
  }

  func write(to payload: inout PayloadWriter) {
    payload.fixed64(Field.bootHigh, stream.boot.high)
    payload.fixed64(Field.bootLow, stream.boot.low)
    payload.fixed64(Field.stream, stream.number)
    payload.fixed64(Field.time, time.nanoseconds)
    payload.text(Field.agentVersion, agentVersion, limit: WireLimits.nameBytes)
    payload.text(Field.hostName, hostName, limit: WireLimits.nameBytes)
    payload.text(Field.kernelRelease, kernelRelease, limit: WireLimits.nameBytes)
    payload.number(Field.engine, engine.map { UInt64($0.rawValue) })
    payload.text(Field.engineReason, engineReason, limit: WireLimits.textBytes)
    payload.number(Field.interval, intervalNanoseconds)
    payload.number(Field.ticksPerSecond, UInt64(ticksPerSecond))
    payload.number(Field.pageBytes, UInt64(pageBytes))
    payload.number(Field.cpus, cpus.map { UInt64(bitPattern: Int64($0)) })
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    let none = StreamID(boot: BootID(high: 0, low: 0), number: 0)
    self.init(
      stream: none, time: Timestamp(nanoseconds: 0), engine: nil, intervalNanoseconds: 0,
      ticksPerSecond: 0, pageBytes: 0)
    var seen: UInt64 = 0
    var field = FieldReader()
    while try field.next(payload) {
      if field.number < 64 { seen |= 1 << field.number }
      try take(field, payload)
    }
    // Without these there is no stream; the rest may be left out.
    for needed in [Field.bootHigh, Field.bootLow, Field.stream]
    where seen >> needed & 1 == 0 {
      throw .malformed
    }
  }

  private mutating func take(
    _ field: FieldReader, _ payload: Span<UInt8>
  ) throws(PayloadFault) {
    switch field.number {
    case Field.bootHigh: stream.boot.high = try field.fixed64()
    case Field.bootLow: stream.boot.low = try field.fixed64()
    case Field.stream: stream.number = try field.fixed64()
    case Field.time: time = Timestamp(nanoseconds: Int64(bitPattern: try field.fixed64()))
    case Field.agentVersion: agentVersion = try field.text(payload, limit: WireLimits.nameBytes)
    case Field.hostName: hostName = try field.text(payload, limit: WireLimits.nameBytes)
    case Field.kernelRelease: kernelRelease = try field.text(payload, limit: WireLimits.nameBytes)
    case Field.engine: engine = EngineKind(rawValue: try field.byte())
    case Field.engineReason: engineReason = try field.text(payload, limit: WireLimits.textBytes)
    case Field.interval: intervalNanoseconds = try field.uint64()
    case Field.ticksPerSecond: ticksPerSecond = try field.uint32()
    case Field.pageBytes: pageBytes = try field.uint32()
    case Field.cpus: cpus = try field.count()
    default: return
    }
  }
}
