import Foundation
import Records
import TestSupport
import Wire

/// Hosts in network namespaces, each with an sshd and a resident agent of its own, and a collector
/// that reaches them with a key that opens nothing but `attach`.
final class NamespaceFleet {
  static let agentPath = Machine.executable("culprit-agent")

  let home: CulpritHome
  let spaces: NetworkNamespaces
  private let key: KeyPair
  private var servers: [Program] = []
  private(set) var agents: [Program] = []
  private(set) var collector: Program?

  var folder: TestFolder { home.folder }
  var count: Int { spaces.count }
  func name(_ index: Int) -> String { "host\(index)" }
  func socket(_ index: Int) -> String { folder.file("h\(index)/a.sock") }

  static func start(_ count: Int) async throws -> NamespaceFleet {
    let fleet = try await NamespaceFleet(
      home: CulpritHome(), spaces: NetworkNamespaces.make(count))
    for index in 0..<count { try fleet.startHost(index) }
    for index in 0..<count { try await fleet.awaitHost(index) }
    return fleet
  }

  private init(home: CulpritHome, spaces: NetworkNamespaces) async throws {
    self.home = home
    self.spaces = spaces
    key = try await KeyPair.make(in: home.folder, name: "login")
    let host = try await KeyPair.make(in: home.folder, name: "host")
    let known = (0..<spaces.count).map { "\(spaces.address($0)) \(host.publicKey)\n" }
    try home.folder.write(known.joined(), to: "known_hosts")
    var fleet = "[defaults]\nuser = \"\(Machine.user)\"\nssh_config = \"none\"\n"
    fleet += "identity = \"\(key.path)\"\nknown_hosts = \"\(home.folder.file("known_hosts"))\"\n"
    for index in 0..<spaces.count {
      fleet += "[[host]]\nname = \"host\(index)\"\naddress = \"\(spaces.address(index))\"\n"
      fleet += "tags = [\"all\"]\n"
    }
    try home.folder.write(fleet, to: "fleet.toml")
    mkdir("/run/sshd", 0o755)
  }

  private func startHost(_ index: Int) throws {
    try folder.makeFolder("h\(index)")
    try folder.write(
      "restrict,command=\"\(Self.agentPath) attach --socket \(socket(index)) --key tests\" "
        + key.publicLine + "\n", to: "h\(index)/authorized_keys")
    let lines = [
      "ListenAddress \(spaces.address(index))", "Port 22", "HostKey \(folder.file("host"))",
      "PidFile none", "AuthorizedKeysFile \(folder.file("h\(index)/authorized_keys"))",
      "StrictModes no", "UsePAM no", "PasswordAuthentication no", "UseDNS no",
      "PermitRootLogin prohibit-password", "PrintMotd no", "MaxStartups 100:30:200",
    ]
    try folder.write(lines.joined(separator: "\n") + "\n", to: "h\(index)/sshd_config")
    servers.append(
      try Program(
        NetworkNamespaces.inside(spaces.host(index)) + [
          "/usr/sbin/sshd", "-D", "-f", folder.file("h\(index)/sshd_config"), "-E",
          folder.file("h\(index)/log"),
        ]))
    agents.append(try agent(index))
  }

  private func agent(_ index: Int) throws -> Program {
    try Program([
      Self.agentPath, "run", "--socket", socket(index), "--spool", folder.file("h\(index)/spool"),
      "--interval", "500ms", "--engine", "proc", "--rows", "10", "--config", "/dev/null",
    ])
  }

  private func awaitHost(_ index: Int) async throws {
    try await until("sshd of host \(index)", detail: { self.folder.read("h\(index)/log") }) {
      folder.read("h\(index)/log").contains("Server listening")
    }
    try await awaitAgent(index)
  }

  private func awaitAgent(_ index: Int) async throws {
    let agent = agents[index]
    try await until("the agent of host \(index)", detail: { agent.errorText }) {
      agent.errorText.contains("listening on")
    }
  }

  // MARK: - What goes wrong

  func startCollector() throws {
    collector = try Program(
      NetworkNamespaces.inside(spaces.centre) + [
        CulpritHome.binary, "collect", "--fleet", folder.file("fleet.toml"), "--db", home.db,
      ], environment: home.environment)
  }

  func killCollector() async throws {
    collector?.send(SIGKILL)
    _ = try await collector?.end()
  }

  /// Orderly: what has come is stored.
  func stopCollector() async throws -> ProgramResult? {
    collector?.send(SIGTERM)
    return try await collector?.end()
  }

  func killAgent(_ index: Int) async throws {
    agents[index].send(SIGKILL)
    _ = try await agents[index].end()
    agents[index] = try agent(index)
    try await awaitAgent(index)
  }

  // MARK: - What must hold

  /// A client at the agent of a host, without SSH.
  func client(_ index: Int) throws -> AgentClient { try AgentClient(path: socket(index)) }
}
