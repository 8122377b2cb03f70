import Records
import Testing

@testable import History

/// Gaps of a host that makes up any number of them.
@Suite struct GapLimitTests {
  @Test func noMoreThanTheBoundAreKept() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let limit = UInt64(RetentionTables.gapsLimit)
    var next: UInt64 = 1
    for round in 0..<4 {
      var batch = HistoryBatch()
      for _ in 0..<(limit / 3) {
        batch.losses.append(
          FrameLoss(
            host: "a", stream: LedgerTests.stream, first: next, last: next,
            reason: next % 2 == 0 ? .damaged : .notKept))
        next += 1
      }
      _ = try store.record(batch, now: night + round)
    }
    let count = try #require(
      UInt64(try folder.sqlite3("SELECT count(*) FROM stream_gap").joined()))
    #expect(count <= limit && count > limit * 9 / 10)
    // The newest are kept, and all are settled.
    let newest = try folder.sqlite3(
      "SELECT count(*) FROM stream_gap WHERE noted_ns = \((night + 3).nanoseconds)")
    #expect(newest == ["\(limit / 3)"])
    #expect(try store.ledgers().first?.settled.runs == [1...(next - 1)])
  }

  @Test func whatASpoolListsIsNotForgotten() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    func stream(_ number: UInt64) -> StreamID {
      StreamID(boot: LedgerTests.stream.boot, number: number)
    }
    var batch = HistoryBatch()
    batch.deliveries = [
      LedgerTests.frame(1, stream: stream(1)), LedgerTests.frame(2, stream: stream(2)),
    ]
    _ = try store.record(batch, now: night)
    batch = HistoryBatch()
    batch.listed["a"] = [stream(1), stream(9)]
    let month = 31 * 86_400
    _ = try store.record(batch, now: night + month)
    _ = try store.enforceRetention(keepSeconds: nil, maxSizeBytes: nil, now: night + month)
    #expect(try store.ledgers().map(\.stream) == [stream(1)])
    // What went may still be in a spool: it isn't fetched again.
    #expect(try store.forgotten() == ["a": night + 2])
    // Nor do others' streams push it out.
    batch = HistoryBatch()
    for number in 1..<UInt64(LedgerTable.streamsLimit) {
      batch.deliveries.append(LedgerTests.frame(1, stream: stream(100 + number)))
    }
    _ = try store.record(batch, now: night + month)
    batch = HistoryBatch()
    batch.listed["a"] = [stream(1)]
    _ = try store.record(batch, now: night + month + 60)
    batch = HistoryBatch()
    batch.deliveries = [LedgerTests.frame(1, stream: stream(50))]
    _ = try store.record(batch, now: night + month + 70)
    let kept = Set(try store.ledgers().map(\.stream))
    #expect(kept.count == LedgerTable.streamsLimit)
    #expect(kept.isSuperset(of: [stream(1), stream(50)]))
  }
}
