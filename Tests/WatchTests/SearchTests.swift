import Records
import Testing

@testable import Watch

@Suite struct SearchTests {
  private func fleet(_ hosts: [String] = ["web1", "db1", "web2", "db2"]) -> WatchState {
    var state = WatchState(hosts: hosts, columns: 100, rows: 24, now: night)
    for second in 0..<30 {
      let now = night.advanced(bySeconds: Double(second))
      for (index, host) in hosts.enumerated() {
        state.apply(.sample(sample(host, now, calm(Int64(second * 10 + index)))))
      }
    }
    state.apply(.tick(night.advanced(bySeconds: 30)))
    return state
  }

  @Test func hostsAreFoundAndTheSearchGoesAround() {
    var state = fleet()
    let order = state.fleet.ordered.map(\.name).filter { $0.hasPrefix("db") }
    state.type("/^db<Enter>")
    #expect(state.selectedHost == order[0])
    state.type("n")
    #expect(state.selectedHost == order[1])
    state.type("n")
    #expect(state.selectedHost == order[0])
    state.type("N")
    #expect(state.selectedHost == order[1])
    state.type("?^web<Enter>")
    #expect(state.selectedHost?.hasPrefix("web") == true)
    state.type("/nothing<Enter>")
    #expect(state.reply == "no host matches nothing")
  }

  @Test func aFoldedHostIsFound() {
    var state = WatchState(
      hosts: (1...50).map { "web\($0)" } + (1...50).map { "db\($0)" }, columns: 80, rows: 24,
      now: night)
    for host in state.fleet.hosts { state.apply(.sample(sample(host.name, night, calm(0)))) }
    state.apply(.tick(night))
    state.type("/^db7$<Enter>")
    #expect(state.selectedIndex == 1)
    #expect(Screen.render(state).line(3) == "db[1-50]: quiet (50 hosts)")
  }

  /// The line that is found stays on the screen while rows come in.
  @Test func rowsAreFound() {
    var state = fleet()
    state.type("2?^db1 171 <Enter>")
    let found = state.found
    #expect(found?.scroll == .merged)
    for _ in 0..<100 { state.apply(.sample(sample("web1", night, calm(7)))) }
    let screen = Screen.render(state)
    let row = screen.text.firstIndex { $0.contains(" db1  171 ") || $0.contains(" 171  0 ") }
    #expect(row != nil)
    if let row { #expect(screen[row, 0].style.reverse) }
    state.type("n")
    #expect(state.found?.position == found?.position && state.reply?.contains("other end") == true)
    state.type("<Esc>")
    #expect(state.search == nil && state.found == nil)
  }

  @Test func matchesAreReversed() {
    var state = fleet()
    state.type("2/168<Enter>")
    let screen = Screen.render(state)
    for row in 2..<22 {
      let text = Array(screen.line(row))
      let columns = text.indices.dropLast(2).filter { text[$0...($0 + 2)] == ["1", "6", "8"] }
      #expect(!columns.isEmpty)
      for column in columns { #expect(screen[row, column].style.reverse) }
      #expect(!screen[row, (columns.first ?? 1) - 1].style.reverse)
    }
  }

  @Test func filtersKeepAndDrop() {
    var state = fleet()
    state.type("&^db<Enter>")
    #expect(Set(state.fleet.ordered.map(\.name)) == ["db1", "db2"])
    state.type("2")
    #expect(Screen.render(state).text[2..<23].allSatisfy { $0.contains(" db") })
    // Rows that come later are filtered, too.
    state.apply(.sample(sample("web1", night, calm(7))))
    state.apply(.sample(sample("db1", night, calm(7))))
    #expect(Screen.render(state).text[2..<23].allSatisfy { $0.contains(" db") })
    state.type("&!^db1<Enter>")
    #expect(Screen.render(state).text[2..<23].allSatisfy { $0.contains(" db2") })
    #expect(Screen.render(state).line(23).contains("&^db  &!^db1"))
    state.type("3")
    #expect(SplitLayout(state).hosts == ["db2"])
    state.type("1&<Enter>")
    #expect(state.fleet.ordered.count == 4)
    state.type("&none<Enter>")
    #expect(Screen.render(state).line(2) == "no host passes the filter")
  }

  @Test func aWrongPatternChangesNothing() {
    var state = fleet()
    state.type("&db<Enter>&we(b<Enter>")
    #expect(state.prompt?.problem?.isEmpty == false)
    #expect(Screen.render(state).line(23).hasPrefix("&we(b"))
    #expect(Set(state.fleet.ordered.map(\.name)) == ["db1", "db2"])
    state.type("<Backspace>")
    #expect(state.prompt?.problem == nil && state.prompt?.text == "we(")
    state.type("<Esc>")
    #expect(state.prompt == nil)
    #expect(Set(state.fleet.ordered.map(\.name)) == ["db1", "db2"])
  }

  @Test func promptsAreEdited() {
    var state = fleet()
    state.type("/one two")
    state.apply(.key(.control("w")))
    #expect(state.prompt?.text == "one ")
    state.apply(.key(.control("u")))
    #expect(state.prompt?.text == "")
    state.type("first<Enter>/second<Enter>/draft<Up>")
    #expect(state.prompt?.text == "second")
    state.type("<Up><Up>")
    #expect(state.prompt?.text == "first")
    state.type("<Down><Down>")
    #expect(state.prompt?.text == "draft")
    state.apply(.key(.control("u")))
    state.type("<Backspace>")
    #expect(state.prompt == nil)
    state.type("/" + String(repeating: "x", count: 500))
    #expect(state.prompt?.text.utf8.count == Prompt.lengthLimit)
  }

  @Test(arguments: [
    ("a+b", "xaab", true), ("^web[0-9]+$", "web12", true), ("^web$", "web1", false),
    ("db|web", "a web b", true), ("WEB", "web", false), ("web", "WEB", true), ("", "x", true),
  ])
  func patterns(pattern: String, line: String, matches: Bool) throws {
    #expect(try LinePattern(pattern).matches(line) == matches)
  }

  @Test(arguments: [
    "(", "[", "a{", "(a)\\1", "a{2000}", "((a{20}){20}){20}", "x\0y",
    String(repeating: "a", count: 201),
  ])
  func patternsRefused(pattern: String) {
    #expect(throws: LinePattern.Problem.self) { _ = try LinePattern(pattern) }
  }

  /// No pattern and no line of a host can hold the screen up.
  @Test(.timeLimit(.minutes(1)), arguments: ["(a*)*b", "(a|aa)+$", "(x+x+)+y", "([a-z]*)*1"])
  func hostileLinesAreMatchedSoon(pattern: String) throws {
    let line = String(repeating: "ax", count: 5_000_000)
    _ = try LinePattern(pattern).matches(line)
    _ = try LinePattern(pattern).matches(String(repeating: "a", count: 2000))
  }

  @Test func rangesAreBytes() throws {
    #expect(try LinePattern("b+").ranges(in: Array("abbcb".utf8)) == [1..<3, 4..<5])
    #expect(try LinePattern("x*").ranges(in: Array("ab".utf8)).isEmpty)
    #expect(try LinePattern("^a").ranges(in: Array("aaa".utf8)) == [0..<1])
  }
}
