import Foundation
import Glibc

/// A host on this machine: an sshd with a `/usr`, `/etc`, `/var` and `/run` of its own, in
/// namespaces for mounts and processes. What is installed on it, and what runs there, touches nothing
/// else, and all is gone with it.
public final class SeparateHost: Sendable {
  public struct Options: Sendable {
    /// Room in `/usr/local`, bytes.
    public var prefixBytes = 512 << 20
    /// Shell lines, run on the host before its sshd starts.
    public var setUp = ""
    /// Programs that stand before all others in PATH: shell scripts by their name.
    public var programs: [String: String] = [:]
    /// Lines of sshd_config; of two lines with one keyword the first counts, and these come first.
    public var lines: [String] = []

    public init() {}
  }

  public static let canBeMade =
    Machine.isRoot && Machine.hasSSHD && Machine.has("unshare") && Machine.has("nsenter")
    && TestFolder.text("/proc/filesystems").contains("\toverlay\n")
  public static let needs = "needs root, openssh-server, util-linux and overlayfs"

  public let folder: TestFolder
  public let address: String
  public let port: UInt16
  private let program: Program
  /// The first process of its namespaces: sshd.
  public let pid: pid_t

  private init(folder: TestFolder, address: String, port: UInt16, program: Program, pid: pid_t) {
    self.folder = folder
    self.address = address
    self.port = port
    self.program = program
    self.pid = pid
  }

  deinit {
    // With the first process of its namespace all others go.
    kill(pid, SIGKILL)
  }

  /// Starts it, and waits until its sshd listens.
  ///
  /// - Parameters:
  ///   - hostKey: of the sshd.
  ///   - logins: public keys that may log in, by user.
  public static func start(
    _ options: Options = Options(), address: String = "127.0.0.1", hostKey: KeyPair,
    logins: [String: KeyPair]
  ) async throws -> SeparateHost {
    let folder = try TestFolder()
    for (name, script) in options.programs {
      try folder.makeFolder("bin")
      try folder.writeProgram(script, to: "bin/\(name)")
    }
    for (user, key) in logins { try folder.write(key.publicLine + "\n", to: "keys-\(user)") }
    try folder.write(options.setUp, to: "set-up")
    // Between finding a port and listening on it another process may take it.
    for _ in 0..<5 {
      let port = try LoopbackSocket.freePort()
      try folder.write(
        configuration(options, address, port, hostKey, folder).joined(separator: "\n") + "\n",
        to: "sshd_config")
      let program = try Program([
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh",
        script, folder.path, "\(options.prefixBytes)",
      ])
      let log = { program.errorText + folder.read("log") }
      let listens = try await eventually("sshd of a host to listen", detail: log) {
        if log().contains("Server listening on") { return true }
        return program.hasEnded || log().contains("Address already in use") ? false : nil
      }
      if listens, let pid = ProcessTree.children(of: program.pid).first {
        return SeparateHost(
          folder: folder, address: address, port: port, program: program, pid: pid)
      }
      guard log().contains("Address already in use") else {
        throw TestTrouble("the host doesn't start:\n\(log())")
      }
      try? FileManager.default.removeItem(atPath: folder.file("log"))
    }
    throw TestTrouble("no free port for a host")
  }

  private static func configuration(
    _ options: Options, _ address: String, _ port: UInt16, _ hostKey: KeyPair, _ folder: TestFolder
  ) -> [String] {
    let path = "\(folder.path)/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return options.lines + [
      "ListenAddress \(address)", "Port \(port)", "HostKey \(hostKey.path)", "PidFile none",
      // As on any host: the modes of what deploy writes count.
      "StrictModes yes", "AuthorizedKeysFile /etc/culprit-test/keys-%u .ssh/authorized_keys",
      "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password", "LogLevel VERBOSE", "PrintMotd no", "UseDNS no",
      "MaxStartups 100:30:200", "SetEnv PATH=\(path)",
    ]
  }

  /// What makes a host; the benchmark's are made by the same.
  private static let script =
    "\(Machine.packageRoot)/Sources/Commands/culprit-bench/Resources/separate_host.sh"

  /// Runs a shell command on the host, as root.
  @discardableResult
  public func run(_ command: String) async throws -> ProgramResult {
    try await Program.run(inside(["sh", "-c", command]))
  }

  /// What a shell command on the host prints; it must succeed.
  @discardableResult
  public func output(_ command: String) async throws -> String {
    let result = try await run(command)
    guard result.code == 0 else { throw TestTrouble("on the host: \(command): \(result)") }
    return result.outputText.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The words that run a program on the host.
  public func inside(_ words: [String]) -> [String] {
    ["nsenter", "--target", "\(pid)", "--mount", "--pid", "--"] + words
  }

  public var log: String { folder.read("log").replacing("\r\n", with: "\n") }

  /// Ends every SSH session, as when the network goes: nobody is told, and what runs in them goes on.
  public func cut() {
    for process in ProcessTree.descendants(of: pid)
    where ProcessTree.name(of: process).hasPrefix("sshd") {
      kill(process, SIGKILL)
    }
  }

  /// Kills all that SSH sessions run, too, and nothing gets to say a last word. A resident agent
  /// goes on.
  public func killSessions() {
    for process in ProcessTree.descendants(of: pid)
    where !ProcessTree.name(of: process).hasPrefix("culprit-agent") {
      kill(process, SIGKILL)
    }
  }
}
