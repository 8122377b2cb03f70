import Foundation
import TestSupport
import Testing

/// This machine through the agent: the built one, beside the built `culprit` or in PATH.
@Suite(.enabled(if: hasAgent, "culprit-agent isn't built beside culprit"), .live)
struct LocalAgentTests {
  private let home: CulpritHome

  init() throws { home = try CulpritHome() }

  private static let buildFolder =
    URL(fileURLWithPath: Machine.executable("culprit-agent")).deletingLastPathComponent().path

  /// Two wait for a lock that a third holds: the easiest suspects.
  private final class Waiters {
    let path: String
    private let folder: TestFolder
    private let programs: [Program]

    init() async throws {
      folder = try TestFolder()
      let path = try folder.write("", to: "locked file")
      self.path = path
      let words = ["flock", path, "sleep", "300"]
      programs = [try Program(words), try Program(words), try Program(words)]
      let inode = try #require(
        try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int)
      try await until("two waiters") {
        TestFolder.text("/proc/locks").split(separator: "\n")
          .filter { $0.contains("->") && $0.contains(":\(inode) ") }.count == 2
      }
    }

    var pids: Set<Int> { Set(programs.map { Int($0.pid) }) }
  }

  /// Rows and waiting tasks are recorded, told by every command, and kept thin.
  @Test(.enabled(if: Machine.has("flock"), "needs flock"))
  func rowsAndWaitersAreRecorded() async throws {
    let waiters = try await Waiters()
    let collect = try home.start([
      "collect", "local", "--db", home.db, "--log-level", "info",
    ])
    try await until("the waiters, and rows", detail: { collect.errorText }) {
      let looks = try await home.number(
        "SELECT count(DISTINCT time_ns) FROM suspect WHERE wait_reason = 'file lock' "
          + "AND wait_s > 0 AND command LIKE 'flock \(waiters.path)%'")
      let rows = try await home.number("SELECT count(*) FROM vmstat")
      return looks >= 2 && rows >= 12
    }
    let hosts = try await home.hosts()
    let through = hosts.values.first?["through"] as? String ?? ""
    let isAgent = try /agent \d+\.\d+\.\d+, engine (bpf|proc)/.wholeMatch(in: through) != nil
    #expect(isAgent, "\(hosts)")
    let table = try await home.run("hosts", "--db", home.db)
    #expect(table.outputText.contains("THROUGH") && table.outputText.contains(through), "\(table)")
    #expect(collect.errorText.contains("rows come through \(through)"))

    let host = hosts.keys.first ?? ""
    let show = try await home.run("show", host, "--at", "now", "--window", "10m", "--db", home.db)
    let line = show.lines.first { $0.contains(waiters.path) } ?? ""
    #expect(line.contains(": waiting in ") && line.contains(", for file lock"), "\(show)")
    collect.send(SIGTERM)
    #expect(try await collect.end().code == 0)

    // No row twice, and all of them through the agent.
    #expect(try await home.sqlite("SELECT DISTINCT source FROM vmstat") == ["agent"])
    let rows = try await home.number("SELECT count(*) FROM vmstat")
    #expect(rows >= 12)
    #expect(try await home.number("SELECT count(DISTINCT time_ns / 500000000) FROM vmstat") == rows)
    #expect(
      try await home.number(
        "SELECT count(*) FROM vmstat WHERE us IS NULL OR b IS NULL OR cpus IS NULL") == 0)
    // Load averages as far apart as vmstat's.
    let loads = try await home.number("SELECT count(*) FROM vmstat WHERE load1 IS NOT NULL")
    #expect((1...(rows / 4 + 1)).contains(loads), "\(loads) of \(rows)")
    let seen = try await home.sqlite(
      "SELECT DISTINCT pid FROM suspect WHERE wait_reason = 'file lock' AND source = 'agent'")
    #expect(Set(seen.compactMap(Int.init)).intersection(waiters.pids).count == 2, "\(seen)")
    // Ticks that say the same aren't all kept.
    let looks = try await home.number(
      "SELECT count(DISTINCT time_ns) FROM suspect WHERE pid = \(seen.first ?? "0")")
    #expect(looks < rows, "\(looks) looks, \(rows) rows")
    let exported = try await home.run("export", "--json", "--db", home.db)
    let sources = try JSONLines.objects(exported.outputText).compactMap { $0["source"] as? String }
    #expect(Set(sources) == ["agent"] && sources.count == rows)
  }

  /// A host that has the agent in PATH gives its rows through it, and one without through vmstat;
  /// both say so.
  @Test(arguments: [true, false])
  func agentsOfOtherHostsArePreferred(hasAgent: Bool) async throws {
    let path = hasAgent ? "\(Self.buildFolder):/usr/bin:/bin" : "/usr/bin:/bin"
    let fleet = try await LoopbackFleet.start(2, lines: ["SetEnv PATH=\(path)"], home: home)
    let collect = try home.start(
      ["collect", "--db", home.db, "--log-level", "info"] + fleet.arguments)
    try await until("rows of both", detail: { collect.errorText }) {
      try await home.number(
        "SELECT count(*) FROM (SELECT host FROM vmstat GROUP BY host HAVING count(*) >= 3)") == 2
    }
    let through = try await home.hosts().values.compactMap { $0["through"] as? String }
    #expect(through.count == 2)
    #expect(
      through.allSatisfy {
        hasAgent ? $0.hasPrefix("agent ") : $0 == "vmstat: no culprit-agent there"
      }, "\(through)")
    collect.send(SIGTERM)
    #expect(try await collect.end().code == 0)
    let source = hasAgent ? "agent" : "vmstat"
    #expect(try await home.sqlite("SELECT DISTINCT source FROM vmstat") == [source])
    let plain = try await fleet.watch(fleet.arguments + ["--no-agent"])
    let sources = try JSONLines.objects(plain.outputText).compactMap { $0["source"] as? String }
    #expect(Set(sources) == ["vmstat"])
  }

  @Test(arguments: [([], "agent"), (["--no-agent"], "vmstat")])
  func watchSaysWhatItReads(option: [String], source: String) async throws {
    let result = try await home.run(["watch", "--json", "local"] + option, until: "two rows") {
      try JSONLines.whole($0).count >= 2
    }
    #expect(result.code == 0, "\(result)")
    let rows = try JSONLines.objects(result.outputText)
    #expect(Set(rows.compactMap { $0["source"] as? String }) == [source], "\(result)")
    #expect(rows.allSatisfy { $0["wa"] is Int && $0["cpus"] is Int })
    let plain = try await home.run(
      ["watch", "--plain", "--log-level", "info", "local"] + option, until: "a row"
    ) { $0.outputText.split(separator: "\n").count >= 2 }
    let told = option.isEmpty ? "rows come through agent " : "vmstat: --no-agent was given"
    #expect(plain.errorText.contains(told), "\(plain)")
  }

  /// Beside the rows stands who waits, and gone it is when nobody waits any more.
  @Test(.enabled(if: Machine.has("flock"), "needs flock"))
  func theScreenShowsWhoWaits() async throws {
    let environment = home.environment.compactMapValues { $0 }
      .merging([
        "TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no",
      ]) { $1 }
    let terminal = try VisitTerminal(
      ["env", "-C", home.folder.path, CulpritHome.binary, "watch", "local"],
      environment: environment, columns: 160, rows: 40)
    try await terminal.see("through agent ")
    let file: String
    do {
      let waiters = try await Waiters()
      file = waiters.path
      try await terminal.see("for file lock: flock ")
      #expect(terminal.text.contains { $0.contains("waiting") })
      terminal.type("\r")
      try await terminal.see("waits for             waited command")
      try await terminal.see(file)
    }
    // Others may wait on this machine meanwhile, but not for that file.
    try await terminal.see("no waiter any more") { !$0.contains { $0.contains(file) } }
    terminal.type("q")
    terminal.type("q")
    #expect(try await terminal.end() == 0)
  }

  @Test func theCheckNamesIt() async throws {
    let result = try await home.run("check", "local")
    #expect(result.code == 0, "\(result)")
    let line = result.lines.first { $0.contains("agent") } ?? ""
    #expect(line.contains("ok") && line.contains("engine"), "\(result)")
    let without = try await home.run("check", "--no-agent", "local")
    #expect(without.code == 0, "\(without)")
    #expect(without.outputText.contains("--no-agent was given"), "\(without)")
  }

  // MARK: - Other agents, and none

  /// A `culprit` with nothing beside it, and what it says of an agent in `PATH`.
  private func lone(agent script: String?, until what: String, _ isEnough: (Program) -> Bool)
    async throws -> ProgramResult
  {
    let bin = try home.folder.makeFolder("bin")
    let culprit = "\(bin)/culprit"
    // By another process: see `writeProgram`.
    try await Program.output(
      "sh", "-c", "ln \"$1\" \"$2\" 2>/dev/null || cp \"$1\" \"$2\"", "sh", CulpritHome.binary,
      culprit)
    let other = try home.folder.makeFolder("other")
    if let script {
      try home.folder.writeProgram(script, to: "other/culprit-agent")
    }
    var environment = home.environment
    environment["PATH"] = "\(other):/usr/bin:/bin"
    let program = try Program(
      [culprit, "watch", "--plain", "--log-level", "info", "local"], environment: environment)
    try await until(what, detail: { program.errorText + program.outputText.suffix(500) }) {
      program.hasEnded || isEnough(program)
    }
    program.send(SIGINT)
    return try await program.end()
  }

  private static func hasRow(_ program: Program) -> Bool {
    program.outputText.split(separator: "\n").count >= 2
  }

  @Test func withoutOneItIsVmstat() async throws {
    let result = try await lone(agent: nil, until: "a row", Self.hasRow)
    #expect(
      result.errorText.contains(
        "rows come through vmstat: no culprit-agent beside culprit or in PATH"), "\(result)")
  }

  @Test func theOneInPathIsTaken() async throws {
    let result = try await lone(
      agent: "exec '\(agentBinary)' \"$@\"", until: "a row", Self.hasRow)
    #expect(result.errorText.contains("rows come through agent "), "\(result)")
  }

  @Test func oneThatDoesNotRunIsNone() async throws {
    let result = try await lone(
      agent: "echo 'FATAL: kernel too old' >&2; exit 1", until: "a row", Self.hasRow)
    #expect(
      result.errorText.contains("culprit-agent doesn't run here: FATAL: kernel too old"),
      "\(result)")
  }

  /// What begins as frames and is none is given up, and said so; rows come through vmstat.
  @Test func rubbishIsGivenUp() async throws {
    let result = try await lone(
      agent: """
        [ "$1" = version ] && exec echo culprit-agent 9.9.9
        printf '\\377\\301\\143\\160'
        exec cat /dev/urandom
        """, until: "a row", Self.hasRow)
    #expect(result.errorText.contains("no tick in what the agent sends"), "\(result)")
    #expect(result.errorText.contains("vmstat: its agent is of no use: "), "\(result)")
    #expect(result.firstControl == nil)
  }

  /// One that ends is told in its own words.
  @Test func oneThatEndsIsToldInItsOwnWords() async throws {
    let result = try await lone(
      agent: """
        [ "$1" = version ] && exec echo culprit-agent 9.9.9
        '\(agentBinary)' run --stdout --for 1s; echo 'out of \u{7}patience' >&2; exit 7
        """, until: "its words"
    ) { $0.errorText.contains("the agent ended with status 7: out of") }
    #expect(result.errorText.contains("status 7: out of ␇patience"), "\(result)")
    #expect(result.firstControl == nil)
  }
}

private let agentBinary = Machine.executable("culprit-agent")
let hasAgent = FileManager.default.isExecutableFile(atPath: agentBinary)
