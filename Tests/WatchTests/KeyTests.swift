import Records
import Testing

@testable import Watch

@Suite struct KeyTests {
  private func many(_ count: Int = 60, rows: Int = 24) -> WatchState {
    let hosts = (1...count).map { "web\($0)" }
    var state = WatchState(hosts: hosts, columns: 80, rows: rows, now: night)
    for host in hosts { state.apply(.sample(sample(host, night, calm(1)))) }
    return state
  }

  private func press(_ keys: [WatchKey], _ state: inout WatchState) {
    for key in keys { state.apply(.key(key)) }
  }

  @Test func viewsAreChosen() {
    var state = many()
    press([.character("2")], &state)
    #expect(state.view == .merged)
    press([.tab], &state)
    #expect(state.view == .table)
    press([.tab, .character("1")], &state)
    #expect(state.view == .table)
  }

  @Test(arguments: [WatchKey.character("q"), .interrupt])
  func quits(key: WatchKey) {
    var state = many()
    #expect(!state.wantsQuit)
    press([key], &state)
    #expect(state.wantsQuit)
  }

  @Test func helpComesAndGoes() {
    var state = many()
    for keys: [WatchKey] in [
      [.character("?"), .character("?")], [.character("h"), .escape],
      [.character("?"), .character("2")],
    ] {
      press([keys[0]], &state)
      #expect(state.showsHelp)
      press([keys[1]], &state)
      #expect(!state.showsHelp)
    }
  }

  @Test func theTableScrollsAndStopsAtItsEnds() {
    var state = many()
    press([.up, .home], &state)
    #expect(state.tableRange == 0..<21)
    press([.down, .down], &state)
    #expect(state.tableRange == 2..<23)
    #expect(Screen.render(state).text.last == "2 above; +37 more, quiet: web[24-60]")
    press([.pageDown], &state)
    #expect(state.tableRange == 23..<44)
    press([.end, .down], &state)
    #expect(state.tableRange == 39..<60)
    #expect(Screen.render(state).text.last == "39 above; +0 more")
    press([.pageUp, .home], &state)
    #expect(state.tableRange == 0..<21)
  }

  /// Scrolled back, the rows stay where they are while new ones come.
  @Test func theMergedScrollStandsStillWhenScrolledBack() {
    var state = many()
    press([.character("2"), .pageUp], &state)
    let before = Array(Screen.render(state).text[2..<20])
    for host in 1...5 { state.apply(.sample(sample("web\(host)", night, calm(9)))) }
    #expect(Array(Screen.render(state).text[2..<20]) == before)
    press([.end], &state)
    #expect(state.mergedEnd == nil)
    #expect(Screen.render(state).line(23).contains("web5 "))
    press([.home], &state)
    #expect(Screen.render(state).line(2).contains("web1 "))
    press([.pageDown, .pageDown, .pageDown, .pageDown], &state)
    #expect(state.mergedEnd == nil)
  }

  @Test func forgottenRowsMoveAScrolledScreenOn() {
    var state = many(3)
    press([.character("2")], &state)
    for number in 0..<100 { state.apply(.sample(sample("web1", night, calm(Int64(number % 9))))) }
    press([.home], &state)
    for _ in 0..<(WatchedFleet.mergedCapacity + 50) {
      state.apply(.sample(sample("web2", night, calm(1))))
    }
    let body = Screen.render(state).text[2..<23]
    #expect(body.allSatisfy { $0.contains("web2") })
  }

  @Test func aFrozenScreenShowsWhatWas() {
    var state = many(5)
    state.apply(.tick(night))
    press([.character(" ")], &state)
    let before = Screen.render(state)
    #expect(before.line(0).contains("FROZEN"))
    let later = night.advanced(bySeconds: 60)
    state.apply(.sample(sample("web3", later, calm(99))))
    state.apply(.status(HostStatus(host: "web1", state: .stale, since: later)))
    for _ in 0..<9 { state.apply(.tick(later)) }
    state.apply(.hosts(["web1", "new"]))
    #expect(Screen.render(state) == before)
    press([.character(" ")], &state)
    let after = Screen.render(state)
    #expect(after.line(0).contains("03:13:00") && !after.line(0).contains("FROZEN"))
    #expect(after.text.contains { $0.hasPrefix("new") })
  }

  @Test func aReloadKeepsWhatIsKnown() {
    var state = many(3)
    state.apply(.hosts(["web2", "new", "web2"]))
    #expect(state.fleet.hosts.map(\.name) == ["web2", "new"])
    #expect(state.fleet[host: "web2"]?.sample != nil)
    state.apply(.sample(sample("web1", night, calm(1))))
    #expect(state.fleet[host: "web1"] == nil)
  }

  @Test func rowsProveAConnection() {
    var state = many(1)
    state.apply(.status(HostStatus(host: "web1", state: .stale, since: night)))
    #expect(Screen.render(state).line(2).contains("stale, silent 0s, last row 03:12:00"))
    state.apply(.sample(sample("web1", night, calm(1))))
    #expect(state.fleet[host: "web1"]?.status.state == .connected)
  }

  /// The load average comes with every few rows; it isn't told for news after half a minute.
  @Test func loadsGrowOld() {
    var state = many(1)
    for (second, expected) in [(0, 0.5), (29, 0.5), (31, nil)] as [(Int, Double?)] {
      let time = night.advanced(bySeconds: Double(second))
      state.apply(.sample(sample("web1", time, calm(1), load: second == 0 ? 0.5 : nil)))
      #expect(state.fleet[host: "web1"]?.loadAverage?.oneMinute == expected)
    }
  }
}
