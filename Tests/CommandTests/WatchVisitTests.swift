import Foundation
import TestSupport
import Testing

/// `culprit watch` as a person has it: the built program in a real pseudo-terminal.
@Suite(.live) struct WatchVisitTests {
  private let home: CulpritHome

  init() throws { home = try CulpritHome() }

  /// An hour-old log of db1: a quiet quarter of an hour with two minutes of disk trouble in it.
  private func importSpike() async throws {
    var lines = [
      "procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----",
      " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st",
    ]
    for second in 0..<900 {
      let row =
        (400..<520).contains(second)
        ? " 2 11      0 812344   4616 571800    0    0 90000 20000  900 2100  5  8  7 80  0"
        : " 0  0      0 812344   4616 571800    0    0     5     9  135  168  2  1 97  0  0"
      lines.append(row)
    }
    let log = try home.folder.write(lines.joined(separator: "\n") + "\n", to: "vmstat.log")
    let result = try await home.run(
      "import", "--host", "db1", "--start", "-1h", "--interval", "1s", "--cpus", "4", "--db",
      home.db, log)
    #expect(result.code == 0, "\(result)")
  }

  /// Hosts that are this machine under names of their own.
  private func fleet(_ hosts: [String]) throws -> String {
    try home.folder.write(
      hosts.map { "[[host]]\nname = \"\($0)\"\ntransport = \"local\"\n" }.joined(separator: "\n"),
      to: "fleet.toml")
  }

  private func visit(_ words: [String], columns: Int = 80, rows: Int = 24) throws -> VisitTerminal {
    // Swift's own crash report would wait for a key before the program ends.
    let environment = home.environment.compactMapValues { $0 }
      .merging([
        "TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no",
      ]) { $1 }
    return try VisitTerminal(
      ["env", "-C", home.folder.path, CulpritHome.binary, "watch"] + words,
      environment: environment, columns: columns, rows: rows)
  }

  /// Whether a line begins with the host's name, which is marked while this machine has a burst.
  private func isOf(_ host: String, _ line: String) -> Bool {
    line.hasPrefix("\(host) ") || line.hasPrefix("\(host)! ")
  }

  /// The whole visit: start, search, filter, freeze, zoom, back in time, resize, quit.
  @Test func aWholeVisit() async throws {
    try await importSpike()
    let terminal = try visit(
      ["--utc", "--db", home.db, "--fleet", try fleet(["web1", "web2", "web3", "web4", "db1"])])
    try await terminal.see("5 hosts: 5 connected")
    #expect(terminal.screen.modes.isSuperset(of: [1049, 1000]))
    #expect(terminal.text[1].hasPrefix("host "), "a table beyond four hosts")

    terminal.type("/^web3\r")
    try await terminal.see("/^web3")
    terminal.type("&^web\r")
    try await terminal.see("&^web") { lines in
      !lines.dropFirst().contains { isOf("db1", $0) } && lines.last?.contains("&^web") == true
    }
    terminal.type("&\r")
    try await terminal.see("all hosts again") { $0.contains { isOf("db1", $0) } }
    terminal.type("/we(b\r")
    try await terminal.see("/we(b") { $0.last?.contains("nmatched") == true }
    terminal.type("\u{1B}")

    terminal.type("2")
    try await terminal.see("time     host")
    terminal.type(" ")
    try await terminal.see("FROZEN")
    terminal.type(" ")
    try await terminal.see("unfrozen") { !$0[0].contains("FROZEN") }
    terminal.type("3")
    try await terminal.see("windows") { lines in
      lines.contains { isOf("web3", $0) && $0.contains(" < ") }
    }

    // The spike of an hour ago: `e` goes there, Enter shows its host alone.
    terminal.type("1e")
    try await terminal.see("PAST 20")
    try await terminal.see("db1 on top") {
      isOf("db1", $0[3]) && $0[3].contains(" 11 ")
    }
    terminal.type("\r")
    try await terminal.see("spike ")
    terminal.resize(columns: 120, rows: 40)
    try await terminal.see("the taller screen") { lines in
      lines.count == 40 && lines[38].hasPrefix("recording into ")
        && lines.contains { $0.hasPrefix("spike ") }
    }
    terminal.type("q0")
    try await terminal.see("5 hosts: 5 connected")
    terminal.type("b25:61\r")
    try await terminal.see("is no time")
    terminal.type("S")
    try await terminal.see("the screen is in culprit-")
    let shots = try FileManager.default.contentsOfDirectory(atPath: home.folder.path)
      .filter { $0.hasPrefix("culprit-") && $0.hasSuffix(".txt") }
    #expect(shots.count == 1)
    #expect(home.folder.read(shots.first ?? "").hasPrefix("culprit 5 hosts"))

    terminal.type("q")
    #expect(try await terminal.end() == 0)
    try await terminal.isGivenBack()
    #expect(terminal.screen.surprises.isEmpty)
  }

