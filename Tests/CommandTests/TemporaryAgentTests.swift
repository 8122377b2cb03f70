import Foundation
import TestSupport
import Testing

/// `culprit watch --agent temporary` at a real sshd, on whose hosts no agent is installed.
@Suite(
  "watch --agent temporary", .enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct TemporaryAgentTests {
  private let folder: TestFolder
  private let places: String
  private let fleet: LoopbackFleet

  init() async throws {
    folder = try TestFolder()
    places = try folder.makeFolder("places")
    let bin = try folder.makeFolder("bin")
    // timeout(1) as it is, but that a test may halt what it runs in the middle.
    try folder.writeProgram(
      """
      if [ "$1" = 600 ] && [ -e \(folder.path)/halts ]; then
        head -c 1000000; touch \(folder.path)/halted
        while [ -e \(folder.path)/halts ]; do sleep 0.1; done
      fi
      shift; exec "$@"
      """, to: "bin/timeout")
    fleet = try await LoopbackFleet.start(
      1,
      lines: [
        "SetEnv PATH=\(bin):/usr/bin:/bin HOME=\(folder.path) XDG_RUNTIME_DIR=\(places)"
      ])
  }

  /// What is left where temporary folders are made.
  private var left: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: places)) ?? ["?"]
  }

  private func watch(_ words: String...) throws -> Program {
    try fleet.home.start(
      ["watch", "--json", "--log-level", "info", "--agent", "temporary"] + fleet.arguments + words)
  }

  private func isRunning(_ program: Program) throws -> Bool {
    try JSONLines.whole(program).contains { $0["source"] as? String == "agent" }
  }

  /// Everything that ran for the session is gone, and so is the folder.
  private func nothingIsLeft(_ when: String) async throws {
    try await until(
      "nothing to be left \(when)", detail: { "\(left) \(fleet.server.sessionProcesses)" }
    ) {
      left.isEmpty && fleet.server.sessionProcesses.isEmpty
    }
  }

  @Test(
    "its rows come, and nothing is left, from the start on", arguments: ["libssh2", "openssh"])
  func works(transport: String) async throws {
    let text = fleet.home.folder.read("fleet.toml")
      .replacing("[defaults]\n", with: "[defaults]\ntransport = \"\(transport)\"\n")
    try fleet.home.folder.write(text, to: "fleet.toml")
    let program = try watch()
    try await until("rows", detail: { program.errorText }) { try isRunning(program) }
    #expect(program.errorText.contains(", temporary"))
    #expect(left.isEmpty, "it runs, and its file is gone")
    program.send(SIGINT)
    let result = try await program.end()
    #expect(result.code == 0, "\(result.errorText)")
    try await nothingIsLeft("after a normal end")
  }

  @Test("killed in the middle, it leaves nothing", arguments: [false, true])
  func killed(inUpload: Bool) async throws {
    if inUpload { try folder.write("", to: "halts") }
    let program = try watch()
    try await until("it to be in the middle", detail: { program.errorText }) {
      inUpload
        ? FileManager.default.fileExists(atPath: folder.file("halted"))
        : try isRunning(program)
    }
    #expect(left.count == (inUpload ? 1 : 0))
    program.send(SIGKILL)
    try await program.end()
    try? FileManager.default.removeItem(atPath: folder.file("halts"))
    try await nothingIsLeft("after kill -9 of culprit")
  }

  /// As a network does that goes down: sshd's own processes are gone, nobody tells the rest.
  @Test("a connection that is cut in the upload leaves nothing, and the next one works")
  func cut() async throws {
    try folder.write("", to: "halts")
    let program = try watch()
    try await until("it to be in the middle", detail: { program.errorText }) {
      FileManager.default.fileExists(atPath: folder.file("halted"))
    }
    let before = left
    #expect(before.count == 1)
    for pid in fleet.server.sessionProcesses where ProcessTree.name(of: pid).hasPrefix("sshd") {
      kill(pid, SIGKILL)
    }
    try? FileManager.default.removeItem(atPath: folder.file("halts"))
    try await until("the folder to go", detail: { "\(left)" }) { !left.contains(before[0]) }
    try await until("rows", detail: { program.errorText }) { try isRunning(program) }
    program.send(SIGINT)
    try await program.end()
    try await nothingIsLeft("after the next connection")
  }

  @Test("where the agent is killed there, it is sent again, and nothing is left")
  func agentKilled() async throws {
    let program = try watch()
    try await until("rows", detail: { program.errorText }) { try isRunning(program) }
    let agents = fleet.server.sessionProcesses.filter {
      ProcessTree.name(of: $0).hasPrefix("culprit-agent")
    }
    #expect(!agents.isEmpty)
    for pid in agents { kill(pid, SIGKILL) }
    let rows = try JSONLines.whole(program).count
    try await until("rows again", detail: { program.errorText }) {
      try JSONLines.whole(program).count > rows + 3
    }
    program.send(SIGINT)
    try await program.end()
    try await nothingIsLeft("after the agent was killed")
  }

  @Test("a host where it can't work is read through vmstat, and says why")
  func fallsBack() async throws {
    try folder.writeProgram("echo Linux mips", to: "bin/uname")
    let program = try watch()
    try await until("rows", detail: { program.errorText }) {
      try JSONLines.whole(program).contains { $0["source"] as? String == "vmstat" }
    }
    #expect(program.errorText.contains("vmstat: no temporary agent: it is Linux mips"))
    program.send(SIGINT)
    try await program.end()
    try await nothingIsLeft("after vmstat")
  }
}
