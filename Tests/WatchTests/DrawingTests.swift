import CNcurses
import Glibc
import Records
import TestSupport
import Testing

@testable import Watch

extension TerminalDriverTests {
  /// What a terminal shows after the driver has sent what changed is what the screen says.
  @Suite struct DrawingTests {
    private func start(
      _ terminal: DrainedTerminal, colourless: Bool = false
    ) throws -> TerminalDriver {
      try TerminalDriver(
        input: terminal.slave, output: terminal.slave, terminal: "xterm-256color",
        noColour: colourless)
    }

    /// Marks aside: the emulator has none. Where libc knows another width for a character, the
    /// driver puts `?` in its place.
    private func text(_ screen: Screen) -> [String] {
      (0..<screen.rows).map { row in
        var line = ""
        for column in 0..<screen.columns where screen[row, column].width > 0 {
          let cell = screen[row, column]
          let isKnown =
            culprit_width(cell.character.value) == cell.width
            && cell.marks.scalars.allSatisfy { culprit_width($0.value) == 0 }
          line +=
            isKnown ? String(cell.character) : String(repeating: "?", count: cell.width)
        }
        while line.last == " " { line.removeLast() }
        return line
      }
    }

    @Test func everySceneAfterTheOther() async throws {
      let terminal = try DrainedTerminal(columns: 80, rows: 24) { DisplayWidth.of($0) }
      var driver = try start(terminal)
      let isASCII = driver.ascii
      for scene in Scene.all + Scene.all.reversed() {
        let screen = Screen.render(scene.state(columns: 80, rows: 24, ascii: isASCII))
        driver.draw(screen)
        let wanted = text(screen)
        try await until(scene.name, detail: { terminal.text.joined(separator: "\n") }) {
          terminal.text == wanted
        }
      }
      driver.close()
      #expect(terminal.screen.surprises.isEmpty)
    }

    /// Whatever names, errors, verdicts and commands hold, only harmless bytes are sent: no
    /// operating system command (titles, OSC 52), no bell, no C1 control, no bidirectional one.
    @Test func nothingHostileIsSent() async throws {
      let terminal = try DrainedTerminal(columns: 80, rows: 24) { DisplayWidth.of($0) }
      var driver = try start(terminal)
      var random = SeededGenerator(seed: 7)
      let names = NameTests.hostile + ["\u{1B}]52;c;ZXZpbA==\u{7}", "\u{1B}P+q\u{1B}\\"]
      var state = WatchState(
        hosts: names, columns: 80, rows: 24, now: night, colours: driver.colours,
        ascii: driver.ascii)
      var wanted: [String] = []
      for step in 0..<120 {
        let name = names.randomElement(using: &random) ?? ""
        let error = names.randomElement(using: &random) ?? ""
        state.apply(.sample(sample(name, night.advanced(bySeconds: Double(step)), calm(2))))
        state.apply(
          .status(
            HostStatus(
              host: name, address: error, state: HostState.allCases[step % 11], since: night,
              lastError: error)))
        let suspect = Suspect(
          pid: 1, tid: 1, state: error, user: error, waitChannel: error, reason: name, command: name
        )
        state.apply(.suspects(SuspectReport(host: name, time: night, suspects: [suspect])))
        state.apply(.notice(error))
        state.apply(.reply(error))
        state.apply(.tick(night.advanced(bySeconds: Double(step))))
        if step % 3 == 0 { state.apply(.key(.character(["1", "2", "3"][step / 3 % 3]))) }
        if step % 7 == 0 { state.apply(.key(.enter)) }
        let screen = Screen.render(state)
        driver.draw(screen)
        wanted = text(screen)
      }
      try await until("the last screen", detail: { terminal.text.joined(separator: "\n") }) {
        terminal.text == wanted
      }
      driver.close()
      #expect(terminal.screen.surprises.isEmpty)
      let sent = String(decoding: terminal.raw, as: UTF8.self)
      #expect(!sent.contains("\u{1B}]") && !sent.contains("\u{1B}P") && !sent.contains("\u{7}"))
      let isHarmless = sent.unicodeScalars.allSatisfy { scalar in
        switch scalar.value {
        case 0x7F..<0xA0, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: false
        default: true
        }
      }
      #expect(isHarmless)
    }

    @Test func theMouseIsOnAndOffAgain() async throws {
      let terminal = try DrainedTerminal(columns: 80, rows: 24) { DisplayWidth.of($0) }
      var driver = try start(terminal)
      try await until("the mouse") { terminal.screen.modes.contains(1000) }
      for (typed, key) in [
        ("\u{1B}[<64;10;5M", WatchKey.wheelUp), ("\u{1B}[<65;10;5M", .wheelDown),
        ("\u{1B}[<0;10;5M", .click(row: 4, column: 9)),
      ] {
        terminal.type(typed)
        var found: WatchKey?
        for _ in 0..<50 where found == nil {
          if case .key(let pressed) = driver.nextEvent(timeoutMilliseconds: 100) { found = pressed }
        }
        #expect(found == key)
      }
      driver.close()
      try await until("no mouse") { terminal.screen.modes.isDisjoint(with: [1000, 1006, 1049]) }
    }

    @Test func aNewSizeIsPaintedWhole() async throws {
      let terminal = try DrainedTerminal(columns: 80, rows: 24) { DisplayWidth.of($0) }
      var driver = try start(terminal)
      var state = MixedFleet.state(columns: 80, rows: 24, ascii: driver.ascii)
      driver.draw(Screen.render(state))
      for (columns, rows) in [(120, 40), (40, 10), (200, 50), (20, 5), (80, 24)] {
        terminal.resize(columns: columns, rows: rows)
        var event: WatchEvent?
        for _ in 0..<50 where event == nil { event = driver.nextEvent(timeoutMilliseconds: 100) }
        state.apply(try #require(event))
        let screen = Screen.render(state)
        driver.draw(screen)
        let wanted = text(screen)
        try await until("\(columns)x\(rows)", detail: { terminal.text.joined(separator: "\n") }) {
          terminal.text == wanted
        }
      }
      driver.close()
    }
  }
}
