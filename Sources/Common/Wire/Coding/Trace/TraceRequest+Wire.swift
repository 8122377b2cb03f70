import Records

extension TraceRequest {
  private enum Field {
    static let selection: UInt64 = 1
    static let text: UInt64 = 2
    /// A row: a list.
    static let pids: UInt64 = 3
    static let engine: UInt64 = 4
    static let milliseconds: UInt64 = 5
    static let processLimit: UInt64 = 6
    static let isDryRun: UInt64 = 7
  }

  private enum Code {
    static let commandLine: UInt8 = 1
    static let pids: UInt8 = 2
    static let suspects: UInt8 = 3
    static let unit: UInt8 = 4
  }

  func write(to payload: inout PayloadWriter) {
    switch selection {
    case .commandLine(let expression):
      payload.number(Field.selection, UInt64(Code.commandLine))
      payload.text(Field.text, expression, limit: TraceRequest.textLimit)
    case .pids(let pids):
      payload.number(Field.selection, UInt64(Code.pids))
      payload.row.pids(0, pids, limit: TraceRequest.pidLimit)
      payload.finishRow(Field.pids)
    case .suspects: payload.number(Field.selection, UInt64(Code.suspects))
    case .unit(let name):
      payload.number(Field.selection, UInt64(Code.unit))
      payload.text(Field.text, name, limit: TraceRequest.textLimit)
    }
    payload.number(Field.engine, engine.map { UInt64($0.wireCode) })
    payload.number(Field.milliseconds, UInt64(milliseconds))
    payload.number(Field.processLimit, UInt64(processLimit))
    if isDryRun { payload.number(Field.isDryRun, 1) }
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    self.init(.suspects)
    var code: UInt8?
    var text = ""
    var pids: [Int32] = []
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case Field.selection: code = try field.byte()
      case Field.text: text = try field.text(payload, limit: TraceRequest.textLimit)
      case Field.pids:
        let bytes = payload.extracting(try field.range())
        var row = try RowReader(bytes)
        pids = try row.pids(0, bytes, limit: TraceRequest.pidLimit)
      case Field.engine: engine = try TraceEngine(wireCode: try field.byte())
      case Field.milliseconds: milliseconds = try field.uint32()
      case Field.processLimit: processLimit = try field.uint32()
      case Field.isDryRun: isDryRun = try field.uint64() != 0
      default: continue
      }
    }
    selection = try TraceRequest.selection(code, text, pids)
    guard milliseconds > 0, processLimit > 0 else { throw .malformed }
    // A newer collector may ask for more than this version does: it is told so.
    guard milliseconds <= TraceRequest.mostMilliseconds,
      processLimit <= TraceRequest.mostProcesses
    else { throw .unknownMeaning }
  }

  private static func selection(
    _ code: UInt8?, _ text: String, _ pids: [Int32]
  ) throws(PayloadFault) -> Selection {
    switch code {
    case Code.commandLine where !text.isEmpty: return .commandLine(text)
    case Code.unit where !text.isEmpty: return .unit(text)
    case Code.pids where !pids.isEmpty && pids.allSatisfy { $0 > 0 }: return .pids(pids)
    case Code.suspects: return .suspects
    case nil, Code.commandLine, Code.unit, Code.pids: throw .malformed
    default: throw .unknownMeaning
    }
  }
}
