import CSystem
import Foundation

/// The Python server in Resources: as many hosts as you like, in one process.
final class FleetServer: HostServer {
  static let python = "/usr/bin/python3"

  let addresses: [String]
  private let workbench: Workbench
  private let agents: String?
  private var pid: pid_t = 0
  private var input: Int32 = -1
  private var output: Int32 = -1

  /// What the server answers to "stats".
  private struct Stats: Decodable {
    var sessions: Int
    var rowsSent: Int
    var loadLinesSent: Int
    var firstFetch: Double
  }

  /// - Parameter agents: the folder of what the hosts' agents say (`AgentScript`); without it they
  ///   have vmstat alone.
  init(_ workbench: Workbench, hosts: Int, agents: String? = nil) throws {
    self.workbench = workbench
    self.agents = agents
    addresses = (0..<hosts).map { "127.77.\($0 / 250).\($0 % 250 + 1)" }
    try start()
    let isReady = try Pause.until(60) {
      access(workbench.path("fleet.ready"), F_OK) == 0 || !workbench.children.isRunning(pid)
    }
    guard isReady, workbench.children.isRunning(pid) else {
      throw BenchError.serverNotReady(
        name: "the asyncssh server (apt install python3-asyncssh)",
        log: workbench.tail(of: "fleet.log"))
    }
  }

  func reading() throws -> ServerReading {
    let stats = try stats()
    return ServerReading(
      sessions: stats.sessions, lines: Double(stats.rowsSent + stats.loadLinesSent),
      rows: Double(stats.rowsSent))
  }

  /// When the first frames were asked for out of a spool, seconds since the epoch; 0 before.
  func firstFetch() throws -> Double { try stats().firstFetch }

  private func stats() throws -> Stats {
    guard Glibc.write(input, "stats\n", 6) == 6 else {
      throw BenchError.serverSilent(name: "the asyncssh server")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Stats.self, from: Data(try readLine()))
  }

  /// The end of its input ends it.
  func stop() {
    guard pid > 0 else { return }
    close(input)
    close(output)
    workbench.children.end([pid])
    pid = 0
  }

  private func start() throws {
    guard
      let script = Bundle.module.path(
        forResource: "ssh_fleet_server", ofType: "py", inDirectory: "Resources")
    else {
      throw BenchError.missingProgram(
        name: "ssh_fleet_server.py", path: Bundle.module.bundlePath, remedy: "build again")
    }
    let list = addresses.map { $0 + "\n" }.joined()
    var (down, up) = ([Int32](repeating: -1, count: 2), [Int32](repeating: -1, count: 2))
    guard culprit_pipe(&down) == 0, culprit_pipe(&up) == 0 else {
      throw BenchError.system(call: "pipe", reason: errno)
    }
    let log = try workbench.openLog("fleet.log")
    (input, output) = (down[1], up[0])
    defer { for descriptor in [down[0], up[1], log] { close(descriptor) } }
    let agents = self.agents.map { ["--agents", $0] } ?? []
    pid = try workbench.children.startServer(
      [
        FleetServer.python, script, "--addresses", try workbench.write(list, to: "addresses"),
        "--port", "\(workbench.port)", "--authorized-key", workbench.identity + ".pub",
        "--host-key", workbench.hostKey, "--ready-file", workbench.path("fleet.ready"),
      ] + agents, input: down[0], output: up[1], error: log)
  }

  private func readLine() throws -> [UInt8] {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.last != UInt8(ascii: "\n") {
      let count = read(output, &byte, 1)
      if count < 0, errno == EINTR {
        try Interruption.check()
        continue
      }
      guard count == 1 else { throw BenchError.serverSilent(name: "the asyncssh server") }
      line.append(byte)
    }
    return line
  }
}
