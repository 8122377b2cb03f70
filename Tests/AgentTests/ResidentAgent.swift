import Foundation
import TestSupport

/// A resident agent with sockets and a spool of its own.
final class ResidentAgent {
  let folder: TestFolder
  let spool: String
  private(set) var program: Program
  private let words: [String]

  var socket: String { folder.file("a.sock") }
  var control: String { folder.file("a-control.sock") }

  /// - Parameter program: another copy of the agent, on another disk.
  init(
    _ words: [String] = [], spool: String? = nil, control: Bool = false, syslog: String? = nil,
    program: String = AgentProgram.path
  ) async throws {
    folder = try TestFolder()
    self.spool = spool ?? folder.file("spool")
    try folder.write(
      "control = \(control)\n" + (syslog.map { "syslog = \"\($0)\"\n" } ?? ""), to: "agent.toml")
    self.words =
      [
        program, "run", "--config", folder.file("agent.toml"), "--socket", folder.file("a.sock"),
        "--spool", self.spool,
      ] + words
    self.program = try Program(self.words)
    try await waitUntilItListens()
  }

  private func waitUntilItListens() async throws {
    try await until("the agent to listen", detail: { self.program.errorText }) {
      if program.hasEnded { throw TestTrouble("the agent ended: \(program.errorText)") }
      return program.errorText.contains("listening on")
    }
  }

  /// Starts it anew, once the earlier one has ended.
  func restart() async throws {
    program = try Program(words)
    try await waitUntilItListens()
  }

  func kill() async throws {
    program.send(SIGKILL)
    _ = try await program.end()
  }

  func attach(environment: [String: String] = [:], _ more: [String] = []) throws -> AgentClient {
    AgentClient(
      try TalkingProgram(
        [AgentProgram.path, "attach", "--socket", socket] + more, environment: environment))
  }
}
