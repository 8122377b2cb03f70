import Records

/// What many waiting tasks of a tick have in common: where they wait and why. Told once a frame,
/// as a row of its own, so that a thousand tasks behind one lock cost one stack.
struct WaitShape {
  private enum Bit {
    static let reason = 0
    static let kind = 1
    static let stack = 2
    static let waitChannel = 3
    static let systemCall = 4
    static let state = 5
    static let absences = 6
  }

  private enum Slot {
    static let waitChannel: UInt64 = 0
    static let systemCall: UInt64 = 1
    static let stack: UInt64 = 2
  }

  var reason: WaitReason
  var state: TaskState
  var waitChannel: Reading<String>
  var systemCall: Reading<String>
  var stack: Reading<[String]>

  /// Whether two tasks wait alike.
  static func joins(_ task: WaitingTask, _ other: WaitingTask) -> Bool {
    task.state == other.state && task.reason == other.reason
      && task.waitChannel == other.waitChannel && task.systemCall == other.systemCall
      && task.stack == other.stack
  }

  /// Puts the shape of `task`, and the symbols that are new with it, into the payload; `false`
  /// where they found no room.
  static func write(
    of task: WaitingTask, to payload: inout PayloadWriter, shape field: UInt64,
    symbol symbolField: UInt64
  ) -> Bool {
    var absences = Absences()
    let waitChannel = absences.note(task.waitChannel, slot: Slot.waitChannel)
    let systemCall = absences.note(task.systemCall, slot: Slot.systemCall)
    let stack = absences.note(task.stack, slot: Slot.stack)?.prefix(WaitingTask.stackLimit)
    guard let reason = payload.symbol(task.reason.name, symbolField) else { return false }
    for name in stack ?? [] where payload.symbol(name, symbolField) == nil { return false }
    if let waitChannel, payload.symbol(waitChannel, symbolField) == nil { return false }
    if let systemCall, payload.symbol(systemCall, symbolField) == nil { return false }
    payload.row.number(Bit.reason, reason)
    payload.row.number(Bit.kind, UInt64(task.reason.kind.wireCode), unless: 0)
    if let stack {
      payload.writeKnownSymbols(Bit.stack, stack, limit: WaitingTask.stackLimit)
    }
    payload.row.number(Bit.waitChannel, waitChannel.flatMap { payload.knownSymbol($0) })
    payload.row.number(Bit.systemCall, systemCall.flatMap { payload.knownSymbol($0) })
    if task.state != .uninterruptible {
      payload.row.number(Bit.state, UInt64(task.state.rawValue))
    }
    payload.row.number(Bit.absences, absences.word, unless: 0)
    return payload.finishRow(field)
  }

  init(row bytes: Span<UInt8>, symbols: [String]) throws(PayloadFault) {
    var row = try RowReader(bytes)
    guard let name = try row.number(Bit.reason, bytes) else { throw .malformed }
    let kind = WaitClass(wireCode: try row.byte(Bit.kind, bytes) ?? 0)
    reason = WaitReason(name: try symbols.symbol(name), kind: kind)
    let frames = try row.list(Bit.stack, bytes, limit: WaitingTask.stackLimit) {
      number throws(PayloadFault) in try symbols.symbol(number)
    }
    let channel = try row.number(Bit.waitChannel, bytes)
    let call = try row.number(Bit.systemCall, bytes)
    state = try row.byte(Bit.state, bytes).map { TaskState(letter: $0) } ?? .uninterruptible
    let absences = Absences(try row.number(Bit.absences, bytes, else: 0))
    waitChannel = absences.reading(try symbols.optional(channel), slot: Slot.waitChannel)
    systemCall = absences.reading(try symbols.optional(call), slot: Slot.systemCall)
    stack = absences.reading(frames, slot: Slot.stack)
  }
}

extension WaitingTask {
  private enum Bit {
    static let pid = 0
    static let startTicks = 1
    static let name = 2
    static let shape = 3
    static let waitSeconds = 4
    /// Left out where it is the pid.
    static let tid = 5
    static let holders = 6
  }

  func write(to row: inout RowWriter, shape: UInt64) {
    row.number(Bit.pid, process.pid, unless: 0)
    row.number(Bit.startTicks, process.startTicks, unless: 0)
    row.name(Bit.name, name)
    row.number(Bit.shape, shape)
    row.decimal(Bit.waitSeconds, waitSeconds)
    row.number(Bit.tid, tid, unless: process.pid)
    row.pids(Bit.holders, holders, limit: WireLimits.holders)
  }

  init(row bytes: Span<UInt8>, shapes: [WaitShape]) throws(PayloadFault) {
    var row = try RowReader(bytes)
    let pid = try row.int32(Bit.pid, bytes, else: 0)
    let startTicks = try row.number(Bit.startTicks, bytes, else: 0)
    let name = try row.name(Bit.name, bytes)
    guard let number = try row.number(Bit.shape, bytes), number < UInt64(shapes.count) else {
      throw .malformed
    }
    let shape = shapes[Int(number)]
    self.init(
      process: ProcessID(pid: pid, startTicks: startTicks), tid: pid, name: name,
      state: shape.state, reason: shape.reason, waitChannel: shape.waitChannel,
      systemCall: shape.systemCall, stack: shape.stack)
    waitSeconds = try row.decimal(Bit.waitSeconds, bytes) ?? 0
    tid = try row.int32(Bit.tid, bytes, else: pid)
    holders = try row.pids(Bit.holders, bytes, limit: WireLimits.holders)
  }
}

extension Array<String> {
  /// The text that a row calls `number`.
  func symbol(_ number: UInt64) throws(PayloadFault) -> String {
    guard number < UInt64(count) else { throw .malformed }
    return self[Int(number)]
  }

  func optional(_ number: UInt64?) throws(PayloadFault) -> String? {
    guard let number else { return nil }
    return try symbol(number)
  }
}
