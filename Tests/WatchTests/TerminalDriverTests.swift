import Glibc
import Records
import Testing

@testable import Watch

/// The driver on a real pseudo-terminal. One at a time: there is one terminal to a process.
@Suite(.serialized) struct TerminalDriverTests {
  private static let leave = "\u{1B}[?1049l"

  @Test func drawsAndGivesBack() throws {
    let terminal = try PseudoTerminal()
    let before = terminal.modes()
    var driver = try TerminalDriver(
      input: terminal.slave, output: terminal.slave, terminal: "xterm", noColour: false)
    #expect(terminal.modes() != before)
    #expect(driver.size == (80, 24))
    #expect(driver.colours == .eight)
    var state = WatchState(
      hosts: ["web1", "漢字"], columns: 80, rows: 24, now: night, colours: driver.colours,
      ascii: driver.ascii)
    state.apply(.sample(sample("web1", night, calm(17), cpus: 4)))
    driver.draw(Screen.render(state))
    let drawn = terminal.output()
    #expect(drawn.contains("\u{1B}[?1049h"))
    #expect(drawn.contains("web1"))
    #expect(drawn.contains("\u{1B}[31m"), "17 tasks on 4 CPUs are an alarm, and red")
    #expect(drawn.contains(driver.ascii ? "????" : "漢字"))

    driver.draw(Screen.render(state))
    #expect(terminal.output().isEmpty, "the same screen sends nothing")
    state.apply(.sample(sample("web1", night, calm(18), cpus: 4)))
    driver.draw(Screen.render(state))
    #expect((1..<400).contains(terminal.output().utf8.count), "only what changed is sent")

    driver.close()
    #expect(terminal.output().contains(TerminalDriverTests.leave))
    #expect(terminal.modes() == before)
    driver.close()
    driver.draw(Screen.render(state))
    #expect(driver.nextEvent(timeoutMilliseconds: 0) == nil)
    #expect(terminal.output().isEmpty)
  }

  @Test func withoutColours() throws {
    let terminal = try PseudoTerminal()
    var driver = try TerminalDriver(
      input: terminal.slave, output: terminal.slave, terminal: "xterm", noColour: true)
    #expect(driver.colours == .none)
    var state = WatchState(
      hosts: ["web1"], columns: 80, rows: 24, now: night, colours: driver.colours)
    state.apply(.sample(sample("web1", night, calm(17), cpus: 4)))
    driver.draw(Screen.render(state))
    let drawn = terminal.output()
    #expect(drawn.contains("web1"))
    #expect(!drawn.contains("\u{1B}[31m") && !drawn.contains("[36m"))
    driver.close()
  }

  @Test(arguments: [
    ("q", WatchKey.character("q")), ("\r", .enter), ("\u{7F}", .backspace),
    ("\u{15}", .control("u")),
    ("\u{1B}OP", .function(1)), ("\u{1B}OC", .right), ("\u{1B}OD", .left), ("\t", .tab),
    ("\u{1B}OA", .up), ("\u{1B}OB", .down),
    ("\u{1B}[5~", .pageUp), ("\u{1B}[6~", .pageDown), ("\u{1B}OH", .home), ("\u{1B}OF", .end),
    ("\u{1B}", .escape), (" ", .character(" ")),
  ])
  func keys(typed: String, key: WatchKey) throws {
    let terminal = try PseudoTerminal()
    var driver = try TerminalDriver(
      input: terminal.slave, output: terminal.slave, terminal: "xterm")
    #expect(driver.nextEvent(timeoutMilliseconds: 0) == nil)
    terminal.type(typed)
    guard case .key(let pressed) = driver.nextEvent(timeoutMilliseconds: 5000) else {
      Issue.record("no key came of \(typed.debugDescription)")
      return
    }
    #expect(pressed == key)
    driver.close()
  }

