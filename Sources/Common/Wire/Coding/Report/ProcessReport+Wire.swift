import Records

enum ReportField {
  static let time: UInt64 = 1
  static let facts: UInt64 = 2
  static let identity: UInt64 = 3
  static let parent: UInt64 = 4
  static let login: UInt64 = 5
  static let ssh: UInt64 = 6
  static let watched: UInt64 = 7
  static let symbol: UInt64 = 8
  static let shape: UInt64 = 9
  static let waiting: UInt64 = 10
  static let lock: UInt64 = 11
  static let mount: UInt64 = 12
  static let file: UInt64 = 13
  static let socket: UInt64 = 14
  static let past: UInt64 = 15
  static let related: UInt64 = 16
  static let omittedWaiting: UInt64 = 17
  static let omittedLocks: UInt64 = 18
  static let omittedFiles: UInt64 = 19
  static let omittedSockets: UInt64 = 20

  static let waits = WaitFields(waiting: waiting, shape: shape, symbol: symbol)
}

extension ProcessReport {
  /// What matters most comes first: where a frame is full, it is full of that.
  func write(to payload: inout PayloadWriter) {
    payload.fixed64(ReportField.time, time.nanoseconds)
    ReportFacts.write(self, to: &payload.row)
    payload.finishRow(ReportField.facts)
    identity.write(to: &payload.row, start: start)
    payload.finishRow(ReportField.identity)
    login.write(to: &payload.row)
    payload.finishRow(ReportField.login)
    if let ssh = login.ssh {
      ssh.write(to: &payload.row)
      payload.finishRow(ReportField.ssh)
    }
    watched.write(to: &payload.row)
    payload.finishRow(ReportField.watched)
    _ = payload.write(parents, ReportField.parent, limit: WireLimits.parents) { parent, row in
      parent.identity.write(to: &row, start: parent.start)
    }
    writeWaits(to: &payload)
    writeDescriptors(to: &payload)
    _ = payload.write(past, ReportField.past, limit: WireLimits.past) { point, row in
      point.write(to: &row)
    }
  }

  private func writeWaits(to payload: inout PayloadWriter) {
    var shapes: [Int] = []
    let waiting = waiting.value ?? []
    let writtenWaits = payload.write(waiting, ReportField.waits, shapes: &shapes)
    payload.number(
      ReportField.omittedWaiting, omittedWaiting &+ (waiting.count - writtenWaits), unless: 0)
    let locks = locks.value ?? []
    let writtenLocks = payload.write(locks, ReportField.lock, limit: WireLimits.locks) {
      $0.write(to: &$1)
    }
    payload.number(
      ReportField.omittedLocks, omittedLocks &+ (locks.count - writtenLocks), unless: 0)
    _ = payload.write(related, ReportField.related, limit: WireLimits.related) { other, row in
      other.write(to: &row, start: nil)
    }
  }

  private func writeDescriptors(to payload: inout PayloadWriter) {
    let sockets = self.sockets.told.value ?? []
    let writtenSockets = payload.write(
      sockets, ReportField.socket, limit: WireLimits.sockets
    ) { $0.write(to: &$1) }
    payload.number(
      ReportField.omittedSockets, self.sockets.omitted &+ (sockets.count - writtenSockets),
      unless: 0)
    _ = payload.write(files.mounts, ReportField.mount, limit: WireLimits.mounts) {
      $0.write(to: &$1)
    }
    let files = self.files.told.value ?? []
    let writtenFiles = payload.write(files, ReportField.file, limit: WireLimits.files) {
      $0.write(to: &$1)
    }
    payload.number(
      ReportField.omittedFiles, self.files.omitted &+ (files.count - writtenFiles), unless: 0)
  }
}
