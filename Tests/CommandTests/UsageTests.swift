import Foundation
import TestSupport
import Testing

/// Help, wrong use, exit codes.
@Suite(.live) struct UsageTests {
  /// Those that ask or write a history, and those that don't.
  private static let historyCommands = [
    "watch", "collect", "hosts", "spikes", "show", "import", "export", "suspects",
    "process", "trace",
  ]
  private static let commands =
    historyCommands + ["check", "enrol", "explain", "traces", "deploy"]

  @Test func helpNamesEveryCommandAndTheExitCodes() async throws {
    let result = try await CulpritHome().run("--help")
    #expect(result.code == 0)
    #expect(result.error.isEmpty)
    for command in Self.commands { #expect(result.outputText.contains("\n  \(command) ")) }
    #expect(result.outputText.contains("EXIT CODES"))
  }

  @Test(arguments: commands) func eachCommandHasHelpWithExamples(command: String) async throws {
    let result = try await CulpritHome().run(command, "--help")
    #expect(result.code == 0)
    #expect(result.outputText.contains("culprit \(command)"))
    #expect(result.outputText.contains("EXAMPLES"))
    #expect(
      result.outputText.contains("--db <file>") == Self.historyCommands.contains(command))
  }

  @Test func theVersionNamesProductAndProtocol() async throws {
    let result = try await CulpritHome().run("--version")
    #expect(result.code == 0)
    let isVersion =
      try /culprit \d+\.\d+\.\d+ \(remote command protocol \d+\)\n+/
      .wholeMatch(in: result.outputText) != nil
    #expect(isVersion, "\(result)")
  }

  @Test func theBenchmarksHaveHelp() async throws {
    let result = try await Program.run([Machine.executable("culprit-bench"), "--help"])
    #expect(result.code == 0)
    #expect(result.outputText.contains("fanin"))
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionScriptsAreGenerated(shell: String) async throws {
    let result = try await CulpritHome().run("--generate-completion-script", shell)
    #expect(result.code == 0)
    for command in Self.commands { #expect(result.outputText.contains(command)) }
    #expect(result.outputText.contains("accept-new"))
    if shell == "bash" {
      let check = try await Program.run(["bash", "-n"], input: result.output)
      #expect(check.code == 0, "\(check)")
    }
  }

  /// A message that nobody can read is no reason to crash.
  @Test(arguments: ["hosts --db nosuch.db", "spikes --db nosuch.db", "check --ssh-config nosuch x"])
  func aClosedStandardErrorIsNoCrash(words: String) async throws {
    let result = try await Program.run([
      "bash", "-c", "\(Machine.executable("culprit")) \(words) 2>&1 | true; echo ${PIPESTATUS[0]}",
    ])
    // 0 where standard output was the first to be found closed.
    #expect(
      ["0", "1", "2"].contains(result.outputText.trimmingCharacters(in: .newlines)), "\(result)")
  }

  /// Wrong use is told on standard error with exit code 2, and nothing else happens.
  @Test(arguments: [
    (["bogus"], "bogus"),
    (["watch", "--bogus"], "--bogus"),
    (["watch", "--plain", "--json"], "--plain and --json"),
    (["watch", "web[1"], "web[1-20]"),
    (["watch", "web[3-1]"], "backwards"),
    (["watch", "web[1-99999999]"], "more than"),
    (["watch", "--", "-oProxyCommand=evil"], "is no host"),
    (["watch", "web1:99999"], "is no host"),
    (["watch", "web1:0"], "is no host"),
    (["watch", "@:web1"], "no host has the tag"),
    (["watch", "user@"], "is no host"),
    (["watch", "web 1"], "is no host"),
    (["watch", "\u{1B}[31mred"], "without its"),
    (["watch", "\u{1B}]0;title\u{7}"], "is no host"),
    (["watch", "@\u{1B}c"], "no host has the tag"),
    (["watch", "@web"], "@web"),
    (["watch", "--for", "0s", "local"], "--for"),
    (["watch", "--for", "soon", "local"], "--for"),
    (["watch", "--log-level", "loud", "local"], "--log-level"),
    (["watch", "--fleet", "/nonexistent.toml"], "/nonexistent.toml"),
    (["collect", "--json"], "--json"),
    (["collect"], "names no host"),
    (["show"], "<host>"),
    (["show", "web1"], "--at"),
    (["show", "web1", "--at", "25:00"], "--at"),
    (["show", "web1", "--at", "03:12", "--window", "wide"], "--window"),
    (["spikes", "--kind", "network"], "--kind"),
    (["spikes", "--since", "yesterday"], "--since"),
    (["export", "--until"], "--until"),
    (["import", "log"], "--host"),
    (["import", "--host", "web1"], "<file>"),
    (["import", "--host", "a b", "log"], "is no host name"),
    (["import", "--host", "web1", "--cpus", "0", "log"], "--cpus"),
    (["import", "--host", "web1", "--time-zone", "Mars/Base", "log"], "Mars/Base"),
    (["import", "--host", "web1", "--unit", "g", "log"], "--unit"),
  ])
  func wrongUseIsTold(arguments: [String], words: String) async throws {
    let home = try CulpritHome()
    let result = try await home.run(arguments)
    #expect(result.code == 2, "\(result)")
    #expect(result.output.isEmpty)
    #expect(result.errorText.contains(words), "\(result)")
    #expect(result.firstControl == nil)
  }

  /// What fails, though it was asked for rightly, is told with exit code 1.
  @Test(arguments: [
    (["hosts"], "no such history"), (["spikes"], "no such history"),
    (["export"], "no such history"), (["show", "web1", "--at", "now"], "no such history"),
    (["watch", "web1", "--for", "1s", "--log-file", "/nonexistent/log"], "/nonexistent/log"),
    (["import", "--host", "web1", "/nonexistent.log"], "/nonexistent.log"),
    (["import", "--host", "web1", "/"], "is a folder"),
  ])
  func failureIsTold(arguments: [String], words: String) async throws {
    let home = try CulpritHome()
    let result = try await home.run(arguments + ["--db", home.db])
    #expect(result.code == 1, "\(result)")
    #expect(result.output.isEmpty)
    #expect(result.errorText.contains(words), "\(result)")
  }
}
