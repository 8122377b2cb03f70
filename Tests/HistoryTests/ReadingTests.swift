import History
import Records
import Testing

@Suite("Reading")
struct ReadingTests {
  /// More rows than one read transaction takes, of hosts whose rows share moments.
  private func filled(_ folder: HistoryFolder, seconds: Int = 3_000) throws -> HistoryStore {
    let store = try folder.open()
    try store.record(
      (0..<seconds).flatMap { second in
        ["a", "b", "c"].map { HostSample.tick($0, night + second, r: Int64(second)) }
      })
    return store
  }

  @Test func rowsComeInOrderOfTimeBothWays() throws {
    let folder = try HistoryFolder()
    let store = try filled(folder)
    let forward = try store.samples()
    #expect(forward.count == 9_000)
    #expect(zip(forward, forward.dropFirst()).allSatisfy { $0.time <= $1.time })
    let back = try store.samples(newestFirst: true)
    #expect(back.count == 9_000)
    #expect(zip(back, back.dropFirst()).allSatisfy { $0.time >= $1.time })
    #expect(back.reversed() == forward)
  }

  @Test func spanHostsAndLimitSelect() throws {
    let folder = try HistoryFolder()
    let store = try filled(folder)
    let some = try store.samples(hosts: ["b", "nobody"], from: night + 10, to: night + 20)
    #expect(some.map { $0.row[.r] } == (10...20).map { Int64($0) })
    #expect(some.allSatisfy { $0.host == "b" })
    let newest = try store.samples(hosts: ["c"], limit: 3, newestFirst: true)
    #expect(newest.map { $0.row[.r] } == [2_999, 2_998, 2_997])
    #expect(try store.samples(limit: 5_000).count == 5_000)
    #expect(try store.samples(limit: 0).isEmpty)
    #expect(try store.samples(hosts: []).isEmpty)
    #expect(try store.samples(from: night + 2, to: night + 1).isEmpty)
  }

  @Test func bodyStopsTheReading() throws {
    let folder = try HistoryFolder()
    let store = try filled(folder, seconds: 100)
    var seen = 0
    try store.forEachSample { _ in
      seen += 1
      return seen < 7
    }
    #expect(seen == 7)
    struct Stop: Error {}
    #expect(throws: Stop.self) { try store.forEachSample { _ in throw Stop() } }
  }

  /// No transaction is open while the caller works: it may write, and the log can be moved.
  @Test func callerMayWriteMeanwhile() throws {
    let folder = try HistoryFolder()
    let store = try filled(folder)
    var read = 0
    try store.forEachSample(hosts: ["a"]) { sample in
      read += 1
      if read % 500 == 0 {
        try store.record([.tick("d", sample.time + 100_000, r: Int64(read))])
        #expect(try folder.sqlite3("PRAGMA wal_checkpoint(TRUNCATE)", []) == ["0|0|0"])
      }
      return true
    }
    #expect(read == 3_000)
    #expect(try store.rows(of: "d") == 6)
  }

  @Test func readOnlyStoreReadsWhatIsWritten() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let reader = try HistoryStore.openReadOnly(path: folder.path)
    #expect(try reader.samples().isEmpty)
    try store.record([.tick("a", night)])
    #expect(try reader.samples() == [.tick("a", night)])
    #expect(try reader.hosts().map(\.status.host) == ["a"])
    #expect(throws: HistoryError.readOnly(path: folder.path)) {
      try reader.record([.tick("a", night)])
    }
    #expect(throws: HistoryError.readOnly(path: folder.path)) {
      try reader.enforceRetention(keepSeconds: 1, maxSizeBytes: nil, now: night)
    }
    #expect(try reader.quickCheck())
  }

  @Test func closedStoreSaysSo() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.close()
    try store.close()
    #expect(throws: HistoryError.closed(path: folder.path)) {
      try store.record([.tick("a", night)])
    }
    #expect(throws: HistoryError.closed(path: folder.path)) { try store.hosts() }
  }
}
