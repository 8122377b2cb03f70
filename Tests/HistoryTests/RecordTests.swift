import Bytes
import History
import Records
import Testing

@Suite("Recording")
struct RecordTests {
  /// Every column absent in turn, so that no two columns can be mixed up unseen.
  @Test(arguments: [nil] + VmstatColumn.allCases.map(Optional.some))
  func everyColumnComesBack(absent: VmstatColumn?) throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var row = VmstatRow()
    for column in VmstatColumn.allCases where column != absent {
      row[column] = Int64(column.rawValue) * 1_000_003 + 7
    }
    let sample = HostSample(
      host: "web1", time: night, source: .imported, row: row,
      load: LoadAverage(oneMinute: 0.07, fiveMinutes: 12.31, fifteenMinutes: 3), cpus: 96)
    try store.record([sample])
    #expect(try store.samples() == [sample])
  }

  @Test func absentAndZeroStayTwoThings() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var zeros = VmstatRow()
    for column in VmstatColumn.allCases { zeros[column] = 0 }
    let empty = HostSample(host: "a", time: night, source: .vmstat, row: VmstatRow())
    let zero = HostSample(
      host: "b", time: night, source: .vmstat, row: zeros,
      load: LoadAverage(oneMinute: 0, fiveMinutes: 0, fifteenMinutes: 0), cpus: nil)
    try store.record([empty, zero])
    #expect(try store.samples(hosts: ["a"]) == [empty])
    #expect(try store.samples(hosts: ["b"]) == [zero])
    #expect(
      try folder.sqlite3("SELECT count(r), count(load1), count(cpus) FROM vmstat") == ["1|1|0"])
  }

  @Test(arguments: [Int64.min, -1, 0, 1, Int64.max - 20_000])
  func extremeTimesAndValuesAreKept(nanoseconds: Int64) throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    var row = VmstatRow()
    row[.r] = .max
    row[.b] = .min
    let sample = HostSample(
      host: "a", time: Timestamp(nanoseconds: nanoseconds), source: .vmstat, row: row)
    #expect(try store.record([sample]).stored == 1)
    #expect(try store.record([sample]).duplicates == 1)
    #expect(try store.samples() == [sample])
  }

  @Test func sameDeliveryTwiceStoresOnce() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let batch = (0..<50).flatMap { second in
      ["a", "b"].map { HostSample.tick($0, night + second, r: Int64(second)) }
    }
    let first = try store.record(batch)
    #expect(first.stored == 100 && first.duplicates == 0)
    let again = try store.record(batch.reversed())
    #expect(again.stored == 0 && again.duplicates == 100 && again.shifted == 0)
    #expect(try store.rows(of: "a") == 50)
    #expect(try store.samples().count == 100)
  }

  @Test func duplicatesWithinOneBatchAreFound() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let sample = HostSample.tick("a", night)
    let result = try store.record([sample, sample, sample])
    #expect(result.stored == 1 && result.duplicates == 2)
  }

  @Test func sourcesDontHideEachOther() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record([.tick("a", night), .tick("a", night, source: .imported)])
    #expect(try store.samples().map(\.source) == [.vmstat, .imported])
  }

  /// The host's clock went back: other rows under times that are taken. None may be lost, and the
  /// same deliveries made again, in any order, add nothing.
  @Test func clockThatWentBackLosesNothing() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let before = (0..<10).map { HostSample.tick("a", night + $0, r: Int64($0)) }
    let after = (0..<10).map { HostSample.tick("a", night + $0, r: Int64(100 + $0)) }
    let third = (0..<10).map { HostSample.tick("a", night + $0, r: Int64(200 + $0)) }
    try store.record(before)
    let result = try store.record(after)
    #expect(result.stored == 10 && result.shifted == 10 && result.duplicates == 0)
    #expect(try store.record(third).shifted == 10)
    for batch in [after, before, third + after, after.reversed()] {
      let again = try store.record(Array(batch))
      #expect(again.stored == 0 && again.duplicates == batch.count)
    }
    #expect(try store.rows(of: "a") == 30)
    let kept = try store.samples().map { $0.row[.r] }
    #expect(Set(kept) == Set((before + after + third).map { $0.row[.r] }))
    #expect(try store.samples(from: night, to: night).map { $0.row[.r] } == [0])
    #expect(
      try store.samples(from: night, to: Timestamp(nanoseconds: night.nanoseconds + 5))
        .map { $0.row[.r] } == [0, 100, 200])
  }

  @Test func firstOfABatchKeepsItsTime() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let rows = [7, 3, 9].map { HostSample.tick("a", night, r: $0) }
    #expect(try store.record(rows).shifted == 2)
    #expect(try store.samples().map { $0.row[.r] } == [7, 3, 9])
  }

  /// A clock that stands still: bounded, and said.
  @Test func clockThatStandsStillIsBounded() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    // The neighbour's rows share the nanoseconds and must not count.
    try store.record((0..<20).map { HostSample.tick("b", night, r: $0) })
    let limit = 1_000
    let result = try store.record((0..<(limit + 5)).map { .tick("a", night, r: Int64($0)) })
    #expect(result.stored == limit && result.refused == 5)
    #expect(try store.rows(of: "a") == Int64(limit))
  }

  /// What stands beside a row may come later: a load read with it, the CPU count of `--cpus`.
  @Test func laterDeliveryCompletesARow() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let load = LoadAverage(oneMinute: 1, fiveMinutes: 2, fifteenMinutes: 3)
    try store.record([.tick("a", night)])
    #expect(try store.record([.tick("a", night, load: load, cpus: 4)]).duplicates == 1)
    #expect(try store.record([.tick("a", night)]).duplicates == 1)
    #expect(try store.samples() == [.tick("a", night, load: load, cpus: 4)])
    // Another load is another reading.
    let other = LoadAverage(oneMinute: 9, fiveMinutes: 2, fifteenMinutes: 3)
    #expect(try store.record([.tick("a", night, load: other)]).shifted == 1)
  }

  @Test func countersFollowEachBatch() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record([.tick("a", night + 5), .tick("a", night + 3), .tick("b", night)])
    #expect(try store.hosts().map(\.rows) == [2, 1])
    #expect(try store.hosts().map(\.lastRow) == [night + 5, night])
    // An old log moves nothing back; a host's own clock does.
    try store.record([.tick("a", night + (-1000), source: .imported)])
    #expect(try store.hosts()[0].lastRow == night + 5)
    try store.record([.tick("a", night + (-500))])
    #expect(try store.hosts()[0].lastRow == night + (-500))
    #expect(try store.hosts()[0].rows == 4)
  }

  @Test func statusComesBack() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    for state in HostState.allCases {
      let status = HostStatus(
        host: "web1", address: "root@10.0.0.11:22", state: state, since: night,
        retryAt: state == .backingOff ? night + 30 : nil, reconnects: 3,
        lastError: state == .connected ? nil : "refused", cpus: 8, clockOffset: -2.5,
        through: "agent 1, engine bpf")
      _ = try store.record(HistoryBatch(statuses: [status]))
      #expect(try store.hosts() == [HostRecord(status: status, rows: 0, lastRow: nil)])
    }
    // What it said once stays known.
    _ = try store.record(HistoryBatch(statuses: [HostStatus(host: "web1", state: .waiting)]))
    #expect(try store.hosts().map(\.status.cpus) == [8])
    #expect(try store.hosts().map(\.status.clockOffset) == [-2.5])
    #expect(try store.hosts().map(\.status.through) == ["agent 1, engine bpf"])
  }

  @Test func hostilTextIsMadePrintable() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let evil = "we\u{1B}[31mb\u{0}1\n\u{202E}"
    let status = HostStatus(
      host: evil, address: evil, state: .backingOff,
      lastError: evil + String(repeating: "x", count: 9_000))
    let result = try store.record(
      HistoryBatch(
        samples: [.tick(evil, night)], episodes: [.spike(evil, night, verdict: evil)],
        statuses: [status]))
    #expect(result.stored == 1 && result.episodeIDs == [1])
    let record = try #require(try store.hosts().first)
    let clean = Printable.text(evil)
    #expect(record.status.host == clean && record.status.address == clean)
    #expect((record.status.lastError?.count ?? 0) < 1_100)
    #expect(try store.samples(hosts: [evil]).map(\.host) == [clean])
    #expect(try store.episodes().map(\.verdict) == [clean])
    let dump = try folder.sqlite3("SELECT * FROM host; SELECT * FROM episode; SELECT * FROM vmstat")
    #expect(dump.count == 3)
    for line in dump { #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 }) }
  }

  @Test func unfitLoadIsNotRead() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let load = LoadAverage(oneMinute: .nan, fiveMinutes: .infinity, fifteenMinutes: 1)
    try store.record([.tick("a", night, load: load)])
    #expect(try store.record([.tick("a", night, load: load)]).duplicates == 1)
    #expect(try store.samples() == [.tick("a", night)])
  }

  @Test func emptyBatchIsNothing() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    #expect(try store.record(HistoryBatch()) == RecordResult())
  }

  @Test func storeOpenedAgainKnowsItsHosts() throws {
    let folder = try HistoryFolder()
    let first = try folder.open()
    try first.record([.tick("a", night), .tick("b", night)])
    try first.close()
    let second = try folder.open()
    #expect(try second.record([.tick("b", night), .tick("a", night + 1)]).duplicates == 1)
    #expect(try second.hosts().map(\.rows) == [2, 1])
  }
}
