import Testing

@testable import SSHFleet

@Suite struct BackoffTests {
  /// SplitMix64, so that a failure can be had again.
  struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  /// The ceiling of the n-th delay: it doubles from 1 s and ends at 300 s.
  private func ceiling(_ attempt: Int) -> Double {
    min(300, Double(1 << min(attempt, 12)))
  }

  @Test(arguments: 0..<50) func everyDelayIsWithinItsBounds(seed: UInt64) {
    var generator = Seeded(state: seed)
    var backoff = Backoff()
    for attempt in 0..<40 {
      let delay = backoff.next(using: &generator)
      #expect(delay >= 0.1)
      #expect(delay <= max(0.1, ceiling(attempt)), "attempt \(attempt)")
    }
  }

  /// Full jitter: over many draws the whole span is used, not only its upper half.
  @Test(arguments: [0, 3, 8, 20]) func theWholeSpanIsUsed(attempt: Int) {
    var generator = Seeded(state: 7)
    var quarters = [0, 0, 0, 0]
    for _ in 0..<2000 {
      var backoff = Backoff()
      for _ in 0..<attempt { _ = backoff.next(using: &generator) }
      let delay = backoff.next(using: &generator)
      quarters[min(3, Int(delay / ceiling(attempt) * 4))] += 1
    }
    // 500 each; ten standard deviations are 194.
    for quarter in quarters { #expect((306...694).contains(quarter), "\(quarters)") }
  }

  @Test func aResetBeginsAnew() {
    var generator = Seeded(state: 1)
    var backoff = Backoff()
    for _ in 0..<12 { _ = backoff.next(using: &generator) }
    backoff.reset()
    #expect(backoff.attempts == 0)
    for _ in 0..<100 {
      #expect(backoff.next(using: &generator) <= 1)
      backoff.reset()
    }
  }
}
