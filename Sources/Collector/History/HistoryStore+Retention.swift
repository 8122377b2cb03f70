import GRDB
import GRDBSQLite
import Records

extension HistoryStore {
  /// Deletes what is older than `keepSeconds`, then the oldest until database and log fit into
  /// `maxSizeBytes` (down to 95 % of it, so that it needn't be done again at once), rows and
  /// closed episodes alike, and gives the room back to the file system. `nil` sets no bound.
  ///
  /// Every transaction is short: batches and readers go on in between. A reader that holds one
  /// snapshot open for long can delay the shrinking of the file, not the deleting.
  ///
  /// Age is by `now`, the collector's clock, and the hosts' clocks: one that is far off is allowed
  /// for by its measured offset. Rows that lie more than a day in the future all the same were
  /// written by a clock that is right again; how old they are is unknown, so they go first when
  /// room is short, and by age never. So no host's clock can cost another host its rows.
  public func enforceRetention(
    keepSeconds: Int64?, maxSizeBytes: Int64?, now: Timestamp
  ) throws(HistoryError) -> RetentionReport {
    try progress.withLock { progress throws(HistoryError) in
      let measured = try read(RetentionTables.measuredOffsets)
      let offsets = ClockOffsets(measured, keepSeconds: keepSeconds)
      var run = RetentionRun(
        store: self, offsets: offsets, progress: progress, now: now)
      // Kept also where the run breaks off: what it deleted is gone.
      defer { progress = run.progress }
      run.report.bytesBefore = DatabaseFile.size(path)
      if let cutoff = HistoryStore.cutoff(now, keepSeconds) { try run.deleteOlder(than: cutoff) }
      if let maxSizeBytes { try run.deleteDown(to: maxSizeBytes) }
      let (forget, tooEarly) = now.nanoseconds.subtractingReportingOverflow(
        LedgerTable.forgetNanoseconds)
      if !tooEarly {
        try remembering { memory, db in
          if try RetentionTables.forgetStreams(before: forget, db) > 0 { memory.ledger.removeAll() }
        }
      }
      try run.giveBack(maxSizeBytes)
      run.report.bytesAfter = DatabaseFile.size(path)
      let report = run.report
      if report.hasDeleted { try write { db in try RetentionTables.log(report, at: now, db) } }
      return report
    }
  }

  private static func cutoff(_ now: Timestamp, _ keepSeconds: Int64?) -> Int64? {
    guard let keepSeconds else { return nil }
    let (keep, tooLong) = keepSeconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (cutoff, tooEarly) = now.nanoseconds.subtractingReportingOverflow(keep)
    return tooLong || tooEarly ? nil : cutoff
  }
}

/// One run of retention over a store.
private struct RetentionRun {
  /// Least of the file to give back when only age bounds it, pages (1 MiB).
  private static let leastFreePages: Int64 = 256
  /// Pages moved in one transaction when the file shrinks.
  private static let vacuumPages = 512

  let store: HistoryStore
  let offsets: ClockOffsets
  var progress: RetentionProgress
  var report = RetentionReport()

  /// What is stamped later was stamped by a clock that is wrong.
  private let future: Int64

  init(
    store: HistoryStore, offsets: ClockOffsets, progress: RetentionProgress, now: Timestamp
  ) {
    let (sum, overflow) = now.nanoseconds.addingReportingOverflow(ClockOffsets.strayNanoseconds)
    future = overflow ? Int64.max : sum
    self.store = store
    self.offsets = offsets
    // A host that isn't far off any more starts anew when it is again.
    self.progress = progress.filter { offsets.farOff[$0.key] != nil }
  }

  mutating func deleteOlder(than cutoff: Int64) throws(HistoryError) {
    let before = report
    while try deleteOldestPiece(in: .min..<cutoff) != nil {}
    try deleteBeside(before: cutoff)
    note("age", since: before)
  }

  /// What goes along with the ordinary hosts' rows before `moment`.
  private mutating func deleteBeside(before moment: Int64) throws(HistoryError) {
    for host in offsets.hosts {
      while try deletePiece(of: host, before: offsets.onClock(of: host, moment)) {}
    }
    let offsets = self.offsets
    let future = self.future
    while try store.write({ db in
      try RetentionTables.deleteBesides(before: moment, after: future, offsets, db)
    }) > 0 {}
    while try store.write({ db in
      try RetentionTables.deleteTraces(before: moment, after: future, offsets, db)
    }) > 0 {}
    while try store.remembering({ memory, db in
      let count = try RetentionTables.deleteProcesses(
        before: moment, after: future, offsets, db)
      // It may hold numbers of those that are gone.
      if count > 0 { memory.processes.removeAll() }
      return count
    }) > 0 {}
    while try store.write({ db in try RetentionTables.deleteGaps(before: moment, db) }) > 0 {}
    while true {
      let count = try store.write { db in
        try RetentionTables.deleteEpisodes(before: moment, offsets, db)
      }
      guard count > 0 else { return }
      report.episodesDeleted += count
    }
  }

