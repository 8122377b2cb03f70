import Records

enum TracedField {
  static let identity: UInt64 = 1
  static let figures: UInt64 = 2
  static let call: UInt64 = 3
  static let file: UInt64 = 4
  static let error: UInt64 = 5
  static let omittedCalls: UInt64 = 6
  static let omittedFiles: UInt64 = 7
}

extension TracedProcess {
  private enum Bit {
    static let threads = 0
    static let nanoseconds = 1
    static let ending = 2
    static let lostCalls = 3
    static let usesIOUring = 4
  }

  /// All that a process may tell takes a quarter of a frame, so that what is left out is what a
  /// hostile record holds.
  func write(to payload: inout PayloadWriter) {
    identity.write(to: &payload.row, start: nil)
    payload.finishRow(TracedField.identity)
    payload.row.number(Bit.threads, threads, unless: 1)
    payload.row.number(Bit.nanoseconds, nanoseconds, unless: 0)
    if ending != .detached { payload.row.number(Bit.ending, UInt64(ending.wireCode)) }
    payload.row.number(Bit.lostCalls, lostCalls, unless: 0)
    payload.row.flag(Bit.usesIOUring, usesIOUring)
    payload.finishRowUnlessEmpty(TracedField.figures)
    let calls = payload.write(calls, TracedField.call, limit: WireLimits.tracedCalls) {
      $0.write(to: &$1)
    }
    let files = payload.write(files, TracedField.file, limit: WireLimits.tracedFiles) {
      $0.write(to: &$1)
    }
    _ = payload.write(errors, TracedField.error, limit: WireLimits.tracedErrors) {
      $0.write(to: &$1)
    }
    let unwritten = self.calls.dropFirst(calls).reduce(omittedCalls) { $0 &+ $1.count }
    if unwritten != 0 { payload.number(TracedField.omittedCalls, unwritten) }
    payload.number(
      TracedField.omittedFiles, omittedFiles &+ (self.files.count - files), unless: 0)
  }

  init(payload: Span<UInt8>) throws(PayloadFault) {
    let nobody = ProcessIdentity(id: ProcessID(pid: 0, startTicks: 0), name: TaskName())
    self.init(identity: nobody)
    var hasIdentity = false
    var field = FieldReader()
    while try field.next(payload) {
      switch field.number {
      case TracedField.identity:
        identity = try ProcessIdentity.read(row: payload.extracting(try field.range())).identity
        hasIdentity = true
      case TracedField.figures: try take(figures: payload.extracting(try field.range()))
      case TracedField.call:
        guard calls.count < WireLimits.tracedCalls else { throw .malformed }
        calls.append(try TracedCall(row: payload.extracting(try field.range())))
      case TracedField.file:
        guard files.count < WireLimits.tracedFiles else { throw .malformed }
        files.append(try TracedFile(row: payload.extracting(try field.range())))
      case TracedField.error:
        guard errors.count < WireLimits.tracedErrors else { throw .malformed }
        errors.append(try TracedError(row: payload.extracting(try field.range())))
      case TracedField.omittedCalls: omittedCalls = try field.uint64()
      case TracedField.omittedFiles: omittedFiles = try field.count()
      default: continue
      }
    }
    guard hasIdentity else { throw .malformed }
  }

  private mutating func take(figures bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    threads = try row.count(Bit.threads, bytes, else: 1)
    nanoseconds = try row.number(Bit.nanoseconds, bytes, else: 0)
    ending = Ending(wireCode: try row.byte(Bit.ending, bytes) ?? 0)
    lostCalls = try row.number(Bit.lostCalls, bytes, else: 0)
    usesIOUring = row.has(Bit.usesIOUring)
  }
}

extension TracedCall {
  private enum Bit {
    static let name = 0
    static let kind = 1
    static let count = 2
    static let nanoseconds = 3
    static let slowest = 4
    static let bytes = 5
    static let errors = 6
    static let latencies = 7
    static let slowestPath = 8
  }

  func write(to row: inout RowWriter) {
    row.text(Bit.name, name, limit: WireLimits.nameBytes)
    row.number(Bit.kind, UInt64(kind.wireCode), unless: 0)
    row.number(Bit.count, count, unless: 0)
    row.number(Bit.nanoseconds, nanoseconds, unless: 0)
    row.number(Bit.slowest, slowestNanoseconds, unless: 0)
    row.number(Bit.bytes, bytes, unless: 0)
    row.number(Bit.errors, errors, unless: 0)
    row.list(Bit.latencies, latencies, limit: TracedCall.latencyBuckets) { $0 }
    row.text(Bit.slowestPath, slowestPath, limit: TracedFile.pathLimit)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    guard let name = try row.text(Bit.name, bytes, limit: WireLimits.nameBytes) else {
      throw .malformed
    }
    self.init(name: name, kind: CallClass(wireCode: try row.byte(Bit.kind, bytes) ?? 0))
    count = try row.number(Bit.count, bytes, else: 0)
    nanoseconds = try row.number(Bit.nanoseconds, bytes, else: 0)
    slowestNanoseconds = try row.number(Bit.slowest, bytes, else: 0)
    self.bytes = try row.number(Bit.bytes, bytes, else: 0)
    errors = try row.number(Bit.errors, bytes, else: 0)
    latencies =
      try row.list(Bit.latencies, bytes, limit: TracedCall.latencyBuckets) {
        number throws(PayloadFault) in number
      } ?? []
    slowestPath = try row.text(Bit.slowestPath, bytes, limit: TracedFile.pathLimit)
  }
}

extension TracedFile {
  private enum Bit {
    static let path = 0
    static let calls = 1
    static let nanoseconds = 2
    static let readBytes = 3
    static let writeBytes = 4
    static let syncCalls = 5
  }

  func write(to row: inout RowWriter) {
    row.text(Bit.path, path, limit: TracedFile.pathLimit)
    row.number(Bit.calls, calls, unless: 0)
    row.number(Bit.nanoseconds, nanoseconds, unless: 0)
    row.number(Bit.readBytes, readBytes, unless: 0)
    row.number(Bit.writeBytes, writeBytes, unless: 0)
    row.number(Bit.syncCalls, syncCalls, unless: 0)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    guard let path = try row.text(Bit.path, bytes, limit: TracedFile.pathLimit) else {
      throw .malformed
    }
    self.init(path: path)
    calls = try row.number(Bit.calls, bytes, else: 0)
    nanoseconds = try row.number(Bit.nanoseconds, bytes, else: 0)
    readBytes = try row.number(Bit.readBytes, bytes, else: 0)
    writeBytes = try row.number(Bit.writeBytes, bytes, else: 0)
    syncCalls = try row.number(Bit.syncCalls, bytes, else: 0)
  }
}

extension TracedError {
  private enum Bit {
    static let call = 0
    static let error = 1
    static let count = 2
  }

  func write(to row: inout RowWriter) {
    row.text(Bit.call, call, limit: WireLimits.nameBytes)
    row.text(Bit.error, error, limit: WireLimits.nameBytes)
    row.number(Bit.count, count, unless: 0)
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    var row = try RowReader(bytes)
    guard let call = try row.text(Bit.call, bytes, limit: WireLimits.nameBytes),
      let error = try row.text(Bit.error, bytes, limit: WireLimits.nameBytes)
    else { throw .malformed }
    self.init(call: call, error: error, count: try row.number(Bit.count, bytes, else: 0))
  }
}
