import Foundation

/// Real sshd on loopback addresses, with a configuration of its own.
///
/// One sshd listens on at most 16 addresses (MAX_LISTEN_SOCKS in OpenSSH's sshd.c), so there are
/// as many of them as are needed.
final class SSHDServer: HostServer {
  /// More vmstats than this starve two cores.
  static let hostsMax = 100
  private static let addressesPerServer = 16

  let addresses: [String]
  private let workbench: Workbench
  private var pids: [pid_t] = []
  private var lastTime = Pause.now
  private var lastSessions = 0
  private var sessionSeconds = 0.0

  init(_ workbench: Workbench, hosts: Int) throws {
    guard hosts <= SSHDServer.hostsMax else {
      throw BenchError.tooManyHosts(hosts: hosts, limit: SSHDServer.hostsMax, server: "sshd")
    }
    self.workbench = workbench
    addresses = (0..<hosts).map { "127.0.0.\($0 + 2)" }
    guard access("/usr/sbin/sshd", X_OK) == 0 else {
      throw BenchError.missingProgram(
        name: "sshd", path: "/usr/sbin/sshd", remedy: "apt install openssh-server")
    }
    // Root's sshd wants its privilege separation folder, which the service's unit makes.
    if getuid() == 0 { mkdir("/run/sshd", 0o755) }
    for first in stride(from: 0, to: hosts, by: SSHDServer.addressesPerServer) {
      let last = min(first + SSHDServer.addressesPerServer, hosts)
      try start(Array(addresses[first..<last]), number: pids.count)
    }
    try waitUntilListening()
  }

  /// Rows are reckoned from how many vmstats ran for how long, one a second; lines as the
  /// collector's remote command prints them, with a load line to every fifth row.
  func reading() throws -> ServerReading {
    let now = Pause.now
    let vmstats = ProcessTable.now().descendants(of: pids).filter { $0.name == "vmstat" }
    sessionSeconds += Double(lastSessions + vmstats.count) / 2 * (now - lastTime)
    lastTime = now
    lastSessions = vmstats.count
    return ServerReading(
      sessions: vmstats.count, lines: sessionSeconds * 1.2, rows: sessionSeconds)
  }

  func stop() {
    workbench.children.end(pids)
    pids = []
  }

  private func start(_ addresses: [String], number: Int) throws {
    let configuration = try workbench.write(
      configuration(addresses), to: "sshd_config_\(number)")
    let log = try workbench.openLog("sshd.log")
    defer { close(log) }
    pids.append(
      try workbench.children.start(
        ["/usr/sbin/sshd", "-D", "-e", "-f", configuration], output: log, error: log))
  }

  private func configuration(_ addresses: [String]) -> String {
    """
    Port \(workbench.port)
    \(addresses.map { "ListenAddress \($0)" }.joined(separator: "\n"))
    HostKey \(workbench.hostKey)
    AuthorizedKeysFile \(workbench.identity).pub
    PidFile none
    StrictModes no
    UsePAM no
    UseDNS no
    PasswordAuthentication no
    KbdInteractiveAuthentication no
    PermitRootLogin prohibit-password
    MaxStartups 500
    PrintMotd no
    PrintLastLog no
    LogLevel ERROR

    """
  }

  private func waitUntilListening() throws {
    let isUp = try Pause.until(10) {
      addresses.enumerated().allSatisfy { index, address in
        index % SSHDServer.addressesPerServer != 0 || canConnect(address)
      }
    }
    guard isUp, pids.allSatisfy(workbench.children.isRunning) else {
      throw BenchError.serverNotReady(name: "sshd", log: workbench.tail(of: "sshd.log"))
    }
  }

  private func canConnect(_ text: String) -> Bool {
    let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard probe >= 0 else { return false }
    defer { close(probe) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = workbench.port.bigEndian
    inet_pton(AF_INET, text, &address.sin_addr)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
