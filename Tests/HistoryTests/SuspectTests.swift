import GRDB
import Records
import Testing

@testable import History

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

  @Test func whatAnAgentSaysIsKept() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let report = SuspectReport(
      host: "a", time: Timestamp(seconds: 100), source: .agent,
      suspects: [
        Suspect(
          pid: 7, tid: 7, state: "S", user: "u", reason: "file lock\u{7}", waitSeconds: 12.5,
          command: "cp")
      ])
    _ = try store.record(HistoryBatch(suspects: [report]))
    let found = try #require(try store.suspects().first)
    #expect(found.source == .agent)
    #expect(found.suspects.first?.reason == "file lock␇")
    #expect(found.suspects.first?.waitSeconds == 12.5)
    #expect(
      try folder.sqlite3("SELECT host, source, wait_reason, wait_s FROM suspect") == [
        "a|agent|file lock␇|12.5"
      ])
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

  /// A history of an earlier version keeps what it has and gets what is new when a collector
  /// opens it.
  @Test(arguments: ["1", "2"]) func anOlderHistoryIsBroughtUpToDate(version: String) throws {
    let folder = try HistoryFolder()
    do {
      let queue = try DatabaseQueue(path: folder.path)
      try Schema.migrator.migrate(queue, upTo: version)
      try queue.write { db in
        try db.execute(
          sql: """
            INSERT INTO server (id, name, state) VALUES (1, 'old', 'stopped');
            INSERT INTO tick (time_ns, host, source, r) VALUES (1000000000, 1, 1, 5);
            """)
        guard version == "2" else { return }
        try db.execute(
          sql: """
            INSERT INTO sighting (time_ns, host, tid, pid, source, state, user, command)
            VALUES (1000000000, 1, 7, 7, 1, 'D', 'u', 'cp');
            """)
      }
      try queue.close()
    }
    #expect(throws: HistoryError.self) { _ = try HistoryStore.openReadOnly(path: folder.path) }
    let store = try folder.open()
    #expect(try store.suspects().map(\.source) == (version == "2" ? [.ps] : []))
    #expect(try store.samples().map(\.source) == [.vmstat])
    #expect(try store.hosts().map(\.status.through) == [nil])
    try store.record([.tick("old", Timestamp(seconds: 2), source: .agent)])
    #expect(try folder.sqlite3("PRAGMA user_version") == ["\(Schema.version)"])
    #expect(try folder.sqlite3("SELECT host, source FROM vmstat") == ["old|vmstat", "old|agent"])
    #expect(try folder.sqlite3("SELECT count(*) FROM suspect WHERE wait_reason IS NULL").count == 1)
  }
}
