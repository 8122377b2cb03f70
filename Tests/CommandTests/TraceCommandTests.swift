import Foundation
import TestSupport
import Testing

private let agentPath = Machine.executable("culprit-agent")

/// `culprit trace` and `culprit traces` over a real sshd: hosts that are namespaces of their own, with
/// real workers, real agents and the real strace.
@Suite(
  .enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)),
  .enabled(if: hasAgent, "culprit-agent isn't built beside culprit"),
  .enabled(if: TracedHost.canBeMade, Comment(rawValue: TracedHost.needs)), .live)
struct TraceCommandTests {
  /// web1, web2, … each with workers of its own.
  private struct Site {
    let hosts: [TracedHost]
    let fleet: LoopbackFleet

    static func start(
      _ count: Int = 1, command: String = "'\(agentPath)' run --session --interval 1s",
      seesAll: Bool = false
    ) async throws -> Site {
      var hosts: [TracedHost] = []
      for _ in 0..<count { hosts.append(try await TracedHost.make()) }
      let fleet = try await LoopbackFleet.start(count) { [hosts] number, _ in
        try hosts[number - 1].script(command, seesAll: seesAll)
      }
      return Site(hosts: hosts, fleet: fleet)
    }

    func file(of host: String) -> String? {
      zip(fleet.names, hosts).first { $0.0 == host }?.1.file
    }

    static let what = ["--match", "worker --", "--engine", "strace"]

    var home: CulpritHome { fleet.home }
    var words: [String] { ["--db", home.db] + fleet.arguments }

    func trace(_ more: [String], _ what: [String] = Site.what) async throws -> ProgramResult {
      try await home.run(["trace"] + more + what + words)
    }

    /// A trace that goes on for longer than anybody waits.
    func begin(_ more: [String] = []) async throws -> Program {
      let program = try home.start(
        ["trace", "web1", "--for", "5m", "--log-level", "info"] + more + Site.what + words)
      try await until("it to trace", detail: { program.errorText }) {
        if program.hasEnded { throw TestTrouble("it ended: \(program.errorText)") }
        return hosts[0].traced.count == hosts[0].workers.count
      }
      return program
    }
  }

  @Test func severalHostsAreOneRankingAndAllAreFreeAgain() async throws {
    let site = try await Site.start(2)
    let result = try await site.trace(["web[1-2]", "--for", "1500ms", "--json"])
    #expect(result.code == 0, "\(result)")
    let lines = try JSONLines.objects(result.outputText)
    #expect(lines.count == 7, "\(result)")
    // Those that hammer come first, on both hosts, with the file that they hammer.
    let first = lines.prefix(2).sorted { "\($0["host"] ?? "")" < "\($1["host"] ?? "")" }
    for (host, line) in zip(["web1", "web2"], first) {
      let file = (line["files"] as? [[String: Any]])?.first
      #expect(line["host"] as? String == host, "\(line)")
      #expect(file?["path"] as? String == site.file(of: host), "\(line)")
      #expect(line["sync_calls"] as? Int ?? 0 > 10 && line["engine"] as? String == "strace")
      #expect((line["verdict"] as? String)?.contains("fsync") == true, "\(line)")
    }
    let summary = try #require(lines.last?["summary"] as? [String: Any])
    #expect(summary["matched"] as? Int == 6 && summary["attached"] as? Int == 6)
    #expect(summary["detached_verified"] as? Int == 6, "\(summary)")
    #expect(
      result.errorText.contains("the trace isn't kept: there is no history \(site.home.db)"))
    for host in site.hosts { try await host.awaitFreedom() }

