import Bytes
import Records

extension ProcessReport {
  init(payload: Span<UInt8>) throws(PayloadFault) {
    let nobody = ProcessIdentity(id: ProcessID(pid: 0, startTicks: 0), name: TaskName())
    self.init(time: Timestamp(nanoseconds: 0), identity: nobody)
    var parts = ReportParts()
    var field = FieldReader()
    while try field.next(payload) {
      if try take(figure: field, of: payload, &parts) { continue }
      try parts.take(row: field, of: payload)
    }
    guard parts.hasTime, parts.hasIdentity, let facts = parts.facts else { throw .malformed }
    files = OpenFiles(
      told: facts.files.map { parts.files }, omitted: files.omitted, mounts: parts.mounts)
    sockets.told = facts.sockets.map { parts.sockets }
    locks = facts.locks.map { parts.locks }
    waiting = facts.waiting.map { parts.waiting }
    login.ssh = parts.ssh
    (parents, past, related) = (parts.parents, parts.past, parts.related)
  }

  /// `false` where the field is one of the lists'.
  private mutating func take(
    figure field: FieldReader, of payload: Span<UInt8>, _ parts: inout ReportParts
  ) throws(PayloadFault) -> Bool {
    switch field.number {
    case ReportField.time:
      time = Timestamp(nanoseconds: Int64(bitPattern: try field.fixed64()))
      parts.hasTime = true
    case ReportField.facts:
      parts.facts = try ReportFacts(row: payload.extracting(try field.range()), into: &self)
    case ReportField.identity:
      let bytes = payload.extracting(try field.range())
      (identity, start) = try ProcessIdentity.read(row: bytes)
      parts.hasIdentity = true
    case ReportField.login:
      login = try LoginSession(row: payload.extracting(try field.range()))
    case ReportField.watched: watched = try Point(row: payload.extracting(try field.range()))
    case ReportField.omittedWaiting: omittedWaiting = try field.count()
    case ReportField.omittedLocks: omittedLocks = try field.count()
    case ReportField.omittedFiles: files.omitted = try field.count()
    case ReportField.omittedSockets: sockets.omitted = try field.count()
    default: return false
    }
    return true
  }
}

/// The lists of a report, as far as it was read, and what must be there.
private struct ReportParts {
  var hasTime = false
  var hasIdentity = false
  var facts: ReportFacts?
  var ssh: SSHLogin?
  var parents: [ParentProcess] = []
  var symbols: [String] = []
  var shapes: [WaitShape] = []
  var waiting: [WaitingTask] = []
  var locks: [FileLock] = []
  var mounts: [FileMount] = []
  var files: [OpenFile] = []
  var sockets: [OpenSocket] = []
  var past: [ProcessReport.Point] = []
  var related: [ProcessIdentity] = []

  mutating func take(row field: FieldReader, of payload: Span<UInt8>) throws(PayloadFault) {
    switch field.number {
    case ReportField.ssh: ssh = try SSHLogin(row: payload.extracting(try field.range()))
    case ReportField.parent:
      try check(parents.count, below: WireLimits.parents)
      let (identity, start) = try ProcessIdentity.read(
        row: payload.extracting(try field.range()))
      parents.append(ParentProcess(identity: identity, start: start))
    case ReportField.symbol:
      try check(symbols.count, below: WireLimits.symbols)
      symbols.append(try field.text(payload, limit: WireLimits.nameBytes))
    case ReportField.shape:
      try check(shapes.count, below: WireLimits.shapes)
      shapes.append(
        try WaitShape(row: payload.extracting(try field.range()), symbols: symbols))
    case ReportField.waiting:
      try check(waiting.count, below: WireLimits.waiting)
      waiting.append(
        try WaitingTask(row: payload.extracting(try field.range()), shapes: shapes))
    case ReportField.lock:
      try check(locks.count, below: WireLimits.locks)
      locks.append(try FileLock(row: payload.extracting(try field.range())))
    default: try take(descriptor: field, of: payload)
    }
  }

  private mutating func take(
    descriptor field: FieldReader, of payload: Span<UInt8>
  ) throws(PayloadFault) {
    switch field.number {
    case ReportField.mount:
      try check(mounts.count, below: WireLimits.mounts)
      mounts.append(try FileMount(row: payload.extracting(try field.range())))
    case ReportField.file:
      try check(files.count, below: WireLimits.files)
      files.append(try OpenFile(row: payload.extracting(try field.range())))
    case ReportField.socket:
      try check(sockets.count, below: WireLimits.sockets)
      sockets.append(try OpenSocket(row: payload.extracting(try field.range())))
    case ReportField.past:
      try check(past.count, below: WireLimits.past)
      past.append(try ProcessReport.Point(row: payload.extracting(try field.range())))
    case ReportField.related:
      try check(related.count, below: WireLimits.related)
      related.append(
        try ProcessIdentity.read(row: payload.extracting(try field.range())).identity)
    default: return
    }
  }

  private func check(_ count: Int, below limit: Int) throws(PayloadFault) {
    guard count < limit else { throw .malformed }
  }
}
