import GRDB
import Records
import Testing

@testable import History

/// Traces in the history: as they were for who shows one again, and in tables for who asks.
@Suite("Traces")
struct TraceTests {
  private func process(_ pid: Int32, _ name: StaticString) -> TracedProcess {
    var who = ProcessIdentity(
      id: ProcessID(pid: pid, startTicks: 77), name: TaskName(name),
      commandLine: .known("/usr/bin/\(name) --now\u{1B}[2J"), controlGroup: .denied)
    who.user = "eve"
    var process = TracedProcess(identity: who)
    process.nanoseconds = 5_000_000_000
    var sync = TracedCall(name: "fsync", kind: .sync)
    (sync.count, sync.nanoseconds, sync.errors) = (211, 4_000_000_000, 1)
    var write = TracedCall(name: "write", kind: .write)
    (write.count, write.nanoseconds, write.bytes) = (211, 500_000_000, 864_256)
    process.calls = [sync, write]
    process.files = ["/var/lib/x", "/var/log/y"].map { path in
      var file = TracedFile(path: path)
      (file.calls, file.writeBytes, file.syncCalls, file.nanoseconds) = (9, 4096, 3, 250_000_000)
      return file
    }
    return process
  }

  private func trace(_ start: Timestamp, seconds: UInt64 = 5) -> HostTrace {
    var trace = HostTrace(time: start, engine: .bpf)
    trace.nanoseconds = seconds * 1_000_000_000
    trace.matched = 3
    trace.verified = 2
    trace.processes = [process(100, "fsyncer"), process(101, "reader")]
    trace.skipped = [
      SkippedProcess(
        id: ProcessID(pid: 1, startTicks: 1), name: TaskName("init"), reason: .isInit,
        detail: "it is the first")
    ]
    return trace
  }

  private func record(
    _ start: Timestamp, hosts: [String] = ["db1"], cause: TraceRecord.Cause = .asked,
    bytes: Int = 3
  ) -> TraceRecord {
    TraceRecord(
      time: start + 1, cause: cause, selection: "--match “x”",
      hosts: hosts.map { host in
        TraceRecord.Host(
          name: host, trace: trace(start), verdicts: ["it waits for /var/lib/x", "it reads"],
          encoded: [UInt8](repeating: 7, count: bytes) + Array(host.utf8))
      })
  }

  private func counts(_ folder: HistoryFolder) throws -> [String] {
    try folder.sqlite3(
      """
      SELECT (SELECT count(*) FROM trace), (SELECT count(*) FROM trace_host),
        (SELECT count(*) FROM trace_process), (SELECT count(*) FROM trace_file)
      """)
  }

