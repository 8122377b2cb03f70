import Testing

@testable import Sampling

/// The agent limits what it costs.
@Suite struct PaceTests {
  private let second: UInt64 = 1_000_000_000

  /// Over its share for a minute: the interval doubles, and again.
  @Test func itSlowsDown() {
    var pace = Pace(wantedNanoseconds: second, share: 0.01)
    var changes = 0
    for _ in 0..<59 where pace.spend(cpuNanoseconds: second / 50, wallNanoseconds: second) {
      changes += 1
    }
    #expect(changes == 0, "a minute has not passed")
    let hasChanged = pace.spend(cpuNanoseconds: second / 50, wallNanoseconds: second)
    #expect(hasChanged)
    #expect(pace.isSlowed)
    #expect(pace.intervalNanoseconds == 2 * second)
    for _ in 0..<10_000 { _ = pace.spend(cpuNanoseconds: second, wallNanoseconds: second) }
    #expect(pace.intervalNanoseconds == Pace.longestNanoseconds)
  }

  @Test func whatIsCheapStaysAsItIs() {
    var pace = Pace(wantedNanoseconds: second, share: 0.01)
    for _ in 0..<10_000 {
      let hasChanged = pace.spend(cpuNanoseconds: second / 200, wallNanoseconds: second)
      #expect(!hasChanged)
    }
    #expect(pace.intervalNanoseconds == second)
  }

  /// Ten cheap minutes, and it is back.
  @Test func itComesBack() {
    var pace = Pace(wantedNanoseconds: second, share: 0.01)
    for _ in 0..<60 { _ = pace.spend(cpuNanoseconds: second / 10, wallNanoseconds: second) }
    #expect(pace.isSlowed)
    var minutes = 0
    while pace.isSlowed, minutes < 100 {
      for _ in 0..<30 { _ = pace.spend(cpuNanoseconds: 1_000_000, wallNanoseconds: 2 * second) }
      minutes += 1
    }
    #expect(minutes == 10)
    #expect(pace.intervalNanoseconds == second)
  }
}
