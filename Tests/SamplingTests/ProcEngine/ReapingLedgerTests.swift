import Records
import Testing

@testable import Sampling

@Suite("who is handed whose bytes")
struct ReapingLedgerTests {
  private func bytes(_ written: UInt64) -> IOCounters {
    var result = IOCounters()
    result.writeBytes = written
    return result
  }

  @Test("a debt is taken once")
  func once() {
    let ledger = ReapingLedger()
    ledger.add(bytes(8), to: 1)
    #expect(ledger.settle(bytes(10), of: 2, adoptsOrphans: false) == bytes(0))
    #expect(ledger.settle(bytes(5), of: 1, adoptsOrphans: false) == bytes(5))
    #expect(ledger.settle(bytes(10), of: 1, adoptsOrphans: false) == bytes(3))
    #expect(ledger.settle(bytes(10), of: 1, adoptsOrphans: false) == bytes(0))
  }

  @Test("a reaper that ends leaves what it was to be handed")
  func inheritance() {
    let ledger = ReapingLedger()
    ledger.add(bytes(8), to: 1)
    #expect(ledger.leave(1) == bytes(8) && ledger.leave(1) == bytes(0))
    #expect(ledger.settle(bytes(8), of: 1, adoptsOrphans: false) == bytes(0))
  }

  @Test("an orphan's bytes are taken from who adopts orphans")
  func orphans() {
    let ledger = ReapingLedger()
    ledger.add(bytes(8), to: nil)
    #expect(ledger.settle(bytes(6), of: 76, adoptsOrphans: false) == bytes(0))
    #expect(ledger.settle(bytes(6), of: 77, adoptsOrphans: true) == bytes(6))
    #expect(ledger.settle(bytes(6), of: 78, adoptsOrphans: true) == bytes(2))
  }

  /// A parent that ignores SIGCHLD is handed nothing.
  @Test("a debt that nobody was handed is forgotten")
  func forgetting() {
    let ledger = ReapingLedger()
    ledger.add(bytes(8), to: 1)
    ledger.add(bytes(9), to: nil)
    for _ in 0..<200 { ledger.age() }
    #expect(ledger.settle(bytes(20), of: 1, adoptsOrphans: true) == bytes(0))
  }

  @Test("smaller and larger go by field")
  func fields() {
    let (small, large) = (bytes(3), bytes(7))
    var other = bytes(0)
    other.readBytes = 5
    #expect(small.least(large) == small && small.most(large) == large)
    #expect(large.covers(small) && !small.covers(large) && !large.covers(other))
    #expect(large.least(other) == bytes(0))
    var extreme = IOCounters()
    extreme.writeBytes = .max
    #expect(extreme.most(large) == extreme && extreme.least(large) == large)
  }
}