    let text = try await site.trace(["web1", "web2", "--for", "500ms", "--no-record"])
    #expect(text.code == 0 && text.error.isEmpty, "\(text)")
    #expect(text.outputText.contains("web2: detached: 3 of 3 verified"), "\(text)")
    #expect(text.firstControl == nil)
  }

  /// Each of these agents sees all workers, and is asked for its own.
  @Test(
    "the kernel's engine ranks and names the same, and stops nobody",
    .enabled(if: TracedHost.canWatchInKernel, "needs a kernel that can be asked to watch"))
  func inTheKernel() async throws {
    let site = try await Site.start(2, seesAll: true)
    let folders = site.hosts.map { $0.file.split(separator: "/").dropLast().last ?? "?" }
    for (host, folder) in zip(["web1", "web2"], folders) {
      let result = try await site.trace(
        [host, "--for", "1500ms", "--json"], ["--match", "worker --.*\(folder)/"])
      #expect(result.code == 0, "\(result)")
      let lines = try JSONLines.objects(result.outputText)
      let first = try #require(lines.first)
      let file = (first["files"] as? [[String: Any]])?.first
      // Who started the workers may have their words in its command line.
      let summary = try #require(lines.last?["summary"] as? [String: Any])
      let attached = try #require(summary["attached"] as? Int)
      #expect(attached >= 3 && lines.count == attached + 1, "\(result)")
      #expect(first["engine"] as? String == "bpf", "\(first)")
      #expect(file?["path"] as? String == site.file(of: host), "\(first)")
      #expect(first["sync_calls"] as? Int ?? 0 > 10, "\(first)")
      #expect(summary["detached_verified"] as? Int == attached, "\(summary)")
    }
    for host in site.hosts { try await host.awaitFreedom() }
  }

  @Test func itIsKeptAndShownAsItWas() async throws {
    let site = try await Site.start()
    let collector = try site.home.start(["collect"] + site.words)
    try await until("rows", detail: { collector.errorText }) {
      try await site.home.number("SELECT count(*) FROM vmstat WHERE source = 'agent'") > 2
    }
    let logins = site.fleet.server.logins
    let made = try await site.trace(["web1", "--for", "1s", "--json", "--log-level", "info"])
    #expect(made.code == 0, "\(made)")
    #expect(made.errorText.contains("asked over the session of"), "\(made)")
    #expect(made.errorText.contains("kept as trace 1: culprit traces show 1"), "\(made)")
    #expect(site.fleet.server.logins == logins)
    let shown = try await site.home.run("traces", "show", "1", "--json", "--db", site.home.db)
    #expect(shown.code == 0 && shown.output == made.output, "\(shown)\n\(made)")
    // Another order is one of what was kept.
    let sorted = try await site.home.run(
      "traces", "show", "1", "--json", "--sort", "calls", "--top", "1", "--db", site.home.db)
    #expect(sorted.code == 0 && sorted.lines.count == 2, "\(sorted)")
    let text = try await site.trace(["web1", "--for", "1s"])
    let again = try await site.home.run("traces", "show", "2", "--db", site.home.db)
    #expect(text.code == 0 && again.output == text.output, "\(again)\n\(text)")

    let list = try await site.home.run("traces", "web1", "--json", "--db", site.home.db)
    let traces = try JSONLines.objects(list.outputText)
    #expect(traces.map { $0["trace"] as? Int } == [1, 2], "\(list)")
    #expect(traces[0]["host"] as? String == "web1" && traces[0]["attached"] as? Int == 3)
    #expect(traces[0]["selection"] as? String == "--match “worker --”")
    #expect((traces[0]["verdict"] as? String)?.contains("fsync") == true, "\(list)")
    let table = try await site.home.run("traces", "--since", "1h", "--db", site.home.db)
    #expect(table.code == 0 && table.lines.count == 3, "\(table)")
    #expect(table.lines[0].contains("WHOM") && table.lines[1].contains("strace"), "\(table)")
    let rows = try await site.home.run(
      ["show", "web1", "--at", "now", "--window", "2m", "--db", site.home.db])
    #expect(
      rows.lines.contains { $0.hasPrefix("# trace 1 at ") && $0.hasSuffix("traces show 1") },
      "\(rows)")
    #expect(
      try await site.home.sqlite(
        "SELECT host, path FROM traced_file WHERE trace = 1 AND rank = 1 AND sync_calls > 0")
        == ["web1|\(site.hosts[0].file)"])
    let none = try await site.home.run("traces", "show", "3", "--db", site.home.db)
    #expect(none.code == 1 && none.errorText.contains("no trace 3"), "\(none)")
    collector.send(SIGTERM)
    #expect(try await collector.end().code == 0)
    try await site.hosts[0].awaitFreedom()
  }

  @Test("where the connection ends, nobody stays traced")
  func cut() async throws {
    let site = try await Site.start()
    let program = try await site.begin()
    program.send(SIGKILL)
    let result = try await program.end()
    try await site.hosts[0].awaitFreedom()
    #expect(result.output.isEmpty)
  }

  @Test(
    "Ctrl-C ends it with what was seen, over a login and over a collector's session",
    arguments: [false, true])
  func early(overSession: Bool) async throws {
    let site = try await Site.start()
    var collector: Program?
    if overSession {
      let started = try site.home.start(["collect"] + site.words)
      try await until("rows", detail: { started.errorText }) {
        try await site.home.number("SELECT count(*) FROM vmstat WHERE source = 'agent'") > 2
      }
      collector = started
    }
    let program = try await site.begin(["--json"])
    if overSession {
      // What is streamed goes on meanwhile.
      let rows = try await site.home.number("SELECT count(*) FROM vmstat")
      try await until("rows while it traces", detail: { program.errorText }) {
        try await site.home.number("SELECT count(*) FROM vmstat") > rows + 3
      }
      #expect(!program.hasEnded)
    }
    program.send(SIGINT)
    let result = try await program.end()
    try await site.hosts[0].awaitFreedom()
    #expect(result.code == 0 && result.errorText.contains("ended early"), "\(result)")
    #expect(result.errorText.contains("over the session of") == overSession, "\(result)")
    let lines = try JSONLines.objects(result.outputText)
    let summary = try #require(lines.last?["summary"] as? [String: Any])
    #expect(summary["detached_verified"] as? Int == site.hosts[0].workers.count, "\(result)")
    #expect(lines.count == site.hosts[0].workers.count + 1)
    collector?.send(SIGTERM)
    _ = try await collector?.end()
  }

  @Test("neither where the one over whose session it was asked goes on, or goes too")
  func cutBehindACollector() async throws {
    let site = try await Site.start()
    let collector = try site.home.start(["collect"] + site.words)
    try await until("rows", detail: { collector.errorText }) {
      try await site.home.number("SELECT count(*) FROM vmstat WHERE source = 'agent'") > 2
    }
    let first = try await site.begin()
    let busy = try await site.trace(["web1", "--for", "1s"])
    #expect(busy.code == 1 && busy.output.isEmpty, "\(busy)")
    #expect(busy.errorText.contains("one at a time"), "\(busy)")
    first.send(SIGKILL)
    _ = try await first.end()
    try await site.hosts[0].awaitFreedom()
    let second = try await site.begin()
    collector.send(SIGKILL)
    _ = try await collector.end()
    try await site.hosts[0].awaitFreedom()
    let result = try await second.end()
    #expect(result.code == 1 && result.errorText.contains("in the middle of it"), "\(result)")
  }

  @Test func whoIsMatchedIsListedAndNobodyIsTraced() async throws {
    let site = try await Site.start()
    let dry = try await site.trace(["web1", "--dry-run", "--json"])
    #expect(dry.code == 0 && dry.error.isEmpty, "\(dry)")
    let lines = try JSONLines.objects(dry.outputText)
    let summary = try #require(lines.last?["summary"] as? [String: Any])
    #expect(lines.count == 4 && summary["dry_run"] as? Bool == true, "\(dry)")
    #expect(summary["matched"] as? Int == 3 && summary["attached"] as? Int == 0)
    #expect(site.hosts[0].traced.isEmpty)
    let many = try await site.trace(["web1", "--for", "1s", "--max", "2"])
    #expect(many.code == 1 && many.errorText.contains("3 processes match"), "\(many)")
    let nobody = try await site.trace(
      ["web1", "--for", "1s"], ["--match", "nobody has this", "--engine", "strace"])
    #expect(nobody.code == 1 && nobody.errorText.contains("nobody was traced"), "\(nobody)")
    // Here the kernel can't be asked, and the other engine isn't taken unasked.
    let refused = try await site.trace(["web1", "--for", "1s"], ["--match", "worker --"])
    #expect(
      refused.code == 1 && refused.errorText.contains("--engine strace may run"), "\(refused)")
    #expect(site.hosts[0].traced.isEmpty)
  }

  /// Over `attach`, as a forced command runs it.
  @Test func aResidentAgentTracesWhereControlIsOnAndLetsGoWhenItEnds() async throws {
    let folder = try TestFolder()
    let socket = folder.file("a.sock")
    try folder.write("control = true\n", to: "agent.toml")
    let site = try await Site.start(
      command: "'\(agentPath)' attach --key night-shift --socket '\(socket)'")
    let agent = try Program([
      "sh", "-c",
      try site.hosts[0].script(
        "'\(agentPath)' run --socket '\(socket)' --spool none --config "
          + "'\(folder.file("agent.toml"))'"),
    ])
    try await until("the agent to listen", detail: { agent.errorText }) {
      agent.errorText.contains("listening on")
    }
    let result = try await site.trace(["web1", "--for", "1s"])
    #expect(result.code == 0, "\(result)")
    #expect(result.outputText.contains("detached: 3 of 3 verified"), "\(result)")
    let program = try await site.begin()
    let resident = ProcessTree.descendants(of: agent.pid).first {
      ProcessTree.name(of: $0) == "culprit-agent"
    }
    kill(try #require(resident), SIGTERM)
    let ended = try await program.end()
    // What it saw until then may still come, and tell so.
    #expect(
      ended.outputText.contains("detached: 3 of 3 verified")
        || ended.code == 1 && ended.output.isEmpty, "\(ended)")
    #expect(try await agent.end().code == 0)
    try await site.hosts[0].awaitFreedom()
  }

  @Test func withoutControlItIsSaidWhatWouldHelp() async throws {
    let home = try CulpritHome()
    let socket = home.folder.file("a.sock")
    try home.folder.write("control = false\n", to: "agent.toml")
    let agent = try Program([
      agentPath, "run", "--socket", socket, "--spool", "none", "--config",
      home.folder.file("agent.toml"),
    ])
    try await until("the agent to listen", detail: { agent.errorText }) {
      agent.errorText.contains("listening on")
    }
    let fleet = try await LoopbackFleet.start(home: home) { _, _ in
      "exec '\(agentPath)' attach --socket '\(socket)'"
    }
    let result = try await home.run(["trace", "web1", "--suspects"] + fleet.arguments)
    #expect(result.code == 1 && result.output.isEmpty, "\(result)")
    #expect(
      result.errorText.contains(
        "web1: its agent refuses: asking for one process, or for a trace, is off on this host: "
          + "root allows it with `control = true` in /etc/culprit/agent.toml there"), "\(result)")
  }

  @Test func anAgentIsCopiedToAHostThatHasNone() async throws {
    let folder = try TestFolder()
    let places = try folder.makeFolder("places")
    let host = try await TracedHost.make()
    let fleet = try await LoopbackFleet.start(
      lines: [
        "SetEnv PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=\(folder.path) XDG_RUNTIME_DIR=\(places)"
      ]
    ) { _, _ in try host.script("sh -c \"$SSH_ORIGINAL_COMMAND\"") }
    let words = ["trace", "web1", "--for", "1s"] + Site.what + fleet.arguments
    let none = try await fleet.home.run(words)
    #expect(none.code == 1 && none.errorText.contains("no culprit-agent on the host"), "\(none)")
    #expect(none.errorText.contains("--agent temporary"), "\(none)")
    let copied = try await fleet.home.run(words + ["--agent", "temporary", "--json"])
    #expect(copied.code == 0, "\(copied)")
    let lines = try JSONLines.objects(copied.outputText)
    #expect(lines.count == 4, "\(copied)")
    try await host.awaitFreedom()
    #expect(try FileManager.default.contentsOfDirectory(atPath: places) == [])
  }

  @Test(arguments: [
    ["trace"], ["trace", "web1"], ["trace", "--suspects"],
    ["trace", "web1", "--suspects", "--match", "x"], ["trace", "web1", "--match", "("],
    ["trace", "web1", "--match", ""], ["trace", "web1", "--pid", "0"],
    ["trace", "web1", "--suspects", "--for", "6m"],
    ["trace", "web1", "--suspects", "--max", "501"],
    ["trace", "web1", "--suspects", "--top", "0"],
    ["trace", "web1", "--suspects", "--engine", "x"],
    ["trace", "web1", "--suspects", "--sort", "x"],
    ["trace", "web1", "--suspects", "--agent", "none"], ["trace", "web[1-11]", "--suspects"],
    ["traces", "show"], ["traces", "show", "x"], ["traces", "--since", "1h", "--until", "2h"],
  ])
  func wrongUse(words: [String]) async throws {
    let home = try CulpritHome()
    // Only the last of them gets as far as the history.
    _ = try await home.run(
      ["import", "--host", "web1", "--start", "-1h", "--interval", "1s", "--db", home.db, "-"],
      input: "")
    let result = try await home.run(words + ["--db", home.db])
    #expect(result.code == 2 && result.output.isEmpty && !result.error.isEmpty, "\(result)")
  }
}
