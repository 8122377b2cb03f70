import Bytes

extension Gap {
  private enum Field {
    static let first: UInt64 = 1
    static let last: UInt64 = 2
    static let reason: UInt64 = 3
  }

  func write(to payload: inout PayloadWriter) {
    payload.number(Field.first, first)
    payload.number(Field.last, last)
    payload.number(Field.reason, UInt64(reason.rawValue))
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    var (first, last): (UInt64?, UInt64?) = (nil, nil)
    var reason = GapReason.unknown
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case Field.first: first = try field.uint64()
      case Field.last: last = try field.uint64()
      case Field.reason: reason = GapReason(rawValue: try field.byte()) ?? .unknown
      default: continue
      }
    }
    guard let first, let last, first <= last else { throw .malformed }
    self.init(first: first, last: last, reason: reason)
  }
}
