import Foundation
import TestSupport
import Testing

/// `culprit watch --view processes` where there is no screen, through the agent of this machine.
@Suite(.live) struct WatchProcessTests {
  private let home: CulpritHome

  init() throws { home = try CulpritHome() }

  /// A process that keeps a CPU busy, so that it is among the first of any machine.
  private func burner() throws -> Program {
    try Program(["sh", "-c", "while :; do :; done"])
  }

  @Test func aLineOfJSONPerProcess() async throws {
    let burner = try burner()
    let result = try await home.run(
      ["watch", "--json", "--view", "processes", "local"], until: "our process"
    ) { program in
      try JSONLines.whole(program).contains { $0["pid"] as? Int == Int(burner.pid) }
    }
    let objects = try JSONLines.objects(result.outputText)
    let line = try #require(objects.last { $0["pid"] as? Int == Int(burner.pid) })
    #expect(line["comm"] as? String == "sh")
    #expect((line["command"] as? String)?.contains("while :; do :; done") == true, "\(line)")
    #expect((line["cpu_percent"] as? Double ?? 0) > 1)
    #expect(line["start_time"] as? Int != nil && line["user"] as? String != nil)
    for name in ["read_bytes", "write_bytes"] {
      // A number, or why there is none.
      #expect(line[name] is Int || line[name] is String, "\(line)")
    }
    #expect(objects.allSatisfy { $0["host"] is String && $0["time"] is String })
    #expect(result.firstControl == nil)
  }

  @Test func plainLines() async throws {
    let burner = try burner()
    let result = try await home.run(
      ["watch", "--plain", "--view", "processes", "local"], until: "our process"
    ) { $0.outputText.contains(" \(burner.pid) ") }
    #expect(result.lines.first?.hasPrefix("TIME     HOST") == true)
    #expect(result.lines.first?.hasSuffix("COMMAND") == true)
    #expect(result.firstControl == nil)
  }

  /// Without an agent nothing is known of processes, and that is said.
  @Test func withoutAnAgent() async throws {
    let result = try await home.run(
      "watch", "--json", "--view", "processes", "--agent", "none", "--for", "3s", "local")
    #expect(result.code == 1 && result.output.isEmpty)
    #expect(result.errorText.contains("no agent told of processes of"), "\(result)")
  }

  @Test(arguments: [
    ["--agent", "sometimes"], ["--no-agent", "--agent", "temporary"], ["--notify", ""],
    ["--view", "everything"],
  ])
  func wrongUse(words: [String]) async throws {
    let result = try await home.run(["watch", "--plain", "--for", "1s"] + words + ["local"])
    #expect(result.code == 2, "\(result)")
  }
}

/// `culprit watch --notify`. A suite of its own: it loads the machine alone.
@Suite(.liveAlone) struct NotifyCommandTests {
  private let home: CulpritHome

  init() throws { home = try CulpritHome() }

  /// The command is told of a burst of this machine: made by tasks that all want to run.
  @Test func aBurstIsToldToACommand() async throws {
    let told = home.folder.file("told")
    let config = try home.folder.write("", to: "empty")
    let watch = try home.start(
      "watch", "--json", "--notify", "cat >>\(told)", "--log-file", config, "local")
    let count = ProcessInfo.processInfo.activeProcessorCount * 4 + 4
    let burners = try (0..<count).map { _ in try Program(["sh", "-c", "while :; do :; done"]) }
    try await until("a burst to be told", detail: { watch.errorText }) {
      home.folder.read("told").contains("\"event\":\"burst-opened\"")
    }
    for burner in burners { burner.send(SIGKILL) }
    for burner in burners { try await burner.end() }
    let first = home.folder.read("told").split(separator: "\n").first.map(String.init)
    let object = try #require(try JSONLines.objects(first ?? "").first)
    #expect(object["trigger"] is String && object["looks"] is Int)
    watch.send(SIGINT)
    #expect(try await watch.end().code == 0)
  }
}

/// The same where a collector records this machine already, and its history is followed.
@Suite(.live) struct FollowedProcessTests {
  @Test func processesOfAFollowedHistory() async throws {
    let home = try CulpritHome()
    // It writes, too: on a machine that is short of CPU time nobody burns enough of it to be told.
    let burner = try Program(
      ["sh", "-c", "while :; do echo x; done >\(home.folder.file("written"))"])
    let collector = try home.start("collect", "--db", home.db, "local")
    let host = ProcessInfo.processInfo.hostName
    try await until("rows of \(host)", detail: { collector.errorText }) {
      try await home.number("SELECT count(*) FROM vmstat") > 2
    }
    let result = try await home.run(
      ["watch", "--json", "--view", "processes", "--db", home.db, "local"], until: "our process"
    ) { program in
      try JSONLines.whole(program).contains { $0["pid"] as? Int == Int(burner.pid) }
    }
    let objects = try JSONLines.objects(result.outputText)
    #expect(objects.contains { $0["pid"] as? Int == Int(burner.pid) }, "\(result)")
    collector.send(SIGTERM)
    try await collector.end()
  }
}
