import Records
import Testing

@testable import Watch

@Suite struct RulesTests {
  private func parse(_ text: String) throws(RuleError) -> WatchRules {
    try WatchRules.parse(Array(text.utf8), file: "culprit.conf")
  }

  @Test func everyKindOfRule() throws {
    let rules = try parse(
      """
      # a comment

      colour wa >= 10 warning
        color wa > 30 red
      colour load1 = 1.5 good
      colour /^db|slow/ cyan\r
      bind p freeze
      bind F5 next-view
      bind Ctrl-X quit
      bind Space page-down
      """)
    #expect(rules.role(of: .column(.wa), value: 9) == .plain)
    #expect(rules.role(of: .column(.wa), value: 10) == .warning)
    #expect(rules.role(of: .column(.wa), value: 31) == .named(.red))
    #expect(rules.role(of: .column(.us), value: 99) == nil)
    #expect(rules.role(of: .load1, value: 1.5) == .good)
    #expect(rules.role(ofLine: { "db1 1 2 3" }) == .named(.cyan))
    #expect(rules.role(ofLine: { "web1" }) == nil)
    #expect(rules.keymap[.character("p")] == .freeze)
    #expect(rules.keymap[.function(5)] == .nextView)
    #expect(rules.keymap[.control("x")] == .quit)
    #expect(rules.keymap[.character(" ")] == .pageDown)
  }

  @Test(arguments: [
    ("paint x", 1, "“paint” is no rule; there are “colour” and “bind”"),
    ("\n\ncolour", 3, "expected: colour COLUMN >= VALUE COLOUR"),
    ("colour wa >= 10", 1, "expected: colour COLUMN"),
    ("colour zz >= 1 red", 1, "“zz” is no column; there are r b swpd"),
    ("colour wa => 1 red", 1, "“=>” is no comparison; there are >= > <= < ="),
    ("colour wa >= ten red", 1, "“ten” is no number"),
    ("colour wa >= nan red", 1, "“nan” is no number"),
    ("colour wa >= 1 purple", 1, "“purple” is no colour; there are plain good warning alarm"),
    ("colour /web red", 1, "“/” without its second one"),
    ("colour // red", 1, "an empty regular expression"),
    ("colour /we(b/ red", 1, "/we(b/ is no regular expression: "),
    ("colour /web/", 1, "no colour; there are"),
    ("bind p", 1, "expected: bind KEY ACTION"),
    ("bind p sleep", 1, "“sleep” is no action; there are table merged split"),
    ("bind pp freeze", 1, "“pp” is no key; there are one character"),
    ("bind F13 freeze", 1, "“F13” is no key"),
    ("bind Ctrl-C freeze", 1, "“Ctrl-C” is no key"),
    ("bind Ctrl-Z freeze", 1, "“Ctrl-Z” is no key"),
    ("bind q freeze\nbind Q freeze\nbind F10 freeze", 3, "no key is left to quit with"),
  ])
  func wrongOnesAreRefused(text: String, line: Int, reason: String) {
    do throws(RuleError) {
      _ = try parse(text)
      Issue.record("was taken: \(text)")
    } catch {
      #expect(error.line == line && error.file == "culprit.conf")
      #expect(error.reason.hasPrefix(reason) || error.reason.contains(reason), "\(error)")
      #expect(error.description.hasPrefix("culprit.conf:\(line): "))
    }
  }

  @Test func whatIsNotUTF8IsRefusedWithItsLine() {
    #expect(throws: RuleError(file: "f", line: 2, reason: "not UTF-8")) {
      _ = try WatchRules.parse(Array("# fine\n".utf8) + [0xC3, 0x28], file: "f")
    }
  }

  @Test func errorsAreHarmless() {
    do throws(RuleError) {
      _ = try parse("colour \u{1B}[2J >= 1 red")
    } catch {
      #expect(!error.description.unicodeScalars.contains { $0.value < 0x20 })
    }
  }

  @Test func tooManyPatternsAreRefused() {
    let text = (0...WatchRules.lineRulesLimit).map { "colour /web\($0)/ red" }
    #expect(throws: RuleError.self) { _ = try parse(text.joined(separator: "\n")) }
  }

  /// Every truncation of a file of rules is taken or refused, and never more than that.
  @Test func truncations() {
    let text = Array("colour wa >= 10 warning\ncolour /^d(b|x){1,3}/ cyan\nbind F5 quit\n".utf8)
    for end in 0...text.count { _ = try? WatchRules.parse(Array(text[..<end]), file: "f") }
  }

  @Test func rulesColourTheScreen() throws {
    let rules = try parse("colour wa >= 10 magenta\ncolour /^db/ cyan\nbind x merged")
    var state = WatchState(
      hosts: ["web1", "db1"], columns: 80, rows: 24, now: night, rules: rules)
    var figures = calm(0)
    figures[15] = 12
    state.apply(.sample(sample("web1", night, figures)))
    state.apply(.sample(sample("db1", night, calm(0))))
    state.apply(.tick(night))
    func roles(_ row: Int, _ screen: Screen) -> Set<ColourRole> {
      Set((0..<80).map { screen[row, $0].style.role })
    }
    var screen = Screen.render(state)
    #expect(roles(2, screen).contains(.named(.magenta)))
    #expect(roles(3, screen).contains(.named(.cyan)))
    state.type("x")
    #expect(state.view == .merged)
    screen = Screen.render(state)
    #expect(roles(3, screen).contains(.named(.cyan)) && !roles(2, screen).contains(.named(.cyan)))
    #expect(screen.line(0).contains("2 merged"))
  }

  /// The help screen lists every action with its keys, as they are bound.
  @Test func helpListsEveryAction() throws {
    let rules = try parse("bind F5 freeze")
    for width in [80, 40] {
      var state = WatchState(hosts: ["a"], columns: width, rows: 24, now: night, rules: rules)
      state.type("h")
      var text = ""
      for _ in 0..<10 {
        text += Screen.render(state).text.joined(separator: "\n")
        state.type("<PageDown>")
      }
      for action in WatchAction.allCases {
        #expect(action.help.count <= 28)
        #expect(text.contains(action.help.prefix(width == 80 ? 28 : 20)), "\(action)")
      }
      #expect(text.contains("Space F5"))
    }
  }
}
