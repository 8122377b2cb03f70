import Foundation
import Records
import Testing

@testable import History

/// The numbers of a stream, as runs with times.
@Suite struct LedgerRunsTests {
  /// Against a plain set, whatever the order.
  @Test(arguments: 0..<20)
  func runsAreWhatWasInserted(round: Int) {
    var random = SystemRandomNumberGenerator()
    var runs = LedgerRuns()
    var expected: Set<UInt64> = []
    for _ in 0..<300 {
      let first = UInt64.random(in: 1...200, using: &random)
      let isOne = Bool.random(using: &random)
      let last = first + (isOne ? 0 : UInt64.random(in: 0...9, using: &random))
      let isNew = !expected.isSuperset(of: first...last)
      #expect(runs.insert(first...last, time: nil) == (isNew ? .added : .known))
      expected.formUnion(first...last)
      #expect((1...220).allSatisfy { runs.contains($0) == expected.contains($0) })
    }
    #expect(runs.set.count == UInt64(expected.count))
    for (left, right) in zip(runs.runs, runs.runs.dropFirst()) {
      #expect(left.last + 1 < right.first)
    }
  }

  @Test func timesStayAtTheEnds() {
    var runs = LedgerRuns()
    for number in UInt64(5)...9 { _ = runs.insert(number, time: Int64(number) * 10) }
    for number in UInt64(15)...19 { _ = runs.insert(number, time: Int64(number) * 10) }
    #expect(runs.runs.map(\.firstTime) == [50, 150] && runs.runs.map(\.lastTime) == [90, 190])
    let (before, behind) = runs.neighbours(of: 10...14)
    #expect(before == 90 && behind == 150)
    let (nothing, first) = runs.neighbours(of: 1...4)
    #expect(nothing == nil && first == 50)
    _ = runs.insert(10...14, time: nil)
    #expect(runs.runs == [.init(first: 5, last: 19, firstTime: 50, lastTime: 190)])
  }

  @Test func numbersThatJumpAreRefusedInTheEnd() {
    var runs = LedgerRuns()
    for index in 0..<UInt64(LedgerRuns.limit) {
      #expect(runs.insert(1 + index << 40, time: nil) == .added)
    }
    #expect(runs.insert(7, time: nil) == .refused)
    #expect(runs.insert(2, time: nil) == .added)
    #expect(runs.insert(0, time: nil) == .refused)
    #expect(runs.insert(.max, time: nil) == .refused)
    #expect(runs.insert(1...UInt64.max, time: nil) == .refused)
  }
}

/// Frames are stored once, however often they come.
@Suite struct LedgerTests {
  static let stream = StreamID(boot: BootID(high: 1, low: 2), number: .max)

  static func frame(
    _ number: UInt64, host: String = "a", stream: StreamID = stream, isLive: Bool = true
  ) -> FrameDelivery {
    let time = night + Int(number)
    var frame = FrameDelivery(
      host: host, stream: stream, sequence: number, isLive: isLive, time: time)
    frame.sample = .tick(host, time)
    var activity = HostActivity(host: host, time: time, intervalNanoseconds: 1_000_000_000)
    var io = IOCounters()
    (io.readBytes, io.writeBytes) = (1000, 10)
    activity.processes = [
      ProcessActivity(
        id: ProcessID(pid: 7, startTicks: 70),
        owner: ProcessOwner(
          name: "tar", user: "root", command: "tar cf -", unit: "backup.service",
          ancestors: [.init(pid: 3, name: "sh"), .init(pid: 1, name: "init")]),
        io: .known(io), cpuNanoseconds: 5_000_000)
    ]
    activity.disks = [DiskSample(name: "sda", layer: .physical, reads: 2, readBytes: 1000)]
    activity.pressure = Pressure(
      cpu: .disabled, io: .known(Stall(someMicroseconds: 5, fullMicroseconds: 2)),
      memory: .unsupported)
    frame.activity = activity
    frame.suspects = SuspectReport(
      host: host, time: time, source: .agent,
      suspects: [
        Suspect(
          pid: 9, tid: 9, state: "D", user: "root", reason: "block I/O", command: "cp",
          details: SuspectDetails(
            startTicks: 90, owner: ProcessOwner(name: "cp", user: "root", command: "cp"),
            waitClass: .disk, systemCall: .known("read"), stack: .known(["io_schedule", "x"]),
            holders: [4, 5], lockPath: "/f"))
      ])
    return frame
  }

