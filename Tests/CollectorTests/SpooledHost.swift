import Foundation
import History
import Logging
import Records
import SSHFleet
import TestSupport
import Wire

@testable import Collector

/// A real agent with a spool, at a real sshd, and a history that the built `culprit` records.
final class SpooledHost {
  static let isPossible =
    Machine.hasSSHD && FileManager.default.isExecutableFile(atPath: agentPath)
    && FileManager.default.isExecutableFile(atPath: culpritPath)
  static let agentPath = Machine.executable("culprit-agent")
  static let culpritPath = Machine.executable("culprit")

  let folder: TestFolder
  let server: SSHServer
  private let words: [String]
  private(set) var agent: Program

  var db: String { folder.file("history.db") }

  init(spool: String = "64MiB", interval: String = "200ms") async throws {
    folder = try TestFolder()
    try folder.write("", to: "agent.toml")
    let socket = folder.file("a.sock")
    words = [
      Self.agentPath, "run", "--config", folder.file("agent.toml"), "--socket", socket,
      "--spool", folder.file("spool"), "--spool-size", spool, "--interval", interval,
    ]
    agent = try Program(words)
    var options = SSHServer.Options()
    options.scripts["127.0.0.1"] = "exec \(Self.agentPath) attach --socket \(socket)"
    server = try await SSHServer.start(options)
    try folder.write(
      """
      [defaults]
      ssh_config = "none"
      identity = "\(server.login.path)"
      known_hosts = "\(try server.knownHosts())"
      [[host]]
      name = "web1"
      address = "127.0.0.1"
      port = \(server.port)
      user = "\(Machine.user)"
      """, to: "fleet.toml")
    try await listens()
  }

  private func listens() async throws {
    try await until("the agent to listen", detail: { self.agent.errorText }) {
      self.agent.errorText.contains("listening on")
    }
  }

  func killAgent() async throws {
    agent.send(SIGKILL)
    try await agent.end()
  }

  func restartAgent() async throws {
    agent = try Program(words)
    try await listens()
  }

  func collect(_ more: [String] = []) throws -> Program {
    try Program(
      [Self.culpritPath, "collect", "--fleet", folder.file("fleet.toml"), "--db", db] + more,
      environment: ["HOME": folder.path, "SSH_AUTH_SOCK": nil, "TZ": "UTC"])
  }

  func run(_ words: [String]) async throws -> ProgramResult {
    try await Program.run(
      [Self.culpritPath] + words + ["--db", db],
      environment: ["HOME": folder.path, "XDG_CONFIG_HOME": folder.path, "TZ": "UTC"])
  }

  func sqlite(_ sql: String) async throws -> [String] {
    let result = try await Program.run(["sqlite3", "-cmd", ".timeout 5000", db, sql])
    guard result.code == 0 else { throw TestTrouble("sqlite3: \(result)") }
    return result.lines
  }

  /// Rows of the history; 0 before there is one.
  func rows() async throws -> Int {
    let result = try await Program.run(
      ["sqlite3", "-cmd", ".timeout 5000", db, "SELECT count(*) FROM vmstat"])
    return result.lines.first.flatMap { Int($0) } ?? 0
  }

  /// What is settled of the host's streams.
  func ledgers() throws -> [StreamID: SequenceSet] {
    let store = try HistoryStore.openReadOnly(path: db)
    defer { try? store.close() }
    return Dictionary(
      uniqueKeysWithValues: try store.ledgers(hosts: ["web1"]).map { ($0.stream, $0.settled) })
  }

  private func target() throws -> FleetTarget {
    FleetTarget(
      name: "web1", address: "127.0.0.1", transport: .libssh2,
      explicit: LinkSettings(
        user: Machine.user, port: server.port, identities: [server.login.path],
        knownHosts: [try server.knownHosts()]), command: "true")
  }

  /// What the agent's spool has of a stream, asked for by a connection of its own.
  func spooled(_ stream: StreamID, through last: UInt64) throws -> [DecodedFrame] {
    var frames: [DecodedFrame] = []
    var next: UInt64 = 1
    while next <= last {
      let span = FrameSpan(stream: stream, first: next, last: last, byteLimit: 4 << 20)
      let replies = try AgentQuestion(.fetch(span)).ask(
        [try target()], options: FakeAgent.options, log: Logger(label: "test"))
      guard let reply = replies.first else { throw TestTrouble("no reply") }
      let found = try reply.outcome.get()
      frames += found.filter { $0.stream == stream }
      guard case .answer(.fetched(let fetched)) = found.last?.frame, fetched.through >= next else {
        return frames
      }
      next = fetched.through + 1
    }
    return frames
  }

  func inventory() throws -> SpoolInventory {
    let replies = try AgentQuestion(.inventory).ask(
      [try target()], options: FakeAgent.options, log: Logger(label: "test"))
    guard case .answer(.inventory(let inventory)) = try replies.first?.outcome.get().last?.frame
    else { throw TestTrouble("no inventory") }
    return inventory
  }
}
