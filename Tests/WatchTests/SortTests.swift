import Records
import Testing

@testable import Watch

@Suite struct SortTests {
  private let hosts = ["a", "b", "c"]

  private func second(_ number: Int, _ blocked: [Int64], on state: inout WatchState) {
    let now = night.advanced(bySeconds: Double(number))
    for (host, b) in zip(hosts, blocked) {
      var figures = calm(0)
      figures[1] = b
      state.apply(.sample(sample(host, now, figures)))
    }
    state.apply(.tick(now))
  }

  private func sorted(by key: SortKey) -> WatchState {
    var state = WatchState(hosts: hosts, columns: 80, rows: 24, now: night)
    state.rearrange { $0.sort = key }
    return state
  }

  private func order(_ state: WatchState) -> [String] { state.fleet.ordered.map(\.name) }

  @Test func keysGoThroughTheFigures() {
    var state = WatchState(hosts: hosts, columns: 80, rows: 24, now: night)
    for title in ["name", "r", "b", "load1", "wa", "us+sy", "si+so", "bi+bo"] {
      state.type("o")
      #expect(state.settings == "sort \(title)" && state.reply == "sorted by \(title)")
    }
    state.type("o")
    #expect(state.settings.isEmpty)
    state.type("O")
    #expect(state.settings == "sort bi+bo")
  }

  @Test func theLargestIsFirst() {
    var state = sorted(by: .blocked)
    for number in 1...6 { second(number, [1, 9, 4], on: &state) }
    #expect(order(state) == ["b", "c", "a"])
    state.rearrange { $0.sort = .name }
    #expect(order(state) == ["a", "b", "c"])
  }

  /// Two hosts whose figures cross each second stay where they are.
  @Test func noiseMovesNobody() {
    var state = sorted(by: .blocked)
    for number in 1...6 { second(number, [20, 20, 1], on: &state) }
    let before = order(state)
    for number in 7...100 {
      second(number, number % 2 == 0 ? [18, 22, 1] : [22, 18, 1], on: &state)
      #expect(order(state) == before)
    }
    for number in 101...106 { second(number, [20, 30, 1], on: &state) }
    #expect(order(state).first == "b")
  }

  @Test func whoHasNoFiguresIsLast() {
    var state = sorted(by: .blocked)
    state.apply(.sample(sample("c", night, calm(0))))
    state.apply(.status(HostStatus(host: "a", state: .stale, since: night)))
    state.apply(.tick(night))
    #expect(order(state).first == "c")
  }

  /// The measure: among 120 hosts the worst is on top within two seconds.
  @Test func theWorstOf120IsOnTopWithinTwoSeconds() {
    let names = (1...120).map { "web\($0)" }
    var state = WatchState(hosts: names, columns: 80, rows: 24, now: night)
    func play(_ second: Int, worst: Bool) {
      let now = night.advanced(bySeconds: Double(second))
      for (index, name) in names.enumerated() {
        var figures = calm(Int64(index % 3))
        if index % 20 == 0 { figures[1] = 3 }
        if worst, index == 77 { (figures[0], figures[1]) = (30, 14) }
        state.apply(.sample(sample(name, now, figures)))
      }
      state.apply(.tick(now))
    }
    for second in 1...60 { play(second, worst: false) }
    #expect(order(state).first != "web78")
    for second in 61...62 { play(second, worst: true) }
    #expect(order(state).first == "web78")
    #expect(Screen.render(state).line(2).hasPrefix("web78 "))
  }
}