  private func batch(_ deliveries: [FrameDelivery]) -> HistoryBatch {
    var batch = HistoryBatch()
    batch.deliveries = deliveries
    return batch
  }

  private func sums(_ folder: HistoryFolder) throws -> [String] {
    try folder.sqlite3(
      """
      SELECT count(*) FROM vmstat; SELECT count(*) FROM suspect WHERE did = 'waits';
      SELECT sum(read_bytes), sum(write_bytes), sum(cpu_ms), sum(covered_s) FROM suspect;
      SELECT sum(reads), sum(read_bytes) FROM disk;
      SELECT sum(io_some_us), sum(io_full_us), sum(cpu_some_us) FROM pressure;
      SELECT rows FROM host
      """)
  }

  /// In any order, in any pieces, over a restart: each once.
  @Test(arguments: [1, 7, 100]) func framesAreStoredOnce(piece: Int) throws {
    let folder = try HistoryFolder()
    var store = try folder.open()
    let numbers = (Array(1...60) + Array(30...100) + Array(1...100)).shuffled()
    var rest = numbers.map { Self.frame(UInt64($0), isLive: $0 % 2 == 0) }[...]
    var settled = 0
    while !rest.isEmpty {
      let result = try store.record(batch(Array(rest.prefix(piece))), now: night)
      settled += result.frames
      rest = rest.dropFirst(piece)
      if Int.random(in: 0..<5) == 0 {
        try store.close()
        store = try folder.open()
      }
    }
    #expect(settled == 100)
    let expected = ["100", "100", "100000|1000|500.0|100.0", "200|100000", "500|200|", "100"]
    #expect(try sums(folder) == expected)
    #expect(try store.ledgers().map(\.settled) == [SequenceSet([1...100])])
    #expect(try folder.sqlite3("SELECT count(*) FROM process") == ["2"])
    #expect(
      try folder.sqlite3(
        "SELECT DISTINCT pid, start_time, comm, user, command, unit, ancestors FROM suspect "
          + "WHERE did = 'moves'")
        == ["7|70|tar|root|tar cf -|backup.service|init(1) < sh(3)"])
    #expect(
      try folder.sqlite3(
        "SELECT DISTINCT wait_class, syscall, stack, holders, lock_path, comm FROM suspect "
          + "WHERE did = 'waits'") == ["disk|read|io_schedule x|4 5|/f|cp"])
  }

  /// A batch that fails stores nothing, and can come again as a whole.
  @Test func aFailedBatchLeavesTheLedgerAsItWas() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    _ = try store.record(batch([Self.frame(1)]), now: night)
    _ = try folder.sqlite3(
      "CREATE TRIGGER stop BEFORE INSERT ON stall WHEN (SELECT count(*) FROM tick) > 2 "
        + "BEGIN SELECT raise(ABORT, 'no'); END", [])
    _ = try folder.sqlite3(
      "CREATE TRIGGER halt BEFORE INSERT ON tick WHEN (SELECT count(*) FROM tick) > 2 "
        + "BEGIN SELECT raise(ABORT, 'no'); END", [])
    #expect(throws: HistoryError.self) {
      try store.record(batch((1...10).map { Self.frame($0) }), now: night)
    }
    #expect(try store.ledgers().map(\.settled) == [SequenceSet([1...1])])
    _ = try folder.sqlite3("DROP TRIGGER stop; DROP TRIGGER halt", [])
    let result = try store.record(batch((1...10).map { Self.frame($0) }), now: night)
    #expect(result.frames == 9 && result.repeatedFrames == 1)
    #expect(try sums(folder)[0] == "10")
    #expect(result.ledgers.map(\.settled) == [SequenceSet([1...10])])
  }

  /// Two streams and two boots of a host have numbers of their own.
  @Test func aRebootIsAnotherStream() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let next = StreamID(boot: BootID(high: 9, low: 9), number: 4)
    var again = (1...5).map { Self.frame($0, stream: next) }
    // The clock went back with it: rows of the same moments.
    for index in again.indices { again[index].sample?.row[.r] = 77 }
    let result = try store.record(batch((1...5).map { Self.frame($0) } + again), now: night)
    #expect(result.frames == 10 && result.stored == 10 && result.shifted == 5)
    #expect(try store.ledgers().count == 2)
    // The same pid and start are another process in another boot.
    #expect(try folder.sqlite3("SELECT count(*) FROM process WHERE pid = 7") == ["2"])
  }

  /// Live, a hello and introductions that are said again count only where they follow.
  @Test func whatIsSaidAgainMakesNoHoles() throws {
    let store = try HistoryFolder().open()
    func introduction(_ number: UInt64, isLive: Bool = true) -> FrameDelivery {
      FrameDelivery(
        host: "a", stream: Self.stream, sequence: number, isLive: isLive, isRepeatable: true)
    }
    _ = try store.record(
      batch([introduction(1), introduction(40), introduction(2), Self.frame(100)]), now: night)
    #expect(try store.ledgers().map(\.settled) == [SequenceSet([1...2, 100...100])])
    _ = try store.record(batch([introduction(40, isLive: false)]), now: night)
    #expect(
      try store.ledgers().map(\.settled) == [SequenceSet([1...2, 40...40, 100...100])])
  }

  @Test func gapsHaveTheTimesOfTheirNeighbours() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    func gap(_ first: UInt64, _ last: UInt64, _ reason: LossReason) -> FrameDelivery {
      var delivery = FrameDelivery(host: "a", stream: Self.stream, sequence: last)
      delivery.loss = FrameLoss(
        host: "a", stream: Self.stream, first: first, last: last, reason: reason)
      return delivery
    }
    _ = try store.record(
      batch([Self.frame(9), Self.frame(10), gap(11, 15, .spoolFull)]), now: night)
    #expect(try store.gaps().map(\.to) == [nil])
    // Told bit by bit, it is one.
    _ = try store.record(batch([gap(16, 20, .spoolFull), Self.frame(21)]), now: night)
    let found = try store.gaps()
    #expect(found.map(\.from) == [night + 10] && found.map(\.to) == [night + 21])
    #expect(found.map(\.frames) == [10] && found.map(\.reason) == [.spoolFull])
    // Again, and over what is stored: nothing new.
    var losses = HistoryBatch()
    losses.losses = [
      FrameLoss(host: "a", stream: Self.stream, first: 8, last: 30, reason: .unknown),
      FrameLoss(host: "a", stream: Self.stream, first: 1, last: 7, reason: .before),
    ]
    _ = try store.record(losses, now: night + 5)
    let all = try store.gaps()
    #expect(all.map(\.frames) == [1, 10, 9])
    #expect(try store.ledgers().map(\.settled) == [SequenceSet([1...30])])
    #expect(
      try store.gapTotals() == [
        "a": GapTotal(gaps: 3, frames: 20, lastReason: .unknown, lastNoted: night + 5)
      ])
    #expect(try store.gaps(from: night + 12, to: night + 13).map(\.reason) == [.spoolFull])
    #expect(try store.gaps(from: night + 100).isEmpty)
    #expect(
      try folder.sqlite3("SELECT first, last, frames, reason FROM gap ORDER BY first") == [
        "1|7|7|before", "8|8|1|unknown", "11|20|10|spool-full", "22|30|9|unknown",
      ])
    // What was given up and comes all the same is known.
    #expect(try store.record(batch([Self.frame(12)]), now: night).repeatedFrames == 1)
  }

  @Test func aHostsStreamsAreBounded() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let limit = LedgerTable.streamsLimit
    _ = try store.record(
      batch(
        (0..<limit + 100).map { number in
          let stream = StreamID(boot: BootID(high: 1, low: 1), number: UInt64(number))
          return FrameDelivery(host: "a", stream: stream, sequence: 1)
        }), now: night)
    #expect(try store.ledgers().count == limit)
    #expect(try folder.sqlite3("SELECT count(*) FROM stream_run") == ["\(limit)"])
    let jumping = (0..<5000).map {
      FrameDelivery(host: "b", stream: Self.stream, sequence: 1 + UInt64($0) << 40)
    }
    let result = try store.record(batch(jumping), now: night)
    #expect(result.refusedHosts == ["b"] && result.frames == LedgerRuns.limit)
  }

  @Test func rankedProcessesOfASpan() throws {
    let store = try HistoryFolder().open()
    _ = try store.record(batch((1...100).map { Self.frame($0) }), now: night)
    let waiters = try store.waiters(from: night + 10, to: night + 40)
    #expect(waiters.map(\.pid) == [9] && waiters.first?.waits?.looks == 31)
    #expect(waiters.first?.waits?.waitClass == "disk" && waiters.first?.startTicks == 90)
    let movers = try store.movers(hosts: ["a", "x"], from: night + 10, to: night + 39)
    let mover = try #require(movers.first)
    #expect(movers.count == 1 && mover.pid == 7 && mover.command == "tar cf -")
    // Whole buckets of ten seconds: night is one's beginning.
    #expect(mover.moved?.readBytes == 30_000 && mover.moved?.coveredSeconds == 30)
    #expect(mover.moved?.deviceBytes == 30_300)
    #expect(try store.movers(hosts: ["x"], from: night, to: night + 100).isEmpty)
  }

  @Test func retentionTakesAllOfIt() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    _ = try store.record(batch((1...100).map { Self.frame($0) }), now: night)
    var losses = HistoryBatch()
    losses.losses = [
      FrameLoss(host: "a", stream: Self.stream, first: 101, last: 110, reason: .unknown)
    ]
    _ = try store.record(losses, now: night)
    let tables = ["tick", "sighting", "mover", "device", "stall", "process", "stream_gap"]
    let counts = tables.map { "SELECT count(*) FROM \($0)" }.joined(separator: ";")
    _ = try store.enforceRetention(
      keepSeconds: 10_000, maxSizeBytes: nil, now: night + 20_000)
    #expect(try folder.sqlite3(counts) == tables.map { _ in "0" })
    // What was fetched once isn't fetched again, though its rows are gone.
    #expect(try store.ledgers().map(\.settled) == [SequenceSet([1...110])])
    // A process that comes back gets a row of its own again.
    _ = try store.record(batch([Self.frame(200)]), now: night)
    #expect(try folder.sqlite3("SELECT count(*) FROM process") == ["2"])
    #expect(
      try folder.sqlite3("SELECT comm FROM suspect WHERE did = 'moves'") == ["tar"])
    _ = try store.enforceRetention(
      keepSeconds: 10_000, maxSizeBytes: nil, now: night + 31 * 86_400)
    #expect(try store.ledgers().isEmpty)
  }

  /// What came late isn't news to who follows, and counts all the same.
  @Test func lateRowsAreNotFollowed() throws {
    let store = try HistoryFolder().open()
    var cursor = FollowCursor()
    _ = try store.record(batch([Self.frame(50)]), now: night)
    #expect(try store.follow(&cursor).map(\.time) == [night + 50])
    _ = try store.record(batch((1...40).map { Self.frame($0, isLive: false) }), now: night)
    #expect(try store.follow(&cursor).isEmpty)
    _ = try store.record(batch([Self.frame(51)]), now: night)
    #expect(try store.follow(&cursor).map(\.time) == [night + 51])
    let record = try #require(try store.hosts().first)
    #expect(record.rows == 42 && record.lastRow == night + 51)
  }
}
