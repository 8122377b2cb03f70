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
}
