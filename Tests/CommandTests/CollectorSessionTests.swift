import Foundation
import Records
import TestSupport
import Testing
import Wire

/// Questions travel over the sessions of a collector that runs: real sshd, resident agent, collector.
@Suite(
  .enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)),
  .enabled(if: Machine.has("sqlite3"), Comment(rawValue: needsSQLite)),
  .enabled(if: hasAgent, "culprit-agent isn't built beside culprit"),
  .enabled(if: Machine.hasLoad, Comment(rawValue: Machine.needsLoad)),
  .enabled(if: Machine.isRoot, "needs root: descriptors of others"), .live)
struct CollectorSessionTests {
  /// A fleet of one host, `web1`, with a resident agent, and what collects from it.
  private final class Site {
    static let agentPath = Machine.executable("culprit-agent")

    let fleet: LoopbackFleet
    let agent: Program
    private(set) var collector: Program?

    var home: CulpritHome { fleet.home }
    var socket: String { home.folder.file("a.sock") }
    var questions: String { home.db + "-socket" }
    var words: [String] { ["--db", home.db] + fleet.arguments }

    static func start(interval: String = "1s") async throws -> Site {
      let home = try CulpritHome()
      try home.folder.write("control = true\n", to: "agent.toml")
      let socket = home.folder.file("a.sock")
      let agent = try Program([
        agentPath, "run", "--socket", socket, "--spool", home.folder.file("spool"), "--interval",
        interval, "--config", home.folder.file("agent.toml"),
      ])
      try await until("the agent to listen", detail: { agent.errorText }) {
        agent.errorText.contains("listening on")
      }
      let fleet = try await LoopbackFleet.start(home: home) { _, _ in
        "exec '\(agentPath)' attach --socket '\(socket)'"
      }
      return Site(fleet, agent)
    }

    private init(_ fleet: LoopbackFleet, _ agent: Program) {
      (self.fleet, self.agent) = (fleet, agent)
    }

    func collect(_ more: [String] = []) async throws {
      let earlier = try await home.number("SELECT count(*) FROM vmstat")
      let program = try home.start(["collect"] + more + words)
      collector = program
      try await until("rows", detail: { program.errorText }) {
        try await home.number("SELECT count(*) FROM vmstat WHERE source = 'agent'") > earlier
      }
    }

    func end(_ signal: Int32 = SIGTERM) async throws -> ProgramResult {
      let program = try #require(collector)
      program.send(signal)
      return try await program.end()
    }

    /// Asks `culprit`, and says whether it went over a session.
    func ask(_ command: [String]) async throws -> (result: ProgramResult, overSession: Bool) {
      let result = try await home.run(command + ["--log-level", "info"] + words)
      return (result, result.errorText.contains("asked over the session of"))
    }
  }

  @Test func questionsAreAnsweredWhileLoginsHang() async throws {
    let site = try await Site.start()
    try await site.collect()
    let lock = try await HeldLock.make(.flock)
    site.fleet.server.pauseLogins()
    defer { site.fleet.server.resumeLogins() }
    // One of its own hangs, and is given up.
    let alone = try site.home.start(
      ["process", "web1", "\(lock.holder)", "--db", site.home.folder.file("none.db")]
        + site.fleet.arguments)
    let process = try await site.ask(["process", "web1", "\(lock.holder)", "--json"])
    #expect(process.result.code == 0 && process.overSession, "\(process.result)")
    let report = try #require(try JSONLines.objects(process.result.outputText).first)
    #expect(report["host"] as? String == "web1" && report["pid"] as? Int == Int(lock.holder))
    let locks = report["locks"] as? [[String: Any]] ?? []
    #expect(locks.contains { $0["waiters"] as? [Int] == lock.waiters.map(Int.init) })
    let suspects = try await site.ask(["suspects", "web1", "--json", "--for", "3s"])
    #expect(suspects.result.code == 0 && suspects.overSession, "\(suspects.result)")
    let line = try JSONLines.objects(suspects.result.outputText).first {
      $0["pid"] as? Int == lock.waiters.first.map(Int.init)
    }
    #expect(line?["wait_reason"] as? String == "file lock", "\(suspects.result)")
    let text = try await site.home.run(["process", "web1", "\(lock.holder)"] + site.words)
    #expect(text.outputText.contains("on web1") && text.error.isEmpty, "\(text)")
    let gone = try await site.ask(["process", "web1", "4194303"])
    #expect(gone.result.code == 1 && gone.overSession && gone.result.output.isEmpty)
    #expect(gone.result.errorText.contains("no process 4194303"), "\(gone.result)")
    let hung = try await alone.end()
    #expect(hung.code == 1 && hung.output.isEmpty, "\(hung)")
    #expect(site.fleet.server.logins == 1)
    try await lock.release()
    #expect(try await site.end().code == 0)
    #expect(!FileManager.default.fileExists(atPath: site.questions))
  }