  mutating func deleteDown(to limitBytes: Int64) throws(HistoryError) {
    guard DatabaseFile.size(store.path) > limitBytes else { return }
    // The log may be all that is too much.
    try checkpoint()
    guard DatabaseFile.size(store.path) > limitBytes else { return }
    let before = report
    let target = RetentionRun.target(limitBytes)
    while try usedBytes() > target {
      if try deleteOldestPiece(in: future..<Int64.max) != nil { continue }
      if let end = try deleteOldestPiece(in: .min..<future) {
        try deleteBeside(before: end)
        continue
      }
      // Only hosts whose clocks are far off have rows left.
      var hasDeleted = false
      for host in offsets.hosts where try deletePiece(of: host, before: .max) { hasDeleted = true }
      guard hasDeleted else { break }
    }
    note("size", since: before)
  }

  private static func target(_ limitBytes: Int64) -> Int64 { limitBytes - limitBytes / 20 }

  private mutating func note(_ reason: String, since before: RetentionReport) {
    let hasDeleted =
      report.rowsDeleted > before.rowsDeleted || report.episodesDeleted > before.episodesDeleted
    if hasDeleted { report.note(reason) }
  }

  /// Deletes the next few thousand rows of the ordinary hosts; the time of the last of them.
  private mutating func deleteOldestPiece(
    in times: Range<Int64>
  ) throws(HistoryError) -> Int64? {
    guard !times.isEmpty else { return nil }
    let kept = offsets.hosts
    let piece = try store.read { db -> ClosedRange<Int64>? in
      guard let first = try RetentionTables.first(in: times, except: kept, db),
        let end = try RetentionTables.pieceEnd(in: first..<times.upperBound, db)
      else { return nil }
      return first...end
    }
    guard let piece else { return nil }
    let deletion = try store.write { db in
      try RetentionTables.delete(piece, except: kept, db)
    }
    if let deletion { report.add(deletion.times, rows: deletion.rows) }
    return piece.upperBound
  }

  /// Deletes the next of a far-off host's rows before `moment` on its clock; whether there were
  /// any. They stand among other hosts' rows, which are looked at piece by piece.
  private mutating func deletePiece(
    of host: Int64, before moment: Int64
  ) throws(HistoryError) -> Bool {
    let start = progress[host] ?? .min
    guard start < moment else { return false }
    var scan = TickScan(times: start...(moment - 1))
    while !scan.isAtEnd {
      let found = try store.read { db in try RetentionRun.span(of: host, in: &scan, db) }
      guard let found else { continue }
      let deletion = try store.write { db in
        try RetentionTables.delete(host: host, found, db)
      }
      if let deletion { report.add(deletion.times, rows: deletion.rows) }
      progress[host] = found.upperBound
      return true
    }
    // Without a bound there may come more of them anywhere.
    if moment != .max { progress[host] = moment }
    return false
  }

  private static func span(
    of host: Int64, in scan: inout TickScan, _ db: Database
  ) throws -> ClosedRange<Int64>? {
    var span: ClosedRange<Int64>?
    try scan.next(db) { key, _ in
      if key.host == host { span = (span?.lowerBound ?? key.time)...key.time }
      return true
    }
    return span
  }

  private func usedBytes() throws(HistoryError) -> Int64 {
    try store.maintain { db in
      let pages = try RetentionTables.pages(db)
      return (pages.all - pages.free) * pages.bytes
    }
  }

  /// Cuts free pages off the file: those above the size allowed, or, as the next rows will fill
  /// what is free, only when it is a quarter of the file.
  func giveBack(_ limitBytes: Int64?) throws(HistoryError) {
    let pages = try store.maintain(RetentionTables.pages)
    var excess: Int64 = 0
    if pages.free > max(pages.all / 4, RetentionRun.leastFreePages) {
      excess = pages.free - pages.all / 8
    }
    if let limitBytes, DatabaseFile.size(store.path) > limitBytes {
      excess = max(excess, pages.all - RetentionRun.target(limitBytes) / pages.bytes)
    }
    guard excess > 0 else { return }
    for _ in 0..<(min(excess, pages.free) / Int64(RetentionRun.vacuumPages) + 1) {
      try store.maintain { db in
        try db.execute(sql: "PRAGMA incremental_vacuum(\(RetentionRun.vacuumPages))")
      }
    }
    try checkpoint()
  }

  /// Moves the log into the database and cuts both files to their length. A reader may stand in
  /// the way: then as much as it allows, and the rest the next time.
  private func checkpoint() throws(HistoryError) {
    try store.maintain { db in
      // Waiting for readers holds the write lock, so don't wait for long.
      sqlite3_busy_timeout(db.sqliteConnection, 100)
      defer { sqlite3_busy_timeout(db.sqliteConnection, CInt(store.busySeconds * 1000)) }
      do {
        _ = try db.checkpoint(.truncate)
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
        return
      }
    }
  }
}
