import Bytes
import Foundation
import History
import Records
import Testing

/// What anyone may rely on with plain `sqlite3`. A change here breaks other people's queries.
@Suite("Views, by the sqlite3 program")
struct ViewTests {
  @Test(arguments: [
    (
      "vmstat",
      "host source time time_ns r b swpd free buff cache si so bi bo in cs us sy id wa st gu "
        + "inact active load1 load5 load15 cpus"
    ),
    (
      "episode",
      "episode host start start_ns peak peak_ns end end_ns open kind load1_peak runnable_peak "
        + "blocked_peak cpus verdict"
    ),
    (
      "host",
      "host address state since retry_at reconnects last_error cpus clock_offset last_row rows "
        + "through spool_hours frames_to_come spool_problem"
    ),
    (
      "disk",
      "host time time_ns disk layer covered_s reads writes read_bytes write_bytes await_ms "
        + "busy_ms in_flight"
    ),
    (
      "pressure",
      "host time time_ns covered_s cpu_some_us io_some_us io_full_us memory_some_us "
        + "memory_full_us dirty_kib writeback_kib swap_total_kib swap_free_kib"
    ),
    (
      "traced",
      "trace host time time_ns end end_ns asked cause selection episode engine matched attached "
        + "verified skipped notices"
    ),
    (
      "traced_process",
      "trace host time time_ns rank pid start_time comm user command unit container threads "
        + "traced_s ending calls read_bytes write_bytes sync_calls blocked_s errors lost_calls "
        + "io_uring verdict"
    ),
    (
      "traced_file",
      "trace host time time_ns rank pid comm path calls read_bytes write_bytes sync_calls spent_s"
    ),
    ("gap", "host from from_ns to to_ns first last frames reason noted"),
    (
      "suspect",
      "host source time time_ns pid tid state user wait_channel elapsed_s command wait_reason "
        + "wait_s did start_time comm unit container ancestors wait_class syscall stack holders "
        + "lock_path covered_s read_bytes write_bytes cancelled_bytes reaped_read_bytes "
        + "reaped_write_bytes cpu_ms"
    ),
    ("retention", "at reason rows episodes first last bytes_before bytes_after"),
  ])
  func columnsAreTheDocumentedOnes(view: String, columns: String) throws {
    let folder = try HistoryFolder()
    _ = try folder.open()
    let found = try folder.sqlite3("SELECT name FROM pragma_table_info('\(view)') ORDER BY cid")
    #expect(found.joined(separator: " ") == columns)
  }

  /// The table's columns are spelt out in the migration; a column of vmstat that comes later must
  /// come with a migration of its own.
  @Test func everyVmstatColumnHasItsPlace() throws {
    let folder = try HistoryFolder()
    _ = try folder.open()
    let found = Set(try folder.sqlite3("SELECT name FROM pragma_table_info('vmstat')"))
    for column in VmstatColumn.allCases { #expect(found.contains(column.name)) }
  }

  @Test func rowReadsAsItWasSent() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var row = VmstatRow()
    for column in VmstatColumn.standard { row[column] = Int64(column.rawValue) + 100 }
    try store.record([
      HostSample(
        host: "web1", time: Timestamp(nanoseconds: night.nanoseconds + 5), source: .vmstat,
        row: row,
        load: LoadAverage(oneMinute: 0.5, fiveMinutes: 1, fifteenMinutes: 2.25), cpus: 8),
      HostSample(host: "web1", time: night + 60, source: .imported, row: row),
    ])
    let values = (100...116).map(String.init).joined(separator: "|")
    #expect(
      try folder.sqlite3("SELECT * FROM vmstat") == [
        "web1|vmstat|2026-11-19T03:12:00.000000005Z|1795057920000000005|\(values)||||0.5|1.0|2.25|8",
        "web1|import|2026-11-19T03:13:00Z|1795057980000000000|\(values)|||||||",
      ])
    #expect(
      try folder.sqlite3("SELECT host, rows, last_row FROM host") == [
        "web1|2|2026-11-19T03:12:00.000000005Z"
      ])
  }

  @Test func episodeAndHostRead() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let status = HostStatus(
      host: "web1", address: "root@10.0.0.11:22", state: .backingOff, since: night,
      retryAt: night + 30, reconnects: 2, lastError: "connection refused", cpus: 8,
      clockOffset: 1.5, through: "agent 1, engine bpf",
      spool: SpoolStatus(hours: 30.5, framesToCome: 7, problem: "disk full"))
    _ = try store.record(
      HistoryBatch(
        samples: [.tick("web1", night)], episodes: [.spike("web1", night, isOpen: true)],
        statuses: [status]))
    let start = night.nanoseconds
    #expect(
      try folder.sqlite3("SELECT * FROM episode") == [
        "1|web1|2026-11-19T03:12:00Z|\(start)|2026-11-19T03:12:30Z|\(start + 30_000_000_000)|"
          + "2026-11-19T03:13:00Z|\(start + 60_000_000_000)|1|cpu|12.5|40||8|r 40 on 8 CPUs"
      ])
    #expect(
      try folder.sqlite3("SELECT * FROM host") == [
        "web1|root@10.0.0.11:22|backing-off|2026-11-19T03:12:00Z|2026-11-19T03:12:30Z|2|"
          + "connection refused|8|1.5|2026-11-19T03:12:00Z|1|agent 1, engine bpf|30.5|7|disk full"
      ])
  }

  /// SQL's times are those of `RFC3339`, before 1970 too.
  @Test func timesAreThoseOfJSON() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let moments: [Int64] = [
      0, 1, -1, 999_999_999, -999_999_999, -1_000_000_000, -1_000_000_001, 1_000_000_000,
      night.nanoseconds, night.nanoseconds + 120_000_000, 7_258_118_400_000_000_000,
      -7_258_118_400_000_000_000,
    ]
    try store.record(moments.map { .tick("a", Timestamp(nanoseconds: $0)) })
    let written = try folder.sqlite3("SELECT time FROM vmstat ORDER BY time_ns")
    #expect(written == moments.sorted().map { RFC3339.string(nanoseconds: $0) })
  }

  @Test func hostWithoutRowsAndImportOnlyHostRead() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    _ = try store.record(
      HistoryBatch(
        samples: [.tick("old", night, source: .imported)],
        statuses: [HostStatus(host: "new", state: .connecting, since: night)]))
    #expect(
      try folder.sqlite3("SELECT host, state, since, last_row, rows FROM host ORDER BY host") == [
        "new|connecting|2026-11-19T03:12:00Z||0", "old|stopped||2026-11-19T03:12:00Z|1",
      ])
    #expect(try store.hosts().map(\.status.state) == [.connecting, .stopped])
  }

  /// A span must be found by the table's order, not by reading all of it.
  @Test func spanOfTheViewIsARangeOfTheTable() throws {
    let folder = try HistoryFolder()
    _ = try folder.open()
    let plan = try folder.sqlite3(
      "EXPLAIN QUERY PLAN SELECT * FROM vmstat WHERE time_ns BETWEEN 1 AND 2 AND host = 'a' "
        + "ORDER BY time_ns"
    ).joined(separator: "\n")
    #expect(plan.contains("SEARCH tick USING PRIMARY KEY (time_ns>? AND time_ns<?)"))
    #expect(!plan.contains("TEMP B-TREE"))
  }
}
