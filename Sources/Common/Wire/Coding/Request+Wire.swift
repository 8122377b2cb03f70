import Bytes
import Records

extension Request {
  var kind: FrameKind {
    switch self {
    case .introduction: .introduction
    case .stream: .stream
    case .inventory: .inventory
    case .fetch: .fetch
    case .recent: .recent
    case .process: .process
    case .trace: .trace
    case .cancel: .cancel
    }
  }

  /// A single figure: seconds, a pid, or a request's number.
  private static let figure: UInt64 = 1

  func write(to payload: inout PayloadWriter) {
    switch self {
    case .introduction(let caller): caller.write(to: &payload)
    case .fetch(let span): span.write(to: &payload)
    case .recent(let seconds): payload.number(Request.figure, UInt64(seconds))
    case .process(let pid): payload.number(Request.figure, UInt64(UInt32(bitPattern: pid)))
    case .trace(let trace): trace.write(to: &payload)
    case .cancel(let number): payload.number(Request.figure, number)
    case .stream, .inventory: break
    }
  }

  /// `nil` where it is a newer collector's.
  static func read(
    _ kind: FrameKind, _ payload: Span<UInt8>
  ) throws(PayloadFault) -> Request? {
    switch kind {
    case .introduction: return .introduction(try Caller(payload: payload))
    case .stream: return .stream
    case .inventory: return .inventory
    case .fetch: return .fetch(try FrameSpan(payload: payload))
    case .recent: return .recent(seconds: try figure(payload))
    case .process:
      let pid = Int32(bitPattern: try figure(payload))
      guard pid > 0 else { throw .malformed }
      return .process(pid: pid)
    case .trace: return .trace(try TraceRequest(payload: payload))
    case .cancel: return .cancel(number: try wideFigure(payload))
    default: return nil
    }
  }

  private static func figure(_ payload: Span<UInt8>) throws(PayloadFault) -> UInt32 {
    guard let figure = UInt32(exactly: try wideFigure(payload)) else { throw .malformed }
    return figure
  }

  private static func wideFigure(_ payload: Span<UInt8>) throws(PayloadFault) -> UInt64 {
    var figure: UInt64?
    var field = FieldReader()
    while try field.next(payload) {
      if field.number == Request.figure { figure = try field.uint64() }
    }
    guard let figure else { throw .malformed }
    return figure
  }
}

extension Caller {
  private enum Field {
    static let user: UInt64 = 1
    static let connection: UInt64 = 2
    static let key: UInt64 = 3
  }

  func write(to payload: inout PayloadWriter) {
    payload.text(Field.user, user, limit: WireLimits.nameBytes)
    payload.text(Field.connection, connection, limit: WireLimits.nameBytes)
    payload.text(Field.key, key, limit: WireLimits.nameBytes)
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    self.init()
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case Field.user: user = try field.text(payload, limit: WireLimits.nameBytes)
      case Field.connection: connection = try field.text(payload, limit: WireLimits.nameBytes)
      case Field.key: key = try field.text(payload, limit: WireLimits.nameBytes)
      default: continue
      }
    }
  }
}

extension FrameSpan {
  private enum Field {
    static let stream: UInt64 = 1
    static let first: UInt64 = 2
    static let last: UInt64 = 3
    static let byteLimit: UInt64 = 4
  }

  func write(to payload: inout PayloadWriter) {
    stream.write(to: &payload.row)
    payload.finishRow(Field.stream)
    payload.number(Field.first, first)
    payload.number(Field.last, last)
    payload.number(Field.byteLimit, UInt64(byteLimit))
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    var stream: StreamID?
    var (first, last): (UInt64?, UInt64?) = (nil, nil)
    var limit: UInt32 = 0
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case Field.stream: stream = try StreamID(row: payload.extracting(try field.range()))
      case Field.first: first = try field.uint64()
      case Field.last: last = try field.uint64()
      case Field.byteLimit: limit = try field.uint32()
      default: continue
      }
    }
    guard let stream, let first, let last, first <= last else { throw .malformed }
    self.init(stream: stream, first: first, last: last, byteLimit: limit)
  }
}

extension StreamID {
  private enum Bit {
    static let bootHigh = 0
    static let bootLow = 1
    static let number = 2
  }

  func write(to row: inout RowWriter) {
    row.number(Bit.bootHigh, boot.high)
    row.number(Bit.bootLow, boot.low)
    row.number(Bit.number, number)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    guard let high = try row.number(Bit.bootHigh, bytes),
      let low = try row.number(Bit.bootLow, bytes), let number = try row.number(Bit.number, bytes)
    else { throw .malformed }
    self.init(boot: BootID(high: high, low: low), number: number)
  }
}
