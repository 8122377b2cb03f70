import CSystem
import Foundation
import Synchronization

/// What OpenSSH's own configuration says of a host, as `ssh -G HOST` prints it.
///
/// `ssh -G` costs about 5 ms of CPU, so answers are kept until one of the configuration files
/// changes. Files that they `Include` from elsewhere than `/etc/ssh/ssh_config.d` and `~/.ssh`
/// are noticed at the next start only.
struct SSHConfig: Equatable, Sendable {
  var hostName: String
  var user: String
  var port: UInt16
  var identities: [String]
  var identitiesOnly: Bool
  /// `none`, `SSH_AUTH_SOCK` or a path; absent means SSH_AUTH_SOCK.
  var identityAgent: String?
  var knownHosts: [String]
  var hostKeyAlias: String?
  /// A ProxyJump or ProxyCommand: how the host is reached, if not directly.
  var proxy: String?

  /// Parses the `key value` lines that `ssh -G` prints.
  init?(output: String) {
    var values: [String: [String]] = [:]
    for line in output.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2 else { continue }
      values[parts[0].lowercased(), default: []].append(String(parts[1]))
    }
    guard let hostName = values["hostname"]?.first, let user = values["user"]?.first,
      let port = values["port"]?.first.flatMap({ UInt16($0) })
    else { return nil }
    self.hostName = hostName
    self.user = user
    self.port = port
    identities = (values["identityfile"] ?? []).map(expandHome)
    identitiesOnly = values["identitiesonly"]?.first == "yes"
    identityAgent = values["identityagent"]?.first.map(expandHome)
    let files = [values["userknownhostsfile"]?.first, values["globalknownhostsfile"]?.first]
    knownHosts = files.flatMap { ($0 ?? "").split(separator: " ").map { expandHome(String($0)) } }
    hostKeyAlias = values["hostkeyalias"]?.first
    proxy = nil
    if let jump = values["proxyjump"]?.first, jump != "none" { proxy = "ProxyJump \(jump)" }
    if let command = values["proxycommand"]?.first, command != "none" {
      proxy = "ProxyCommand \(command)"
    }
  }

  /// What holds where no ssh program is installed: OpenSSH's own defaults.
  static func withoutProgram(host: String) -> SSHConfig {
    var config = SSHConfig(output: "hostname \(host)\nuser \(currentUser())\nport 22\n")
    let home = NSHomeDirectory()
    config?.identities = ["id_ecdsa", "id_ed25519"].map { "\(home)/.ssh/\($0)" }
    config?.knownHosts = ["\(home)/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"]
    return config ?? SSHConfig(bareHost: host)
  }

  private init(bareHost: String) {
    hostName = bareHost
    user = currentUser()
    port = 22
    identities = []
    identitiesOnly = false
    knownHosts = []
  }

  /// The settings in which this answer differs from `baseline`, the answer of an empty
  /// configuration: those are what the user's files really say.
  func settings(beyond baseline: SSHConfig) -> LinkSettings {
    LinkSettings(
      user: user == baseline.user ? nil : user,
      port: port == baseline.port ? nil : port,
      identities: identities == baseline.identities ? nil : identities,
      knownHosts: knownHosts == baseline.knownHosts ? nil : knownHosts)
  }
}

func expandHome(_ path: String) -> String {
  guard path == "~" || path.hasPrefix("~/") else { return path }
  return NSHomeDirectory() + path.dropFirst()
}

private func currentUser() -> String {
  NSUserName()
}

/// Asks `ssh -G`, and remembers the answers.
final class SSHConfigSource: Sendable {
  private struct Memory {
    var stamps: [FileStamp?] = []
    var answers: [[String]: SSHConfig] = [:]
    var baseline: SSHConfig?
  }

  /// As `ssh -F`: `nil` for the usual files, `none` for no file.
  private let file: String?
  private let memory = Mutex(Memory())

  init(file: String?) {
    self.file = file.map(expandHome)
  }

