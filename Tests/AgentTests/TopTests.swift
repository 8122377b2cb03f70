import Foundation
import TestSupport
import Testing

/// `top` on a terminal: keys, suspension, and the terminal as it was.
@Suite(.enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)), .live)
struct TopTests {
  private let terminal: DrainedTerminal
  private let modes: [UInt32]
  private let top: Program

  init() throws {
    terminal = try DrainedTerminal(columns: 90, rows: 24)
    modes = terminal.modes
    top = try Program(
      [
        "sh", "-c", "exec \"$0\" top --interval 200ms --engine proc <\"$1\" >\"$1\"",
        AgentProgram.path, terminal.name,
      ], environment: ["TERM": "xterm"])
  }

  private func look(_ text: String) async throws {
    try await until("“\(text)” on the screen", detail: { terminal.text.joined(separator: "\n") }) {
      terminal.text.contains { $0.contains(text) }
    }
  }

  private func leave(_ how: () -> Void) async throws {
    how()
    #expect(try await top.end().code == 0)
    try await terminal.drain()
    #expect(terminal.modes == modes)
    #expect(terminal.raw.suffix(14) == Array("\u{1B}[?25h\u{1B}[?1049l".utf8)[...])
  }

  @Test func keysHoldTheScreenAndEndIt() async throws {
    try await look("space: hold, q: end")
    terminal.type(" ")
    try await look("held; space: go on, q: end")
    terminal.type(" ")
    try await look("space: hold, q: end")
    try await leave { terminal.type("q") }
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
  func aSignalGivesTheTerminalBack(signal: Int32) async throws {
    try await look("CPUs")
    try await leave { top.send(signal) }
  }

  @Test func suspendedItLeavesTheScreenAndComesBack() async throws {
    try await look("CPUs")
    top.send(SIGTSTP)
    try await TaskState.await(top.pid, "it to stop") { $0.state == "T" }
    try await terminal.drain()
    #expect(terminal.modes == modes)
    terminal.resize(columns: 60, rows: 12)
    top.send(SIGCONT)
    try await look("space: hold, q: end")
    try await leave { terminal.type("q") }
  }
}

/// What the agent says of pasted reports, and to shells.
@Suite(.enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)), .live)
struct ExplainTests {
  private static let stack = """
    [<0>] jbd2_log_wait_commit+0xf1/0x170 [jbd2]
    [<0>] ext4_sync_file+0x1ac/0x3a0 [ext4]
    [<0>] do_fsync+0x38/0x70
    """

  @Test func aPastedStackIsExplained() async throws {
    let folder = try TestFolder()
    let file = try folder.write(Self.stack, to: "stack")
    let text = try await AgentProgram.run(["explain", file])
    #expect(text.code == 0 && text.outputText.contains("next step"), "\(text)")
    let json = try await AgentProgram.run(["explain", "--json", file])
    #expect(json.lines.first?.contains("\"class\":\"filesystem-log\"") == true, "\(json)")
    let junk = try folder.write("nothing\u{1B}[31m\n", to: "junk")
    let none = try await AgentProgram.run(["explain", junk])
    #expect(none.code == 1 && none.errorText.contains("no task's stack"), "\(none)")
    #expect(try await AgentProgram.run(["explain", folder.file("no")]).code == 1)
  }

  @Test(.enabled(if: Machine.has("bash"), "needs bash"))
  func bashCompletesVerbsOptionsAndValues() async throws {
    func complete(_ words: String) async throws -> [Substring] {
      let script = """
        source <("$0" completion bash)
        COMP_WORDS=(culprit-agent \(words)); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _culprit_agent; echo "${COMPREPLY[@]}"
        """
      let result = try await Program.run(["bash", "-c", script, AgentProgram.path])
      #expect(result.code == 0 && result.error.isEmpty, "\(result)")
      return result.outputText.split(whereSeparator: \.isWhitespace)
    }
    #expect(try await complete("s") == ["suspects"])
    #expect(try await complete("suspects --e") == ["--engine"])
    #expect(try await complete("suspects --engine b") == ["bpf"])
    #expect(try await complete("doctor --").contains("--check"))
  }
}