  @Test func itComesBackAsItWasAndIsFoundByHostAndTime() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let first = try store.record(
      HistoryBatch(traces: [record(night, hosts: ["db1", "db2"]), record(night + 100)]))
    #expect(first.traceNumbers == [1, 2])
    let parts = try store.encodedTrace(1)
    #expect(parts.map(\.host) == ["db1", "db2"])
    #expect(parts.map(\.encoded) == ["db1", "db2"].map { [7, 7, 7] + Array($0.utf8) })
    #expect(try store.encodedTrace(3).isEmpty)
    let all = try store.traces()
    #expect(all.map(\.number) == [1, 1, 2] && all.map(\.host) == ["db1", "db2", "db1"])
    let one = try #require(all.first)
    #expect(one.time == night && one.end == night + 5 && one.cause == "asked")
    #expect(one.matched == 3 && one.attached == 2 && one.verified == 2 && one.skipped == 1)
    #expect(one.engine == "bpf" && one.episode == nil && one.selection == "--match “x”")
    #expect(
      one.first
        == PastTrace.First(pid: 100, name: "fsyncer", verdict: "it waits for /var/lib/x"))
    #expect(try store.traces(hosts: ["db2", "nobody"]).map(\.host) == ["db2"])
    #expect(try store.traces(from: night + 5, to: night + 99).map(\.number) == [1, 1])
    #expect(try store.traces(from: night + 6, to: night + 99).isEmpty)
    #expect(try store.traces(limit: 1).map(\.number) == [2])
    #expect(
      try folder.sqlite3(
        """
        SELECT host, rank, comm, user, command, calls, write_bytes, sync_calls, blocked_s, errors,
          ending, verdict FROM traced_process WHERE trace = 2
        """) == [
          "db1|1|fsyncer|eve|/usr/bin/fsyncer --now␛[2J|422|864256|211|4.5|1|detached|"
            + "it waits for /var/lib/x",
          "db1|2|reader|eve|/usr/bin/reader --now␛[2J|422|864256|211|4.5|1|detached|it reads",
        ])
    #expect(
      try folder.sqlite3(
        "SELECT pid, comm, path, sync_calls, spent_s FROM traced_file WHERE trace = 2 AND rank = 1"
      ) == ["100|fsyncer|/var/lib/x|3|0.25", "100|fsyncer|/var/log/y|3|0.25"])
  }

  @Test func itIsLinkedToTheSpikeThatItWasMadeForOrOverlaps() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let result = try store.record(
      HistoryBatch(
        episodes: [
          .spike("db1", night, seconds: 60), .spike("db1", night + 200, isOpen: true),
          .spike("db2", night, seconds: 9_000),
        ],
        traces: [
          record(night + 30), record(night + 100), record(night + 5_000),
          // Its spike was over by then.
          record(night + 90, cause: .episode(start: night)),
        ]))
    let ids = result.episodeIDs
    #expect(try store.traces().map(\.episode) == [ids[0], nil, ids[1], ids[0]])
    #expect(
      try folder.sqlite3("SELECT trace, cause, episode FROM traced ORDER BY trace") == [
        "1|asked|\(ids[0])", "2|asked|", "3|asked|\(ids[1])", "4|episode|\(ids[0])",
      ])
  }

  @Test func retentionTakesAllOfItAlong() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    _ = try store.record(
      HistoryBatch(
        traces: [
          record(night, hosts: ["db1", "db2"]), record(night + 5_000), record(night + 999_999),
        ]))
    #expect(try counts(folder) == ["3|4|8|16"])
    _ = try store.enforceRetention(keepSeconds: 3_000, maxSizeBytes: nil, now: night + 5_100)
    // That of a clock that is far in the future goes too.
    #expect(try counts(folder) == ["1|1|2|4"])
    #expect(try store.traces().map(\.number) == [2])
    // No number is used twice.
    #expect(try store.record(HistoryBatch(traces: [record(night)])).traceNumbers == [4])
  }

  @Test func ofOneHostSoManyAreKeptAndSoManyBytes() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let large = 7 << 20
    for second in 0..<12 {
      _ = try store.record(
        HistoryBatch(traces: [record(night + second, hosts: ["db1"], bytes: large)]))
    }
    _ = try store.record(HistoryBatch(traces: [record(night, hosts: ["db2"])]))
    let kept = try store.traces()
    #expect(kept.filter { $0.host == "db1" }.map(\.number) == Array(4...12))
    #expect(kept.last?.host == "db2")
    #expect(try counts(folder) == ["10|10|20|40"])
    // What is too long for an answer isn't kept, but for its figures.
    _ = try store.record(
      HistoryBatch(traces: [record(night, hosts: ["db3"], bytes: 9 << 20)]))
    #expect(try store.encodedTrace(14).map(\.encoded) == [[]])
  }

  @Test func whateverAHostClaimsIsStored() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var wild = trace(Timestamp(nanoseconds: .max))
    wild.nanoseconds = .max
    (wild.matched, wild.verified, wild.omittedSkipped) = (.max, .max, .max)
    wild.processes[0].calls[0].count = .max
    wild.processes[0].calls[1].bytes = .max
    wild.processes[0].omittedCalls = .max
    wild.processes[0].files[0].nanoseconds = .max
    wild.processes[0].threads = .max
    let host = TraceRecord.Host(name: "db1", trace: wild, verdicts: [], encoded: [])
    _ = try store.record(
      HistoryBatch(
        traces: [TraceRecord(time: night, cause: .asked, selection: "", hosts: [host])]))
    let one = try #require(try store.traces().first)
    #expect(one.time.nanoseconds == .max && one.end.nanoseconds == .max && one.skipped == .max)
    #expect(
      try folder.sqlite3("SELECT calls, write_bytes FROM traced_process WHERE rank = 1")
        == ["9223372036854775807|9223372036854775807"])
  }

  /// A history of the version before keeps what it has.
  @Test func theVersionBeforeIsBroughtUpToDate() throws {
    let folder = try HistoryFolder()
    do {
      let queue = try DatabaseQueue(path: folder.path)
      try Schema.migrator.migrate(queue, upTo: "4")
      try queue.write { db in
        try db.execute(
          sql: """
            INSERT INTO server (id, name, state) VALUES (1, 'db1', 'stopped');
            INSERT INTO tick (time_ns, host, source, r) VALUES (1000000000, 1, 1, 5);
            INSERT INTO spike (host, start_ns, peak_ns, end_ns, is_open, kind, verdict)
              VALUES (1, 1000000000, 1000000000, 9000000000, 0, 'cpu', 'r');
            """)
      }
      try queue.close()
    }
    #expect(throws: HistoryError.self) { _ = try HistoryStore.openReadOnly(path: folder.path) }
    let store = try folder.open()
    #expect(try store.traces().isEmpty && store.samples().count == 1)
    _ = try store.record(HistoryBatch(traces: [record(Timestamp(seconds: 4))]))
    #expect(try store.traces().map(\.episode) == [1])
    #expect(try folder.sqlite3("PRAGMA user_version") == ["5"])
  }
}

extension HistoryBatch {
  init(episodes: [Episode] = [], traces: [TraceRecord]) {
    self.init(episodes: episodes)
    self.traces = traces
  }
}
