import Records
import Testing

@testable import Watch

@Suite struct KeyTests {
  private func many(_ count: Int = 60, rows: Int = 24) -> WatchState {
    let hosts = (1...count).map { "web\($0)" }
    var state = WatchState(hosts: hosts, columns: 80, rows: rows, now: night)
    for host in hosts { state.apply(.sample(sample(host, night, calm(1)))) }
    state.apply(.tick(night))
    return state
  }

  private func unfolded(_ count: Int = 60) -> WatchState {
    var state = many(count)
    state.type("f")
    return state
  }

  @Test func viewsAreChosen() {
    var state = many()
    for (keys, view) in [
      ("2", WatchView.merged), ("<Tab>", .split), ("<Tab>", .processes), ("<Tab>", .table),
      ("3", .split), ("4", .processes), ("1", .table),
    ] {
      state.type(keys)
      #expect(state.view == view)
    }
  }

  @Test(arguments: [(0, WatchView.table), (1, .split), (4, .split), (5, .table), (200, .table)])
  func fewHostsHaveAWindowEach(hosts: Int, view: WatchView) {
    #expect(WatchView.usual(hosts: hosts) == view)
  }

  @Test(arguments: ["q", "Q", "<F10>", "<Ctrl-C>", "/web<Ctrl-C>", "<Enter>qq"])
  func quits(keys: String) {
    var state = unfolded()
    #expect(!state.wantsQuit)
    state.type(keys)
    #expect(state.wantsQuit)
  }

  @Test(arguments: [("h", "h"), ("<F1>", "<Esc>"), ("h", "2"), ("h", "q"), ("h", "<Enter>")])
  func helpComesAndGoes(on: String, off: String) {
    var state = many()
    state.type(on)
    #expect(state.showsHelp)
    state.type(off)
    #expect(!state.showsHelp && !state.wantsQuit)
  }

  @Test func theCursorMovesAndTheTableScrollsWithIt() {
    var state = unfolded()
    #expect(state.tableRange == 0..<21)
    state.type("<Up><Home>")
    #expect(state.tableRange == 0..<21 && state.selectedHost == "web1")
    state.type("<Down>j")
    #expect(state.selectedHost == "web3" && state.tableRange == 0..<21)
    state.type("<PageDown>")
    #expect(state.selectedHost == "web24" && state.tableRange == 3..<24)
    #expect(Screen.render(state).text.last == "3 above; +36 more, quiet: web[25-60]")
    state.type("<End>j")
    #expect(state.selectedHost == "web60" && state.tableRange == 39..<60)
    state.type("k")
    #expect(state.selectedHost == "web59" && state.tableRange == 39..<60)
    state.type("g")
    #expect(state.selectedHost == "web1" && state.tableRange == 0..<21)
  }

  /// The cursor is on a host, not on a line: what Enter shows is what it stood on.
  @Test func theCursorStaysWithItsHost() {
    var state = unfolded()
    state.type("jj")
    for second in 1...5 {
      state.apply(.sample(sample("web50", night.advanced(bySeconds: Double(second)), calm(40))))
      state.apply(.tick(night.advanced(bySeconds: Double(second))))
    }
    #expect(state.fleet.ordered.first?.name == "web50")
    #expect(state.selectedHost == "web3")
    state.type("<Enter>")
    #expect(state.zoomed == "web3")
  }

  @Test func aClickSelectsAndTheWheelMoves() {
    var state = unfolded()
    state.apply(.key(.click(row: 6, column: 10)))
    #expect(state.selectedHost == "web5")
    state.apply(.key(.click(row: 23, column: 0)))
    #expect(state.selectedHost == "web5")
    state.apply(.key(.wheelDown))
    #expect(state.selectedHost == "web8")
    state.apply(.key(.wheelUp))
    #expect(state.selectedHost == "web5")
  }

  @Test func quietHostsAreFoldedWhereTheyHaveNoRoom() {
    var state = many(60)
    let folded = Screen.render(state).text
    #expect(folded[2] == "web[1-60]: quiet (60 hosts)")
    state.type("f")
    #expect(Screen.render(state).line(2).hasPrefix("web1 "))
    state.type("f<Enter>")
    #expect(Screen.render(state).line(2).hasPrefix("web1 "), "Enter unfolds")
    #expect(Screen.render(many(20)).line(2).hasPrefix("web1 "))
  }

