import Bytes
import Records

extension Answer {
  var kind: FrameKind {
    switch self {
    case .begins: .begins
    case .accepted: .accepted
    case .done: .done
    case .inventory: .held
    case .fetched: .fetched
    case .process: .processReport
    case .traced: .tracedProcess
    case .trace: .traceReport
    case .refused: .refused
    }
  }

  private static let reason: UInt64 = 1

  func write(to payload: inout PayloadWriter) {
    switch self {
    case .begins, .accepted, .done: break
    case .inventory(let inventory): inventory.write(to: &payload)
    case .fetched(let fetched): fetched.write(to: &payload)
    case .process(let report): report.write(to: &payload)
    case .traced(let process): process.write(to: &payload)
    case .trace(let trace, let count): trace.write(to: &payload, processes: count)
    case .refused(let reason):
      payload.text(Answer.reason, reason, limit: WireLimits.textBytes)
    }
  }

  /// `nil` where it is a newer agent's.
  static func read(
    _ kind: FrameKind, _ payload: Span<UInt8>
  ) throws(PayloadFault) -> Answer? {
    switch kind {
    case .begins: return .begins
    case .accepted: return .accepted
    case .done: return .done
    case .held: return .inventory(try SpoolInventory(payload: payload))
    case .fetched: return .fetched(try Fetched(payload: payload))
    case .processReport: return .process(try ProcessReport(payload: payload))
    case .tracedProcess: return .traced(try TracedProcess(payload: payload))
    case .traceReport:
      let (trace, count) = try HostTrace.read(payload)
      return .trace(trace, processes: count)
    case .refused:
      var reason = ""
      var field = FieldReader()
      while try field.next(payload) {
        guard field.number == Answer.reason else { continue }
        reason = try field.text(payload, limit: WireLimits.textBytes)
      }
      return .refused(reason)
    default: return nil
    }
  }
}

extension Fetched {
  private enum Field {
    static let stream: UInt64 = 1
    static let through: UInt64 = 2
  }

  func write(to payload: inout PayloadWriter) {
    stream.write(to: &payload.row)
    payload.finishRow(Field.stream)
    payload.number(Field.through, through)
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    var stream: StreamID?
    var through: UInt64?
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case Field.stream: stream = try StreamID(row: payload.extracting(try field.range()))
      case Field.through: through = try field.uint64()
      default: continue
      }
    }
    guard let stream, let through else { throw .malformed }
    self.init(stream: stream, through: through)
  }
}

extension SpoolInventory {
  private enum Field {
    static let usedBytes: UInt64 = 1
    static let limitBytes: UInt64 = 2
    static let spanSeconds: UInt64 = 3
    static let problem: UInt64 = 4
    static let held: UInt64 = 5
  }

  func write(to payload: inout PayloadWriter) {
    payload.number(Field.usedBytes, usedBytes)
    payload.number(Field.limitBytes, limitBytes)
    payload.number(Field.spanSeconds, spanSeconds)
    payload.text(Field.problem, problem, limit: WireLimits.nameBytes)
    // The newest, should there be more: an older one's turn comes when its place is empty.
    for held in held.suffix(WireLimits.heldStreams) {
      held.write(to: &payload.row)
      payload.finishRow(Field.held)
    }
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    self.init()
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case Field.usedBytes: usedBytes = try field.uint64()
      case Field.limitBytes: limitBytes = try field.uint64()
      case Field.spanSeconds: spanSeconds = try field.uint64()
      case Field.problem: problem = try field.text(payload, limit: WireLimits.nameBytes)
      case Field.held:
        guard held.count < WireLimits.heldStreams else { throw .malformed }
        held.append(try Held(row: payload.extracting(try field.range())))
      default: continue
      }
    }
  }
}

extension SpoolInventory.Held {
  /// Behind those of the stream.
  private enum Bit {
    static let first = 3
    static let count = 4
    static let oldest = 5
    static let span = 6
  }

  func write(to row: inout RowWriter) {
    stream.write(to: &row)
    row.number(Bit.first, first)
    row.number(Bit.count, last - first)
    row.signed(Bit.oldest, oldest.nanoseconds)
    row.signed(Bit.span, newest.nanoseconds &- oldest.nanoseconds)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    let stream = try StreamID(row: bytes)
    var row = try RowReader(bytes)
    try row.skip(Bit.first, bytes)
    guard let first = try row.number(Bit.first, bytes), let count = try row.number(Bit.count, bytes)
    else { throw .malformed }
    let (last, overflow) = first.addingReportingOverflow(count)
    guard !overflow else { throw .malformed }
    let oldest = try row.signed(Bit.oldest, bytes) ?? 0
    let span = try row.signed(Bit.span, bytes) ?? 0
    self.init(
      stream: stream, first: first, last: last, oldest: Timestamp(nanoseconds: oldest),
      newest: Timestamp(nanoseconds: oldest &+ span))
  }
}
