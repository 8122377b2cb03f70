import Foundation
import TestSupport

/// Several hosts on one real sshd, and the fleet file that names them.
final class LoopbackFleet {
  let server: SSHServer
  let home: CulpritHome
  let names: [String]

  private init(server: SSHServer, home: CulpritHome, names: [String]) {
    self.server = server
    self.home = home
    self.names = names
  }

  /// Hosts `web1` to `webN` on 127.0.0.2 and up.
  ///
  /// - Parameter script: what each runs instead of vmstat, by its number from 1.
  static func start(
    _ count: Int = 1, lines: [String] = [], home: CulpritHome? = nil,
    script: ((Int, CulpritHome) throws -> String)? = nil
  ) async throws -> LoopbackFleet {
    let home = try home ?? CulpritHome()
    var options = SSHServer.Options(
      addresses: (1...count).map(LoopbackFleet.address), lines: lines)
    if let script {
      for number in 1...count {
        options.scripts[LoopbackFleet.address(number)] = try script(number, home)
      }
    }
    let server = try await SSHServer.start(options)
    let fleet = LoopbackFleet(server: server, home: home, names: (1...count).map { "web\($0)" })
    try fleet.writeFile(Array(1...count))
    return fleet
  }

  static func address(_ number: Int) -> String { "127.0.0.\(number + 1)" }

  var file: String { home.folder.file("fleet.toml") }

  /// Words that make `culprit` use this fleet and read no other settings.
  var arguments: [String] { ["--fleet", file] }

  /// Words for a host that no fleet file names.
  func connection(knownHosts: String? = nil, identity: String? = nil) throws -> [String] {
    [
      "--ssh-config", "none", "--identity", identity ?? server.login.path, "--known-hosts",
      try knownHosts ?? server.knownHosts(),
    ]
  }

  /// `culprit watch --json`, ended when each of `names` has so many rows.
  func watch(
    _ words: [String], rows: Int = 2, of names: [String]? = nil
  ) async throws -> ProgramResult {
    let names = names ?? self.names
    let result = try await home.run(
      ["watch", "--json"] + words, until: "\(rows) rows of each of \(names)"
    ) { program in
      let counts = try JSONLines.rowsByHost(program)
      return names.allSatisfy { counts[$0] ?? 0 >= rows }
    }
    return result
  }

  /// `address:port` of a host.
  func place(_ number: Int = 1) -> String { "\(LoopbackFleet.address(number)):\(server.port)" }

  /// Writes the fleet file with these hosts; odd ones have the tag `odd`, even ones `even`.
  func writeFile(_ numbers: [Int], extra: String = "") throws {
    var text = """
      [defaults]
      user = "\(Machine.user)"
      port = \(server.port)
      identity = "\(server.login.path)"
      known_hosts = "\(try server.knownHosts())"
      ssh_config = "none"


      """
    for number in numbers {
      text += """
        [[host]]
        name = "web\(number)"
        address = "\(LoopbackFleet.address(number))"
        tags = ["\(number % 2 == 0 ? "even" : "odd")"]


        """
    }
    try home.folder.write(text + extra, to: "fleet.toml")
  }
}