  @Test func aHostInTroubleLeavesItsFold() {
    var state = many(60)
    for second in 1...2 {
      let now = night.advanced(bySeconds: Double(second))
      state.apply(.sample(sample("web7", now, calm(40))))
      state.apply(.tick(now))
    }
    let text = Screen.render(state).text
    #expect(text[2].hasPrefix("web7 "))
    #expect(text[3] == "web[1-6,8-60]: quiet (59 hosts)")
  }

  /// Scrolled back, the rows stay where they are while new ones come.
  @Test func theMergedScrollStandsStillWhenScrolledBack() {
    var state = many()
    state.type("2<PageUp>")
    let before = Array(Screen.render(state).text[2..<20])
    for host in 1...5 { state.apply(.sample(sample("web\(host)", night, calm(9)))) }
    #expect(Array(Screen.render(state).text[2..<20]) == before)
    state.type("<End>")
    #expect(state.scrollEnds.isEmpty)
    #expect(Screen.render(state).line(23).contains("web5 "))
    state.type("<Home>")
    #expect(Screen.render(state).line(2).contains("web1 "))
    state.type("<PageDown><PageDown><PageDown><PageDown>")
    #expect(state.scrollEnds.isEmpty)
  }

  @Test func forgottenRowsMoveAScrolledScreenOn() {
    var state = many(3)
    state.type("2")
    for number in 0..<100 { state.apply(.sample(sample("web1", night, calm(Int64(number % 9))))) }
    state.type("<Home>")
    for _ in 0..<(WatchedFleet.mergedCapacity + 50) {
      state.apply(.sample(sample("web2", night, calm(1))))
    }
    let body = Screen.render(state).text[2..<23]
    #expect(body.allSatisfy { $0.contains("web2") })
  }

  @Test func eachWindowScrollsItsOwnRows() {
    var state = WatchState(
      hosts: ["web1", "web2"], columns: 80, rows: 24, now: night, view: .split)
    for second in 0..<60 {
      let now = night.advanced(bySeconds: Double(second))
      for host in ["web1", "web2"] { state.apply(.sample(sample(host, now, calm(1)))) }
    }
    state.type("<Right><PageUp>")
    let text = Screen.render(state).text
    #expect(text[1].hasPrefix("web1 ") && text[11].hasPrefix("03:12:59"))
    #expect(text[12].hasPrefix("web2 <") && text[12].contains("newer below"))
    #expect(!text[22].hasPrefix("03:12:59"))
    state.type("<Enter>")
    #expect(state.zoomed == "web2")
  }

  @Test func aFrozenScreenShowsWhatWas() {
    var state = many(5)
    state.apply(.tick(night))
    state.type("<Space>")
    let before = Screen.render(state)
    #expect(before.line(0).contains("FROZEN"))
    let later = night.advanced(bySeconds: 60)
    state.apply(.sample(sample("web3", later, calm(99))))
    state.apply(.status(HostStatus(host: "web1", state: .stale, since: later)))
    for _ in 0..<9 { state.apply(.tick(later)) }
    state.apply(.hosts(["web1", "new"]))
    #expect(Screen.render(state) == before)
    state.type("<Space>")
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

  @Test func columnGroupsComeAndGo() {
    var state = many(3)
    #expect(Screen.render(state).line(1).contains(" wa "))
    state.type("cc")
    let prompt = Screen.render(state).line(23)
    #expect(prompt.contains("c -cpu") && prompt.contains("i +io"))
    state.type("<Enter>")
    #expect(!Screen.render(state).line(1).contains(" wa "))
    #expect(Screen.render(state).line(23) == "without cpu")
    state.type("2")
    #expect(!Screen.render(state).line(1).contains(" wa"))
    state.type("cc<Esc>")
    #expect(Screen.render(state).line(1).contains(" wa"))
  }

  @Test func marksStandInTheScroll() {
    var state = many(2)
    state.type("2m")
    state.apply(.sample(sample("web1", night, calm(1))))
    let text = Screen.render(state).text
    #expect(text.contains { $0.contains("─ mark ─") })
  }

  @Test func theScreenshotIsAsked() {
    var state = many(2)
    state.type("S")
    #expect(state.takeRequests() == [.screenshot])
    #expect(state.takeRequests().isEmpty)
    for _ in 0..<1000 { state.type("S") }
    #expect(state.takeRequests().count == WatchState.requestsLimit)
  }
}