  /// `--at` without hosts shows those of the history, and connects to none.
  @Test func lastNightWithoutAnyHost() async throws {
    try await importSpike()
    let terminal = try visit(["--db", home.db, "--at", "-46m"])
    try await terminal.see("1 of 1 then")
    #expect(terminal.text[2].hasPrefix("db1"), "one host has a window")
    terminal.type("e")
    try await terminal.see("disk: ")
    terminal.type("\r")
    try await terminal.see("spike ")
    terminal.type("qq")
    #expect(try await terminal.end() == 0)
  }

  @Test func withoutHistoryTheKeysSaySo() async throws {
    let terminal = try visit(["--fleet", try fleet(["web1"])])
    try await terminal.see("1 connected")
    terminal.type("e")
    // A machine with a collector of its own has its history to look into.
    let service = FileManager.default.fileExists(atPath: "/var/lib/culprit/history.db")
    try await terminal.see(service ? "the history " : "start culprit collect, or watch --db FILE")
    terminal.type("q")
    #expect(try await terminal.end() == 0)
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalGivesTheTerminalBack(signal: Int32) async throws {
    let terminal = try visit(["--fleet", try fleet(["web1"])])
    try await terminal.see("1 connected")
    #expect(terminal.modes != terminal.modesBefore)
    terminal.send(signal)
    #expect(try await terminal.end() == 0)
    try await terminal.isGivenBack()
  }

  @Test(arguments: [SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP])
  func aCrashGivesTheTerminalBack(signal: Int32) async throws {
    let terminal = try visit(["--fleet", try fleet(["web1"])])
    try await terminal.see("1 connected")
    terminal.send(signal)
    #expect(try await terminal.end() == -signal, "it still dies of it")
    try await terminal.isGivenBack()
  }

  @Test func aTerminalThatIsGoneEndsIt() async throws {
    let terminal = try visit(["--fleet", try fleet(["web1"])])
    try await terminal.see("1 connected")
    terminal.hangUp()
    #expect(try await terminal.end() >= 0)
  }

  @Test func ctrlZSuspendsAndFgDrawsAgain() async throws {
    let words = ["watch", "--fleet", try fleet(["web1"])].joined(separator: " ")
    let environment = home.environment.compactMapValues { $0 }
      .merging(["TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "PS1": "ready> "]) { $1 }
    let terminal = try VisitTerminal(
      ["bash", "--norc", "--noprofile", "--noediting", "-i"], environment: environment,
      controls: true)
    try await terminal.see("ready>")
    let shell = terminal.modes
    terminal.type("\(CulpritHome.binary) \(words)\n")
    try await terminal.see("1 connected")
    terminal.type("\u{1A}")
    try await terminal.see("Stopped")
    #expect(terminal.modes == shell)
    #expect(terminal.screen.modes.isDisjoint(with: [1049, 1000]))
    terminal.type("fg\n")
    try await until("the screen again") { terminal.screen.modes.contains(1049) }
    try await terminal.see("1 connected")
    terminal.type("q")
    try await until("the shell again") {
      !terminal.screen.modes.contains(1049) && terminal.modes == shell
    }
    terminal.type("exit\n")
    _ = try await terminal.end()
  }

  @Test func wrongRulesAreRefusedWithTheirLine() async throws {
    let rules = try home.folder.write("# mine\ncolour wa >= lots red\n", to: "culprit.conf")
    let terminal = try visit(["--fleet", try fleet(["web1"]), "--config", rules])
    #expect(try await terminal.end() == 2)
    let printed = String(decoding: terminal.raw, as: UTF8.self)
    #expect(printed.contains("culprit.conf:2: “lots” is no number"))
    #expect(!printed.contains("\u{1B}"))
  }

  /// The annotated example is what it says: every rule in it can be taken.
  @Test func theExampleCanBeUsed() async throws {
    let example = try String(
      contentsOfFile: "\(Machine.packageRoot)/config/culprit.conf", encoding: .utf8)
    let rules = example.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix("# colour ") || line.hasPrefix("# bind ") ? String(line.dropFirst(2)) : ""
    }
    #expect(rules.count { !$0.isEmpty } >= 8)
    let file = try home.folder.write(rules.joined(separator: "\n"), to: "culprit.conf")
    let terminal = try visit(["--fleet", try fleet(["web1"]), "--config", file])
    try await terminal.see("1 connected")
    terminal.type("p")
    try await terminal.see("FROZEN")
    terminal.type("q")
    #expect(try await terminal.end() == 0)
  }

  @Test func aTerminalThatCannotIsRefused() async throws {
    var environment = home.environment.compactMapValues { $0 }
    environment["PATH"] = "/usr/bin:/bin"
    environment["TERM"] = "dumb"
    let terminal = try VisitTerminal(
      [CulpritHome.binary, "watch", "--fleet", try fleet(["web1"])], environment: environment)
    #expect(try await terminal.end() == 1)
    #expect(String(decoding: terminal.raw, as: UTF8.self).contains("--plain"))
  }
}
