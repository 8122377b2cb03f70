import Bytes
import Records
import Testing

@testable import Watch

@Suite struct NameTests {
  static let hostile = [
    "\u{1B}[31mred\u{1B}]0;title\u{7}", "a\rb\nc\td\u{0}e", "\u{9B}2J\u{85}\u{90}",
    "\u{7F}\u{8}\u{8}",
    "abc\u{202E}fed\u{2066}x\u{2069}\u{200F}\u{061C}", "\u{FEFF}\u{200B}\u{2028}\u{2029}",
    String(repeating: "\u{301}", count: 50), "e" + String(repeating: "\u{300}", count: 200),
    "\u{E0001}\u{E0061}", "❤\u{FE0F}\u{200D}🔥", "🇩🇪", "각한", "ｗｉｄｅ", "שלום",
    "", " ", String(repeating: "x", count: 5000), String(repeating: "漢", count: 300),
  ]

  private func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF:
      false
    default: true
    }
  }

  /// Names, errors and notices as hostile as a host can make them, in every view.
  @Test(arguments: [(80, 24), (40, 10), (20, 5), (200, 60)])
  func nothingHostileReachesTheScreen(columns: Int, rows: Int) {
    for ascii in [false, true] {
      var state = WatchState(
        hosts: NameTests.hostile, columns: columns, rows: rows, now: night, ascii: ascii)
      for (index, name) in NameTests.hostile.enumerated() {
        if index % 2 == 0 { state.apply(.sample(sample(name, night, calm(2)))) }
        let status = HostStatus(
          host: name, state: HostState.allCases[index % HostState.allCases.count], since: night,
          retryAt: night, lastError: name + NameTests.hostile[index / 2])
        state.apply(.status(status))
        state.apply(.notice(name))
        let suspect = Suspect(
          pid: 1, tid: 2, state: name, user: name, waitChannel: name, reason: name, waitSeconds: 1,
          command: name)
        state.apply(.suspects(SuspectReport(host: name, time: night, suspects: [suspect])))
        for view in "123" {
          state.apply(.key(.character(view)))
          for _ in 0..<2 {
            check(Screen.render(state), columns, ascii)
            state.cursor = name
            state.apply(.key(.enter))
          }
          state.apply(.reply(name))
          check(Screen.render(state), columns, ascii)
          state.apply(.key(.character("/")))
          for character in name.prefix(300) { state.apply(.key(.character(character))) }
          check(Screen.render(state), columns, ascii)
          state.apply(.key(.enter))
          check(Screen.render(state), columns, ascii)
          state.apply(.key(.escape))
        }
      }
    }
  }

  private func check(_ screen: Screen, _ columns: Int, _ ascii: Bool) {
    for line in screen.text {
      #expect(line.unicodeScalars.allSatisfy(isHarmless))
      #expect(DisplayWidth.of(line) <= columns)
      if ascii { #expect(line.utf8.allSatisfy { (0x20..<0x7F).contains($0) }) }
    }
  }

  /// What a host says may be ten megabytes long: a line of the screen is all that is made of it.
  @Test(.timeLimit(.minutes(2)))
  func aNameOfTenMegabytes() {
    let name = String(repeating: "x\u{1B}[2J", count: 2_000_000)
    var state = WatchState(hosts: [name, "web1"], columns: 80, rows: 24, now: night)
    state.apply(.sample(sample(name, night, calm(1))))
    state.apply(.status(HostStatus(host: name, state: .stale, since: night, lastError: name)))
    state.apply(.tick(night))
    for view in "123" {
      state.apply(.key(.character(view)))
      check(Screen.render(state), 80, false)
      state.apply(.key(.enter))
      check(Screen.render(state), 80, false)
    }
  }

  /// The figures stand in the same cells, whatever the names are made of.
  @Test(arguments: [
    "日本語ホスト", "cafe\u{301}", "ascii", "e\u{300}\u{301}\u{302}\u{303}", "각", "🔥fire",
  ])
  func namesKeepTheirPlace(name: String) {
    var state = WatchState(hosts: ["plain", name], columns: 80, rows: 24, now: night)
    for host in ["plain", name] { state.apply(.sample(sample(host, night, calm(3), load: 0.5))) }
    for view in "12" {
      state.apply(.key(.character(view)))
      let screen = Screen.render(state)
      let from = view == "1" ? 13 : 20
      for column in from..<80 {
        #expect(screen[2, column].character == screen[3, column].character)
      }
    }
  }

  @Test func aNameTooLongIsCutAndSaysSo() {
    for (text, shown) in [
      ("0123456789", "0123456789"), ("01234567890", "012345678…"), ("漢字漢字漢字", "漢字漢字…"),
      ("漢字漢字x漢", "漢字漢字x…"),
    ] {
      var screen = Screen(columns: 10, rows: 1)
      screen.put(text, row: 0, column: 0)
      #expect(screen.text == [shown])
    }
  }

  @Test func halfAWideCharacterIsNeverLeft() {
    var screen = Screen(columns: 6, rows: 1)
    screen.put("漢字漢", row: 0, column: 0)
    screen.put("x", row: 0, column: 1)
    #expect(screen.text == [" x字漢"])
    screen.put("yy", row: 0, column: 1)
    #expect(screen.text == [" yy 漢"])
    #expect((0..<6).reduce(0) { $0 + screen[0, $1].width } == 6)
  }

  @Test func hostColoursDependOnTheNameAlone() {
    let roles = (1...200).map { ColourRole.host(named: "web\($0)") }
    #expect(Set(roles).count == ColourRole.hostColours)
    #expect(ColourRole.host(named: "web1") == ColourRole.host(named: "web1"))
  }
}
