import Records
import Testing

@testable import Watch

@Suite struct TroubleTests {
  private let hosts = ["a", "b", "c"]

  /// A second: each host's row, then the tick.
  private func second(_ number: Int, _ runnable: [Int64], on state: inout WatchState) {
    let now = night.advanced(bySeconds: Double(number))
    for (host, r) in zip(hosts, runnable) { state.apply(.sample(sample(host, now, calm(r)))) }
    state.apply(.tick(now))
  }

  private func order(_ state: WatchState) -> [String] { state.fleet.ordered.map(\.name) }

  private func start() -> WatchState {
    WatchState(hosts: hosts, columns: 80, rows: 24, now: night)
  }

  @Test func aHostInTroubleComesFirst() {
    var state = start()
    for number in 1...5 { second(number, [0, 0, 20], on: &state) }
    #expect(order(state) == ["c", "a", "b"])
  }

  @Test func linesMoveOnTicksOnly() {
    var state = start()
    for _ in 1...20 { state.apply(.sample(sample("c", night, calm(40)))) }
    #expect(order(state) == hosts)
    state.apply(.tick(night))
    #expect(order(state) == ["c", "a", "b"])
  }

  /// Two hosts whose figures cross each second stay where they are.
  @Test func noiseMovesNobody() {
    var state = start()
    for number in 1...10 { second(number, [8, 8, 0], on: &state) }
    let before = order(state)
    for number in 11...200 {
      second(number, number % 2 == 0 ? [7, 9, 0] : [9, 7, 0], on: &state)
      #expect(order(state) == before)
    }
  }

  @Test func calmIsBelievedAfterAWhileOnly() {
    var state = start()
    for number in 1...10 { second(number, [0, 0, 20], on: &state) }
    var lastInFront = 0
    for number in 11...120 {
      second(number, [0, 0, 0], on: &state)
      if order(state).first == "c" { lastInFront = number }
    }
    #expect(lastInFront >= 11 + Int(TroubleLevel.holdSeconds))
    #expect(order(state) == hosts)
  }

  /// Around a threshold, within the margin, a level is neither gained nor lost.
  @Test(arguments: TroubleLevel.thresholds.indices)
  func thresholdsHaveMargins(index: Int) {
    let threshold = TroubleLevel.thresholds[index]
    func settled(_ scores: [Double]) -> Int {
      var level = TroubleLevel()
      for (number, score) in scores.enumerated() {
        for _ in 0..<40 { level.feed(score) }
        for step in 0..<30 {
          level.settle(at: night.advanced(bySeconds: Double(number * 30 + step)))
        }
      }
      return level.level
    }
    #expect(settled([threshold * 1.05]) == index)
    #expect(settled([threshold * 1.2]) == index + 1)
    #expect(settled([threshold * 1.2, threshold * 0.8]) == index + 1)
    #expect(settled([threshold * 1.2, threshold * 0.6]) <= index)
  }

  @Test func aClockThatGoesBackHoldsNothingForEver() {
    var level = TroubleLevel()
    for _ in 0..<20 { level.feed(60) }
    level.settle(at: night)
    for _ in 0..<40 { level.feed(0) }
    level.settle(at: night)
    for second in 0...40 {
      level.settle(at: night.advanced(bySeconds: Double(second) - 86_400))
    }
    #expect(level.level == 0)
  }

  @Test func loadComesBeforeSilenceBeforeRefusal() {
    var loaded = row(calm(12))
    loaded[.b] = 8
    let scores = [
      TroubleScore.of(loaded, cpus: 4),
      TroubleScore.of(HostStatus(host: "a", state: .stale)),
      TroubleScore.of(HostStatus(host: "a", state: .backingOff)),
      TroubleScore.of(HostStatus(host: "a", state: .refusedKey)),
      TroubleScore.of(row(calm(1)), cpus: 4),
    ]
    #expect(scores == scores.sorted(by: >))
    #expect(Set(scores).count == scores.count)
  }

  @Test func absentFiguresScoreNothing() {
    #expect(TroubleScore.of(VmstatRow(), cpus: nil) == 0)
    #expect(TroubleScore.of(VmstatRow(), cpus: 4) == 0)
  }
}
