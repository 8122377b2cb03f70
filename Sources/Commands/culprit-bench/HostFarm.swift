import Foundation

/// Hosts on this machine, each an sshd with a `/usr/local`, `/etc`, `/var` and `/run` of its own
/// (Resources/separate_host.sh). What is installed on one, and what runs there, goes with it.
final class HostFarm {
  /// More agents than this starve two cores.
  static let hostsMax = 200
  private static let prefixBytes = 256 << 20

  let addresses: [String]
  private let workbench: Workbench
  private let name: String
  /// unshare(1), and the first process of its namespace.
  private var hosts: [(parent: pid_t, first: pid_t)] = []

  /// Returns once all of them listen.
  init(_ workbench: Workbench, hosts count: Int, name: String) throws {
    (self.workbench, self.name) = (workbench, name)
    addresses = (0..<count).map { "127.0.88.\($0 + 1)" }
    guard
      let script = Bundle.module.path(
        forResource: "separate_host", ofType: "sh", inDirectory: "Resources")
    else {
      throw BenchError.missingProgram(
        name: "separate_host.sh", path: Bundle.module.bundlePath, remedy: "build again")
    }
    let key = try String(contentsOfFile: workbench.identity + ".pub", encoding: .utf8)
    var parents: [pid_t] = []
    for (index, address) in addresses.enumerated() {
      let folder = self.folder(index)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for (file, text) in [
        ("sshd_config", configuration(address)), ("keys-root", key), ("set-up", ""), ("log", ""),
      ] {
        try text.write(toFile: "\(folder)/\(file)", atomically: false, encoding: .utf8)
      }
      let log = try workbench.openLog("\(name).log")
      defer { close(log) }
      parents.append(
        try workbench.children.start(
          [
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", script,
            folder, "\(HostFarm.prefixBytes)",
          ], output: log, error: log))
    }
    let isUp = try Pause.until(120, step: 0.2) {
      addresses.indices.allSatisfy { log($0).contains("Server listening on") }
    }
    let table = ProcessTable.now()
    hosts = parents.compactMap { parent in
      table.descendants(of: [parent]).first { $0.parent == parent }.map { (parent, $0.pid) }
    }
    guard isUp, hosts.count == count else {
      let said = addresses.indices.map(log).first { !$0.contains("Server listening on") } ?? ""
      throw BenchError.serverNotReady(
        name: "a host's sshd", log: "\(workbench.tail(of: "\(name).log")) \(said.prefix(400))")
    }
  }

  /// How many have the agent linked, and run it.
  func equipped() -> Int {
    let table = ProcessTable.now()
    return hosts.count { host in
      let link = "/proc/\(host.first)/root/usr/local/bin/culprit-agent"
      return (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) != nil
        && table.descendants(of: [host.parent]).contains { $0.name == "culprit-agent" }
    }
  }

  func end() {
    // With the first process of a namespace all others go.
    for host in hosts { kill(host.first, SIGKILL) }
    workbench.children.end(hosts.map(\.parent))
    hosts = []
  }

  private func folder(_ index: Int) -> String { workbench.path("\(name)/\(index)") }

  private func log(_ index: Int) -> String {
    (try? String(contentsOfFile: "\(folder(index))/log", encoding: .utf8)) ?? ""
  }

  private func configuration(_ address: String) -> String {
    """
    ListenAddress \(address)
    Port \(workbench.port)
    HostKey \(workbench.hostKey)
    PidFile none
    AuthorizedKeysFile /etc/culprit-test/keys-%u .ssh/authorized_keys
    UsePAM no
    UseDNS no
    PasswordAuthentication no
    KbdInteractiveAuthentication no
    PermitRootLogin prohibit-password
    PrintMotd no
    LogLevel INFO
    Subsystem sftp internal-sftp
    SetEnv PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

    """
  }
}
