import ArgumentParser

/// The hosts' side of a fan-in: many addresses that speak SSH. Its CPU time is not counted.
protocol HostServer: AnyObject {
  var addresses: [String] { get }
  /// What has gone out so far.
  func reading() throws -> ServerReading
  func stop()
}

struct ServerReading {
  /// Commands running now.
  var sessions: Int
  /// Lines sent to all clients since the server began.
  var lines: Double
  /// Those of them that are rows.
  var rows: Double
}

enum ServerKind: String, CaseIterable, ExpressibleByArgument {
  /// OpenSSH's own sshd and a real vmstat for each host.
  case sshd
  /// One process that speaks real SSH for all hosts (Resources/ssh_fleet_server.py).
  case asyncssh

  func start(_ workbench: Workbench, hosts: Int) throws -> any HostServer {
    switch self {
    case .sshd: try SSHDServer(workbench, hosts: hosts)
    case .asyncssh: try FleetServer(workbench, hosts: hosts)
    }
  }
}
