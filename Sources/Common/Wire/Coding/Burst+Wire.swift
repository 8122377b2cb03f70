import Bytes
import Records

extension Burst {
  private enum Field {
    static let trigger: UInt64 = 1
    static let start: UInt64 = 2
    static let end: UInt64 = 3
    static let isOver: UInt64 = 4
    static let looks: UInt64 = 5
    static let count: UInt64 = 6
    static let omittedCounts: UInt64 = 7
    static let symbol: UInt64 = 8
  }

  fileprivate enum Bit {
    static let pid = 0
    static let startTicks = 1
    static let name = 2
    static let reason = 3
    static let kind = 4
    static let looks = 5
    /// Left out where it is as many as the looks.
    static let tasks = 6
  }

  func write(to payload: inout PayloadWriter) {
    payload.number(Field.trigger, UInt64(trigger.wireCode))
    payload.fixed64(Field.start, start.nanoseconds)
    payload.fixed64(Field.end, end.nanoseconds)
    if isOver { payload.number(Field.isOver, 1) }
    payload.number(Field.looks, looks, unless: 0)
    var written = 0
    for count in counts.prefix(WireLimits.burstCounts) {
      guard Burst.write(count, to: &payload) else { break }
      written += 1
    }
    payload.number(Field.omittedCounts, omittedCounts &+ (counts.count - written), unless: 0)
  }

  private static func write(_ count: Count, to payload: inout PayloadWriter) -> Bool {
    guard let reason = payload.symbol(count.reason.name, Field.symbol) else { return false }
    payload.row.number(Bit.pid, count.process.pid, unless: 0)
    payload.row.number(Bit.startTicks, count.process.startTicks, unless: 0)
    payload.row.name(Bit.name, count.name)
    payload.row.number(Bit.reason, reason)
    payload.row.number(Bit.kind, UInt64(count.reason.kind.wireCode), unless: 0)
    payload.row.number(Bit.looks, count.looks, unless: 0)
    payload.row.number(Bit.tasks, count.tasks, unless: count.looks)
    return payload.finishRow(Field.count)
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    var trigger: BurstTrigger?
    var (start, end): (Timestamp?, Timestamp?) = (nil, nil)
    var symbols: [String] = []
    self.init(
      trigger: .runQueue, start: Timestamp(nanoseconds: 0), end: Timestamp(nanoseconds: 0))
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case Field.trigger: trigger = try BurstTrigger(wireCode: try field.byte())
      case Field.start: start = Timestamp(nanoseconds: Int64(bitPattern: try field.fixed64()))
      case Field.end: end = Timestamp(nanoseconds: Int64(bitPattern: try field.fixed64()))
      case Field.isOver: isOver = try field.uint64() != 0
      case Field.looks: looks = try field.count()
      case Field.symbol:
        guard symbols.count < WireLimits.symbols else { throw .malformed }
        symbols.append(try field.text(payload, limit: WireLimits.nameBytes))
      case Field.count:
        guard counts.count < WireLimits.burstCounts else { throw .malformed }
        counts.append(try Count(row: payload.extracting(try field.range()), symbols: symbols))
      case Field.omittedCounts: omittedCounts = try field.count()
      default: continue
      }
    }
    guard let trigger, let start, let end else { throw .malformed }
    (self.trigger, self.start, self.end) = (trigger, start, end)
  }
}

extension Burst.Count {
  fileprivate init(row bytes: Span<UInt8>, symbols: [String]) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let pid = try row.int32(Burst.Bit.pid, bytes, else: 0)
    let startTicks = try row.number(Burst.Bit.startTicks, bytes, else: 0)
    let name = try row.name(Burst.Bit.name, bytes)
    guard let reason = try row.number(Burst.Bit.reason, bytes) else { throw .malformed }
    let kind = WaitClass(wireCode: try row.byte(Burst.Bit.kind, bytes) ?? 0)
    let looks = try row.count(Burst.Bit.looks, bytes, else: 0)
    self.init(
      process: ProcessID(pid: pid, startTicks: startTicks), name: name,
      reason: WaitReason(name: try symbols.symbol(reason), kind: kind), looks: looks,
      tasks: try row.count(Burst.Bit.tasks, bytes, else: looks))
  }
}
