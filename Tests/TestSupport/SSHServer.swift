import Foundation
import Glibc

/// A real sshd on loopback addresses, with keys and a configuration of its own.
public final class SSHServer {
  public struct Options {
    /// Several addresses are several hosts; sshd listens on 16 at most.
    public var addresses = ["127.0.0.1"]
    /// Lines of sshd_config; of two lines with one keyword the first counts, and these come first.
    public var lines: [String] = []
    /// What a session runs instead of the command it asks for, by the server's address: shell
    /// scripts, each in a file.
    public var scripts: [String: String] = [:]
    public var hostKey = KeyPair.Kind.ed25519
    /// Kind of the key pair that may log in.
    public var loginKey = KeyPair.Kind.ed25519

    public init() {}

    public init(addresses: [String] = ["127.0.0.1"], lines: [String] = []) {
      self.addresses = addresses
      self.lines = lines
    }
  }

  public let options: Options
  public let folder: TestFolder
  public let port: UInt16
  public let hostKey: KeyPair
  public let login: KeyPair
  private var master: Program?

  private init(_ options: Options, port: UInt16, folder: TestFolder, host: KeyPair, login: KeyPair)
  {
    self.options = options
    self.port = port
    self.folder = folder
    hostKey = host
    self.login = login
  }

  deinit {
    kill()
  }

  /// Starts an sshd and waits until it listens on each of the addresses.
  public static func start(_ options: Options = Options()) async throws -> SSHServer {
    let folder = try TestFolder()
    let host = try await KeyPair.make(options.hostKey, in: folder, name: "host_key")
    let login = try await KeyPair.make(options.loginKey, in: folder, name: "login_key")
    // Between finding a port and listening on it another process may take it.
    var lastLog = ""
    for _ in 0..<5 {
      let server = SSHServer(
        options, port: try LoopbackSocket.freePort(), folder: folder, host: host, login: login)
      try server.writeConfiguration()
      if try await server.listen() { return server }
      lastLog = server.log
      server.kill()
      try? FileManager.default.removeItem(atPath: folder.file("log"))
    }
    throw TestTrouble("sshd doesn't start:\n\(lastLog)")
  }

  private func writeConfiguration() throws {
    try folder.write(login.publicLine + "\n", to: "authorized_keys")
    var lines =
      options.lines + options.addresses.map { "ListenAddress \($0)" } + [
        "Port \(port)", "HostKey \(hostKey.path)", "PidFile \(folder.file("pid"))",
        "AuthorizedKeysFile \(folder.file("authorized_keys"))", "StrictModes no", "UsePAM no",
        "PasswordAuthentication no", "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password", "LogLevel VERBOSE", "PrintMotd no",
        "MaxStartups 100:30:200", "UseDNS no",
        // Debian's bash reads ~/.bashrc for each command over ssh; whatever stands in that of
        // whoever runs the tests, it isn't for sessions that are killed on the way.
        "SetEnv HOME=\(folder.path)",
      ]
    // From 9.8 on, sshd refuses addresses from which bad logins came: all of a test's are one.
    if SSHServer.hasPenalties { lines.append("PerSourcePenalties no") }
    for (address, script) in options.scripts.sorted(by: { $0.key < $1.key }) {
      let path = try folder.write(script, to: "script-\(address)")
      lines += ["Match LocalAddress \(address)", "  ForceCommand /bin/sh \(path)"]
    }
    try folder.write(lines.joined(separator: "\n") + "\n", to: "sshd_config")
  }

  /// OpenSSH 9.8 brought the penalties, and sshd-session with them.
  private static let hasPenalties = [
    "/usr/lib/openssh/sshd-session", "/usr/libexec/openssh/sshd-session",
  ].contains(where: FileManager.default.fileExists(atPath:))

  /// Whether it listens on all addresses; `false` where one was taken.
  private func listen() async throws -> Bool {
    if Machine.isRoot, !FileManager.default.fileExists(atPath: "/run/sshd") {
      try FileManager.default.createDirectory(
        atPath: "/run/sshd", withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o755])
    }
    let linesBefore = count("Server listening on")
    master = try Program([
      Machine.sshdPath, "-D", "-f", folder.file("sshd_config"), "-E", folder.file("log"),
    ])
    let addresses = options.addresses.count
    return try await eventually("sshd to listen", detail: { self.log }) {
      if count("Server listening on") - linesBefore == addresses { return true }
      let log = log
      if log.contains("Address already in use") || master?.hasEnded ?? true { return false }
      return nil
    }
  }

  /// Ends sshd and every session of it, as at a power cut.
  public func kill() {
    guard let master else { return }
    let sessions = sessionProcesses
    master.send(SIGKILL)
    for pid in sessions { Glibc.kill(pid, SIGKILL) }
    self.master = nil
  }

  /// From now on no new login gets anywhere, as on a host whose disk hangs; sessions go on.
  public func pauseLogins() { master?.send(SIGSTOP) }

  public func resumeLogins() { master?.send(SIGCONT) }

  /// Starts it again on the same port, after `kill`.
  public func restart() async throws {
    try await until("sshd to listen again on \(port)", detail: { self.log }) { try await listen() }
  }

  /// sshd's processes for the sessions, and what runs in them.
  public var sessionProcesses: [pid_t] {
    master.map { ProcessTree.descendants(of: $0.pid) } ?? []
  }

  /// sshd ends its lines with CR LF, which is one character to Swift.
  public var log: String { folder.read("log").replacing("\r\n", with: "\n") }

  /// How many lines of sshd's log hold `text`.
  public func count(_ text: String) -> Int {
    log.split(separator: "\n").count { $0.contains(text) }
  }

  public var connections: Int { count("Connection from") }
  public var logins: Int { count("Accepted publickey") }

  /// A known_hosts file that lists `key`, or else the server's own, for each of its addresses.
  public func knownHosts(_ name: String = "known_hosts", key: KeyPair? = nil) throws -> String {
    let lines = options.addresses.map { "[\($0)]:\(port) \((key ?? hostKey).publicKey)\n" }
    return try folder.write(lines.joined(), to: name)
  }
}
