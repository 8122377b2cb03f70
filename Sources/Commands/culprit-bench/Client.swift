import Collector
import Foundation

/// Who collects the rows: each is a process, or as many as there are hosts, measured from outside.
enum Client: String, CaseIterable {
  /// `culprit-bench peer-loop`: the plain loop of CPeerLoop, which counts lines.
  case cLoop = "c-loop"
  /// `culprit collect`, decoding and storing.
  case culprit
  /// One `ssh HOST vmstat 1` each: what multitail runs.
  case openssh

  /// More ssh processes say nothing new: their cost is each one's own.
  static let opensshHostsMax = 50

  var title: String {
    switch self {
    case .cLoop: "C loop over libssh2"
    case .culprit: "culprit collect"
    case .openssh: "ssh HOST vmstat 1"
    }
  }

  /// Whether all hosts share one process, whose own start is then taken off.
  var isOneProcess: Bool { self != .openssh }

  /// One process is compared with itself at a single host, and sshd's own processes share its
  /// libraries: only its heap and stacks tell the hosts. ssh processes share among themselves.
  var memory: ProcessTable.Memory { isOneProcess ? .anonymousPSS : .pss }

  /// Lines per row that real sshd's hosts print for it: culprit's remote command, and the C
  /// loop's, adds a load line to every fifth row.
  var linesPerRow: Double { self == .openssh ? 1 : 1.2 }

  /// The culprit executable beside this one; `nil` where it isn't built.
  static var culpritPath: String? {
    let path = siblingPath("culprit")
    return access(path, X_OK) == 0 ? path : nil
  }

  static func siblingPath(_ name: String) -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return (own as NSString).deletingLastPathComponent + "/" + name
  }

  /// What the C loop runs on a host: the collector's own remote command, so that both get the
  /// same bytes from real sshd. (The asyncssh server answers any command with them.)
  static let remoteCommand = RemoteCommand.text(intervalSeconds: 1)
}

/// A client at work on some hosts.
final class RunningClient {
  let client: Client
  let pids: [pid_t]
  let database: String
  private let workbench: Workbench
  private let logName: String

  /// What the client has said so far.
  var log: String { workbench.tail(of: logName) }
  var isRunning: Bool { pids.allSatisfy(workbench.children.isRunning) }

  /// `number` keeps the files of different runs apart.
  init(_ client: Client, on addresses: [String], of workbench: Workbench, number: Int) throws {
    self.client = client
    self.workbench = workbench
    logName = "\(client.rawValue)-\(number).log"
    database = workbench.path("history-\(number).db")
    let log = try workbench.openLog(logName)
    defer { close(log) }
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(null) }
    let commands = try RunningClient.commands(
      client, addresses, workbench, database: database)
    var started: [pid_t] = []
    for command in commands {
      let output = client == .openssh ? null : log
      started.append(try workbench.children.start(command, output: output, error: log))
    }
    pids = started
  }

  /// Ends it and returns all the CPU seconds it used, its children's too (wait4(2)).
  func end() -> Double { workbench.children.end(pids, grace: 20) }

  private static func commands(
    _ client: Client, _ addresses: [String], _ workbench: Workbench, database: String
  ) throws -> [[String]] {
    let port = "\(workbench.port)"
    let knownHosts = try workbench.writeKnownHosts(addresses)
    switch client {
    case .cLoop:
      let list = try workbench.write(addresses.map { $0 + "\n" }.joined(), to: "peers")
      return [
        [
          Client.siblingPath("culprit-bench"), "peer-loop", "--addresses", list, "--port", port,
          "--user", Workbench.userName, "--identity", workbench.identity,
          "--command", Client.remoteCommand,
        ]
      ]
    case .culprit:
      let fleet = try workbench.write(
        fleetFile(addresses, port: port), to: "fleet.toml")
      return [
        [
          try requiredCulprit(), "collect", "--fleet", fleet, "--db", database, "--for", "24h",
          "--identity", workbench.identity, "--known-hosts", knownHosts, "--ssh-config", "none",
        ]
      ]
    case .openssh:
      return addresses.map { address in
        [
          "ssh", "-F", "none", "-o", "UserKnownHostsFile=\(knownHosts)",
          "-o", "GlobalKnownHostsFile=none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
          "-i", workbench.identity, "-p", port, "\(Workbench.userName)@\(address)", "vmstat", "1",
        ]
      }
    }
  }

  static func requiredCulprit() throws -> String {
    if let path = Client.culpritPath { return path }
    throw BenchError.missingProgram(
      name: "culprit", path: Client.siblingPath("culprit"),
      remedy: "build both: swift build -c release")
  }

  private static func fleetFile(_ addresses: [String], port: String) -> String {
    let hosts = addresses.enumerated().map { index, address in
      """
      [[host]]
      name = "bench\(index)"
      address = "\(address)"
      port = \(port)
      user = "\(Workbench.userName)"

      """
    }
    return hosts.joined(separator: "\n")
  }
}