  @Test func aHostThatIsDownIsSaidSoAndOneThatNobodyRecordsIsLoggedInTo() async throws {
    let site = try await Site.start()
    let port = try LoopbackSocket.freePort()
    try site.fleet.writeFile(
      [1], extra: "[[host]]\nname = \"down\"\naddress = \"127.0.0.1\"\nport = \(port)\n")
    try await site.collect()
    let both = try await site.ask(["suspects", "web1", "down"])
    #expect(both.result.code == 1 && both.overSession, "\(both.result)")
    #expect(both.result.outputText.contains("web1"), "\(both.result)")
    let said = both.result.errorText
    #expect(said.contains("down: the collector isn't connected to it, it is backing-off"))
    #expect(said.contains("culprit check down looks what keeps it"), "\(said)")
    #expect(said.contains("1 of 2 hosts didn't answer: down"), "\(said)")
    #expect(site.fleet.server.logins == 1)
    // By another name nobody records it.
    let place = "\(Machine.user)@\(LoopbackFleet.address(1)):\(site.fleet.server.port)"
    let other = try await site.ask(
      ["process", place, "\(getpid())"] + site.fleet.connection())
    #expect(other.result.code == 0 && !other.overSession, "\(other.result)")
    #expect(other.result.errorText.contains("the collector doesn't record it"))
    #expect(site.fleet.server.logins == 2)
    _ = try await site.end()
  }

  @Test func whoSendsGarbageOrNeverReadsKeepsNobodyOut() async throws {
    let site = try await Site.start()
    try await site.collect()
    let mode = try FileManager.default.attributesOfItem(atPath: site.questions)
    #expect(mode[.posixPermissions] as? Int == 0o600)
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<50 {
      let garbage = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let client = try AgentClient(path: site.questions)
      client.sendRaw(garbage)
      // The name may be as long as what came, so the rest is awaited: but not for ever.
    }
    let request = {
      var encoder = FrameEncoder()
      encoder.append(.request(.recent(seconds: 600)), sequence: 1)
      return [1, 4] + Array("web1".utf8) + encoder.bytes
    }()
    // As many as there is room for say nothing, or don't read, or hang up.
    var idle: [AgentClient] = []
    for number in 0..<100 {
      guard let client = try? AgentClient(path: site.questions) else { break }
      if number % 2 == 0 { client.sendRaw(request) }
      if number % 5 != 0 { idle.append(client) }
    }
    let asked = try await site.ask(["process", "web1", "\(site.agent.pid)", "--json"])
    #expect(asked.result.code == 0, "\(asked.result)")
    idle.removeAll()
    try await until("a question over the session again") {
      try await site.ask(["process", "web1", "\(site.agent.pid)", "--json"]).overSession
    }
    let stream = {
      var encoder = FrameEncoder()
      encoder.append(.request(.stream), sequence: 1)
      return [1, 4] + Array("web1".utf8) + encoder.bytes
    }()
    let client = try AgentClient(path: site.questions)
    client.sendRaw(stream)
    try await client.waitForEnd()
    #expect(client.frames.isEmpty)
    #expect(site.collector?.hasEnded == false)
    #expect(try await site.end().code == 0)
  }

  @Test func aKilledCollectorsSocketIsReplacedAndALongPathIsNoReasonToFail() async throws {
    let site = try await Site.start()
    try await site.collect()
    _ = try await site.end(SIGKILL)
    #expect(FileManager.default.fileExists(atPath: site.questions))
    let alone = try await site.ask(["process", "web1", "\(site.agent.pid)", "--json"])
    #expect(alone.result.code == 0 && !alone.overSession, "\(alone.result)")
    try await site.collect()
    let asked = try await site.ask(["process", "web1", "\(site.agent.pid)", "--json"])
    #expect(asked.result.code == 0 && asked.overSession, "\(asked.result)")
    #expect(try await site.end().code == 0)
    #expect(!FileManager.default.fileExists(atPath: site.questions))

    let long = site.home.folder.file(String(repeating: "x", count: 100) + ".db")
    let collector = try site.home.start(["collect", "--db", long] + site.fleet.arguments)
    try await until("rows", detail: { collector.errorText }) {
      try await site.home.number("SELECT count(*) FROM vmstat", db: long) > 0
    }
    #expect(collector.errorText.contains("too long for a socket"), "\(collector.errorText)")
    let far = try await site.home.run(
      ["process", "web1", "\(site.agent.pid)", "--json", "--db", long] + site.fleet.arguments)
    #expect(far.code == 0, "\(far)")
    collector.send(SIGTERM)
    #expect(try await collector.end().code == 0)
  }

