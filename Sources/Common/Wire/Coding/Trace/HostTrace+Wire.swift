import Records

enum TraceField {
  static let time: UInt64 = 1
  static let engine: UInt64 = 2
  static let figures: UInt64 = 3
  /// What skipped processes wait for: before these, which name them by their place.
  static let symbol: UInt64 = 4
  static let shape: UInt64 = 5
  static let waiting: UInt64 = 6
  static let skipped: UInt64 = 7
  static let notice: UInt64 = 8
  static let omittedSkipped: UInt64 = 9

  static let waits = WaitFields(waiting: waiting, shape: shape, symbol: symbol)
}

extension HostTrace {
  private enum Bit {
    static let isDryRun = 0
    static let nanoseconds = 1
    static let matched = 2
    static let verified = 3
    static let processes = 4
  }

  /// All but its processes, of which `count` have frames of their own.
  func write(to payload: inout PayloadWriter, processes count: Int) {
    payload.fixed64(TraceField.time, time.nanoseconds)
    payload.number(TraceField.engine, UInt64(engine.wireCode))
    payload.row.flag(Bit.isDryRun, isDryRun)
    payload.row.number(Bit.nanoseconds, nanoseconds, unless: 0)
    payload.row.number(Bit.matched, matched, unless: 0)
    payload.row.number(Bit.verified, verified, unless: 0)
    payload.row.number(Bit.processes, count, unless: 0)
    payload.finishRowUnlessEmpty(TraceField.figures)
    for notice in notices.prefix(HostTrace.noticeLimit) {
      payload.text(TraceField.notice, notice, limit: WireLimits.textBytes)
    }
    var shapes: [Int] = []
    let written = payload.write(skipped.compactMap(\.wait), TraceField.waits, shapes: &shapes)
    var place = 0
    let told = payload.write(skipped, TraceField.skipped, limit: WireLimits.skipped) {
      $0.write(to: &$1, wait: $0.wait != nil && place < written ? place : nil)
      if $0.wait != nil { place += 1 }
    }
    payload.number(
      TraceField.omittedSkipped, omittedSkipped &+ (skipped.count - told), unless: 0)
  }

  static func read(
    _ payload: Span<UInt8>
  ) throws(PayloadFault) -> (trace: HostTrace, processes: Int) {
    var trace = HostTrace(time: Timestamp(nanoseconds: 0), engine: .bpf)
    var (hasTime, hasEngine) = (false, false)
    var count = 0
    var waits = SkippedWaits()
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case TraceField.time:
        trace.time = Timestamp(nanoseconds: Int64(bitPattern: try field.fixed64()))
        hasTime = true
      case TraceField.engine:
        trace.engine = try TraceEngine(wireCode: try field.byte())
        hasEngine = true
      case TraceField.figures:
        count = try trace.take(figures: payload.extracting(try field.range()))
      case TraceField.notice:
        guard trace.notices.count < WireLimits.notices else { throw .malformed }
        trace.notices.append(try field.text(payload, limit: WireLimits.textBytes))
      case TraceField.skipped:
        guard trace.skipped.count < WireLimits.skipped else { throw .malformed }
        trace.skipped.append(
          try SkippedProcess(row: payload.extracting(try field.range()), waits.tasks))
      case TraceField.omittedSkipped: trace.omittedSkipped = try field.count()
      default: try waits.take(field, of: payload)
      }
    }
    guard hasTime, hasEngine else { throw .malformed }
    return (trace, count)
  }

  /// How many processes came before.
  private mutating func take(figures bytes: Span<UInt8>) throws(PayloadFault) -> Int {
    var row = try RowReader(bytes)
    isDryRun = row.has(Bit.isDryRun)
    nanoseconds = try row.number(Bit.nanoseconds, bytes, else: 0)
    matched = try row.count(Bit.matched, bytes, else: 0)
    verified = try row.count(Bit.verified, bytes, else: 0)
    return try row.count(Bit.processes, bytes, else: 0)
  }
}

/// What skipped processes wait for, as far as it was read.
private struct SkippedWaits {
  private var symbols: [String] = []
  private var shapes: [WaitShape] = []
  private(set) var tasks: [WaitingTask] = []

  mutating func take(_ field: FieldReader, of payload: Span<UInt8>) throws(PayloadFault) {
    switch field.number {
    case TraceField.symbol:
      guard symbols.count < WireLimits.symbols else { throw .malformed }
      symbols.append(try field.text(payload, limit: WireLimits.nameBytes))
    case TraceField.shape:
      guard shapes.count < WireLimits.shapes else { throw .malformed }
      shapes.append(
        try WaitShape(row: payload.extracting(try field.range()), symbols: symbols))
    case TraceField.waiting:
      guard tasks.count < WireLimits.skipped else { throw .malformed }
      tasks.append(
        try WaitingTask(row: payload.extracting(try field.range()), shapes: shapes))
    default: return
    }
  }
}

extension SkippedProcess {
  private enum Bit {
    static let pid = 0
    static let startTicks = 1
    static let name = 2
    static let reason = 3
    static let wait = 4
    static let detail = 5
  }

  /// `wait`: the place of what it waits for.
  func write(to row: inout RowWriter, wait: Int?) {
    row.number(Bit.pid, id.pid, unless: 0)
    row.number(Bit.startTicks, id.startTicks, unless: 0)
    row.name(Bit.name, name)
    row.number(Bit.reason, UInt64(reason.wireCode), unless: 0)
    row.number(Bit.wait, wait.map { UInt64($0) })
    row.text(Bit.detail, detail.isEmpty ? nil : detail, limit: WireLimits.textBytes)
  }

  init(row bytes: Span<UInt8>, _ waits: [WaitingTask]) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let pid = try row.int32(Bit.pid, bytes, else: 0)
    let startTicks = try row.number(Bit.startTicks, bytes, else: 0)
    let name = try row.name(Bit.name, bytes)
    let reason = Reason(wireCode: try row.byte(Bit.reason, bytes) ?? 0)
    var wait: WaitingTask?
    if let place = try row.number(Bit.wait, bytes) {
      guard place < UInt64(waits.count) else { throw .malformed }
      wait = waits[Int(place)]
    }
    self.init(
      id: ProcessID(pid: pid, startTicks: startTicks), name: name, reason: reason,
      detail: try row.text(Bit.detail, bytes, limit: WireLimits.textBytes) ?? "", wait: wait)
  }
}