  @Test func followsTheSize() throws {
    let terminal = try PseudoTerminal()
    var driver = try TerminalDriver(
      input: terminal.slave, output: terminal.slave, terminal: "xterm")
    terminal.resize(columns: 132, rows: 43)
    guard case .resize(let columns, let rows) = driver.nextEvent(timeoutMilliseconds: 5000) else {
      Issue.record("no resize came")
      return
    }
    #expect((columns, rows) == (132, 43))
    #expect(driver.size == (132, 43))
    // Nothing is drawn here: nobody reads this terminal meanwhile, and a large frame would wait.
    driver.close()
  }

  @Test func aLineThatDropsIsAnInterrupt() throws {
    var terminal = try PseudoTerminal()
    var driver = try TerminalDriver(
      input: terminal.slave, output: terminal.slave, terminal: "xterm")
    terminal.hangUp()
    for _ in 0..<3 {
      guard case .key(.interrupt) = driver.nextEvent(timeoutMilliseconds: 5000) else {
        Issue.record("a terminal that hung up must ask to leave")
        return
      }
    }
    driver.close()
  }

  @Test func aDroppedDriverGivesTheTerminalBack() throws {
    let terminal = try PseudoTerminal()
    let before = terminal.modes()
    do {
      let driver = try TerminalDriver(
        input: terminal.slave, output: terminal.slave, terminal: "xterm")
      #expect(driver.size.rows == 24)
      #expect(throws: TerminalError.alreadyOpen) {
        _ = try TerminalDriver(input: terminal.slave, output: terminal.slave, terminal: "xterm")
      }
    }
    #expect(terminal.modes() == before)
    #expect(terminal.output().contains(TerminalDriverTests.leave))
  }

  @Test func theFatalPathGivesTheTerminalBackOnce() throws {
    let terminal = try PseudoTerminal()
    let before = terminal.modes()
    var driver = try TerminalDriver(
      input: terminal.slave, output: terminal.slave, terminal: "xterm")
    _ = terminal.output()
    TerminalDriver.restoreAfterSignal()
    #expect(terminal.modes() == before)
    #expect(terminal.output().contains(TerminalDriverTests.leave))
    TerminalDriver.restoreAfterSignal()
    #expect(terminal.output().isEmpty)
    driver.close()
    TerminalDriver.restoreAfterSignal()
    #expect(terminal.modes() == before)
  }

  @Test func signalsAreAsBefore() throws {
    func handlers() -> [UInt] {
      [SIGINT, SIGTERM, SIGTSTP, SIGWINCH].map { number in
        var action = sigaction()
        sigaction(number, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self)
      }
    }
    let terminal = try PseudoTerminal()
    let before = handlers()
    var driver = try TerminalDriver(
      input: terminal.slave, output: terminal.slave, terminal: "xterm")
    driver.close()
    #expect(handlers() == before)
  }

  @Test(arguments: [
    ("dumb", TerminalError.noCursorAddressing("dumb")), ("", .unknownTerminal("")),
    ("no-such-terminal", .unknownTerminal("no-such-terminal")),
  ])
  func refusesWhatItCannotDrive(name: String, error: TerminalError) throws {
    let terminal = try PseudoTerminal()
    #expect(throws: error) {
      _ = try TerminalDriver(input: terminal.slave, output: terminal.slave, terminal: name)
    }
    #expect(terminal.output().isEmpty)
    #expect(error.description.contains("--plain"))
  }

  @Test func refusesWhatIsNoTerminal() throws {
    let terminal = try PseudoTerminal()
    let null = open("/dev/null", O_RDWR)
    defer { close(null) }
    #expect(throws: TerminalError.notATerminal(descriptor: null)) {
      _ = try TerminalDriver(input: terminal.slave, output: null, terminal: "xterm")
    }
    #expect(throws: TerminalError.notATerminal(descriptor: null)) {
      _ = try TerminalDriver(input: null, output: terminal.slave, terminal: "xterm")
    }
  }
}