  @Test(
    .enabled(if: Machine.canRunWithoutRights, "needs setpriv, and a build folder all may enter"))
  func anotherUserIsTurnedAway() async throws {
    let site = try await Site.start()
    try await site.collect()
    // Whatever somebody made of the files' rights: who asks is known to the kernel.
    chmod(site.questions, 0o666)
    chmod(site.home.db + "-collector", 0o644)
    let result = try await Program.run(
      Machine.withoutRights + [
        CulpritHome.binary, "process", "web1", "\(site.agent.pid)", "--log-level", "info",
      ] + site.words, environment: site.home.environment)
    #expect(result.code == 1 && result.output.isEmpty, "\(result)")
    #expect(result.errorText.contains("isn't to be asked: "), "\(result)")
    #expect(try await site.ask(["process", "web1", "\(site.agent.pid)"]).overSession)
    #expect(try await site.end().code == 0)
  }

  /// Of a watcher that records, and of an agent that runs for the session only; and a fleet file
  /// that is read again.
  @Test func watchersAndAgentsForASessionTakeQuestionsToo() async throws {
    let fleet = try await LoopbackFleet.start(2) { _, _ in
      "exec '\(Site.agentPath)' run --session --interval 1s"
    }
    try fleet.writeFile([1])
    let home = fleet.home
    let words = ["--db", home.db, "--log-level", "info"] + fleet.arguments
    for command in [["watch", "--json"], ["collect"]] {
      let program = try home.start(command + ["--db", home.db] + fleet.arguments)
      try await until("an answer over the session of \(command)") {
        let result = try await home.run(["process", "web1", "\(program.pid)", "--json"] + words)
        return result.code == 0 && result.errorText.contains("asked over the session of")
      }
      if command == ["collect"] {
        try fleet.writeFile([1, 2])
        program.send(SIGHUP)
        try await until("both over the session of \(command)", detail: { program.errorText }) {
          let result = try await home.run(["suspects", "--for", "1s"] + words)
          return result.code == 0 && !result.errorText.contains("logging in")
        }
        try fleet.writeFile([2])
        program.send(SIGHUP)
        try await until("web1 to be nobody's", detail: { program.errorText }) {
          program.errorText.contains("1 removed")
        }
        try fleet.writeFile([1, 2])
        let both = try await home.run(["suspects", "--for", "1s"] + words)
        #expect(both.code == 0, "\(both)")
        #expect(both.errorText.contains("web1: logging in"), "\(both)")
        #expect(!both.errorText.contains("web2: logging in"), "\(both)")
      }
      program.send(SIGTERM)
      #expect(try await program.end().code == 0)
    }
  }

  @Test func questionsInALoopLeaveTheHistoryExact() async throws {
    let site = try await Site.start(interval: "200ms")
    try await site.collect()
    _ = try await site.end(SIGKILL)
    // For back-fill to have something to do.
    try await Task.sleep(for: .seconds(8))
    try await site.collect()
    var rounds = 0
    var isFilled = false
    while rounds < 8 || !isFilled {
      try #require(rounds < 200)
      let asked = try (0..<3).map { number in
        try site.home.start(
          (number == 0
            ? ["process", "web1", "\(site.agent.pid)"]
            : ["suspects", "web1", "--for", number == 1 ? "30s" : "2s"])
            + ["--json", "--log-level", "info"] + site.words)
      }
      for program in asked {
        let result = try await program.end()
        #expect(result.code == 0, "\(result)")
        #expect(result.errorText.contains("asked over the session of"), "\(result)")
      }
      rounds += 1
      isFilled =
        try await site.home.number("SELECT count(*) FROM server WHERE frames_to_come = 0") == 1
    }
    #expect(try await site.end().code == 0)
    let client = try AgentClient(path: site.socket)
    let kept = try #require(try await client.inventory().held.last)
    let stored = try await site.home.storedRuns("web1", kept.stream)
    let last = try #require(stored.last)
    #expect(stored.missing(in: 1...last).isEmpty, "\(stored.runs)")
    let ticks = try await client.fetchAll(of: kept.stream, to: last)
    #expect(try await site.home.number("SELECT count(*) FROM vmstat") == ticks)
    #expect(try await site.home.number("SELECT count(*) FROM gap") == 0)
    #expect(try await site.home.doubledTicks() == 0)
    #expect(site.fleet.server.logins == 2)
  }
}
