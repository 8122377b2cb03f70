import History
import Records
import Testing

@Suite struct SuspectTests {
  private func report(_ host: String, _ seconds: Int64, tids: [Int]) -> SuspectReport {
    SuspectReport(
      host: host, time: Timestamp(seconds: seconds),
      suspects: tids.map {
        Suspect(
          pid: 7, tid: $0, state: "D", user: "u", waitChannel: $0 == 8 ? nil : "io_schedule",
          elapsedSeconds: 5, command: "tar\u{1B}[2J")
      })
  }

  @Test func theyAreKeptAndFound() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let reports = [
      report("a", 100, tids: [7, 8]), report("b", 100, tids: [7]),
      report("a", 200, tids: [7]),
    ]
    _ = try store.record(HistoryBatch(suspects: reports))
    // Delivered again they are stored once.
    _ = try store.record(HistoryBatch(suspects: reports))
    let all = try store.suspects()
    #expect(all.map(\.host) == ["a", "b", "a"])
    #expect(all.map(\.suspects.count) == [2, 1, 1])
    #expect(all[0].suspects[0].waitChannel == "io_schedule")
    #expect(all[0].suspects[1].waitChannel == nil)
    #expect(!all[0].suspects[0].command.contains("\u{1B}"))
    let part = try store.suspects(
      hosts: ["a"], from: Timestamp(seconds: 150), to: Timestamp(seconds: 200))
    #expect(part.map(\.time) == [Timestamp(seconds: 200)])
    #expect(try store.suspects(limit: 1).count == 1)
    #expect(try store.suspects(hosts: ["nobody"]).isEmpty)
    let rows = try folder.sqlite3(
      "SELECT host, source, time, tid, wait_channel FROM suspect ORDER BY time_ns, host, tid")
    #expect(rows.first == "a|ps|1970-01-01T00:01:40Z|7|io_schedule")
    #expect(rows.count == 4)
  }

  @Test func retentionTakesThemAlong() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    _ = try store.record(
      HistoryBatch(suspects: [report("a", 100, tids: [7]), report("a", 10_000, tids: [7])]))
    _ = try store.enforceRetention(
      keepSeconds: 5_000, maxSizeBytes: nil, now: Timestamp(seconds: 10_000))
    #expect(try store.suspects().map(\.time) == [Timestamp(seconds: 10_000)])
  }

  /// A history of the first version gets the new table when a collector opens it.
  @Test func anOlderHistoryIsBroughtUpToDate() throws {
    let folder = try HistoryFolder()
    try folder.open().close()
    _ = try folder.sqlite3(
      """
      DROP VIEW suspect; DROP TABLE sighting; DELETE FROM grdb_migrations WHERE identifier = '2';
      PRAGMA user_version = 1
      """, [])
    #expect(throws: HistoryError.self) { _ = try HistoryStore.openReadOnly(path: folder.path) }
    let store = try folder.open()
    #expect(try store.suspects().isEmpty)
    #expect(try folder.sqlite3("PRAGMA user_version") == ["2"])
  }
}
