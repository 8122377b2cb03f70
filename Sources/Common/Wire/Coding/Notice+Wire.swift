import Bytes
import Records

extension Notice {
  private enum Field {
    static let time: UInt64 = 1
    static let severity: UInt64 = 2
    static let text: UInt64 = 3
  }

  func write(to payload: inout PayloadWriter) {
    payload.fixed64(Field.time, time.nanoseconds)
    payload.number(Field.severity, UInt64(severity.rawValue))
    payload.text(Field.text, text, limit: WireLimits.textBytes)
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    var time: Timestamp?
    var severity = Severity.unknown
    var text: String?
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case Field.time: time = Timestamp(nanoseconds: Int64(bitPattern: try field.fixed64()))
      case Field.severity: severity = Severity(rawValue: try field.byte()) ?? .unknown
      case Field.text: text = try field.text(payload, limit: WireLimits.textBytes)
      default: continue
      }
    }
    guard let time, let text else { throw .malformed }
    self.init(time: time, severity: severity, text: text)
  }
}