  /// The configuration for `host`, asked with the user and port that are already settled (so
  /// that `Match user` holds), and the answer of an empty configuration beside it.
  func config(
    host: String, explicit: LinkSettings
  ) throws(LinkFailure) -> (answer: SSHConfig, baseline: SSHConfig) {
    let baseline = try self.baseline()
    if file == "none" {
      var answer = baseline
      answer.hostName = host
      return (answer, baseline)
    }
    var arguments = ["ssh", "-G"]
    if let file { arguments += ["-F", file] }
    if let user = explicit.user { arguments += ["-l", user] }
    if let port = explicit.port { arguments += ["-p", String(port)] }
    arguments += ["--", host]
    let stamps = currentStamps()
    let hit = memory.withLock { memory in
      if memory.stamps != stamps {
        memory.stamps = stamps
        memory.answers = [:]
      }
      return memory.answers[arguments]
    }
    if let hit { return (hit, baseline) }
    let answer = try ask(arguments, host: host)
    memory.withLock { $0.answers[arguments] = answer }
    return (answer, baseline)
  }

  private func baseline() throws(LinkFailure) -> SSHConfig {
    if let known = memory.withLock({ $0.baseline }) { return known }
    let name = "culprit.invalid"
    let baseline = try ask(["ssh", "-G", "-F", "none", "--", name], host: name)
    memory.withLock { $0.baseline = baseline }
    return baseline
  }

  private func ask(_ arguments: [String], host: String) throws(LinkFailure) -> SSHConfig {
    let (output, error) = try runProgram(arguments)
    guard let output else { return .withoutProgram(host: host) }
    guard let config = SSHConfig(output: output) else {
      // ssh ends the lines of its complaints with CR LF.
      let reason = error.split(whereSeparator: isLineEnd).first.map(String.init) ?? "no answer"
      throw LinkFailure(
        .unreachable,
        "\(arguments.joined(separator: " ")) says: \(reason); mend ~/.ssh/config, "
          + "or pass it over with --ssh-config none")
    }
    return config
  }

  private func currentStamps() -> [FileStamp?] {
    let usual = [
      "\(NSHomeDirectory())/.ssh/config", "\(NSHomeDirectory())/.ssh", "/etc/ssh/ssh_config",
      "/etc/ssh/ssh_config.d",
    ]
    return (file.map { [$0] } ?? usual).map(FileStamp.init(path:))
  }
}

/// Runs a program to its end and returns what it printed; `nil` output where it isn't installed.
/// Bounded in time by nothing but the program, so only for ones that don't wait for the network.
private func runProgram(
  _ arguments: [String]
) throws(LinkFailure) -> (output: String?, error: String) {
  var pipes: (output: [Int32], error: [Int32]) = ([0, 0], [0, 0])
  guard culprit_pipe(&pipes.output) == 0, culprit_pipe(&pipes.error) == 0 else {
    throw LinkFailure(.unreachable, "no pipe for \(arguments[0]): \(errorText(errno))")
  }
  let output = Descriptor(owning: pipes.output[0])
  let error = Descriptor(owning: pipes.error[0])
  let child = spawn(arguments, output: pipes.output[1], error: pipes.error[1])
  close(pipes.output[1])
  close(pipes.error[1])
  guard child > 0 else {
    if child == -ENOENT { return (nil, "") }
    throw LinkFailure(.unreachable, "can't start \(arguments[0]): \(errorText(-child))")
  }
  // ssh -G prints far less than a pipe holds on stderr, so reading one after the other is safe.
  let text = readAll(output.number)
  let complaint = readAll(error.number)
  var status: Int32 = 0
  while waitpid(child, &status, 0) < 0, errno == EINTR {}
  return (text, complaint)
}

/// `culprit_spawn` with Swift strings; the pid, or -errno.
func spawn(_ arguments: [String], output: Int32, error: Int32) -> pid_t {
  var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  return culprit_spawn(pointers, output, error, 1)
}

private func readAll(_ number: Int32) -> String {
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 16 << 10)
  while bytes.count < 1 << 20 {
    let count = read(number, &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { break }
    bytes.append(contentsOf: buffer[0..<count])
  }
  return String(decoding: bytes, as: UTF8.self)
}
