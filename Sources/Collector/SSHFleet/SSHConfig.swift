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
  /// What the files say; a setting that no file makes is `nil`, even where it would be the same.
  var said = LinkSettings()
  var identitiesOnly = false
  /// `none`, `SSH_AUTH_SOCK` or a path; absent means SSH_AUTH_SOCK.
  var identityAgent: String?
  var hostKeyAlias: String?
  /// How the host is reached, if not directly.
  var proxyJump: String?
  var proxyCommand: String?
  /// Certificates and tokens to log in with, which libssh2 knows nothing of.
  var certificates: [String] = []
  var hasToken = false
  /// `ProxyUseFdpass`: the ProxyCommand hands over a descriptor instead of carrying the bytes.
  var passesDescriptors = false

  init(hostName: String) {
    self.hostName = hostName
  }

  /// Parses the `key value` lines that `ssh -G` prints; `nil` where they are something else.
  init?(output: String, unsaid: UnsaidSettings) {
    let values = SSHConfig.values(of: output)
    guard let hostName = values["hostname"]?.first, let user = values["user"]?.first,
      let port = values["port"]?.first.flatMap({ UInt16($0) })
    else { return nil }
    self.hostName = hostName
    said.user = user == unsaid.user ? nil : user
    said.port = port == unsaid.port ? nil : port
    let identities = (values["identityfile"] ?? []).filter { $0 != unsaid.path }
    said.identities = identities.isEmpty ? nil : identities.map(expandHome)
    said.knownHosts = SSHConfig.knownHosts(values, unsaid: unsaid)
    identitiesOnly = values["identitiesonly"]?.first == "yes"
    identityAgent = values["identityagent"]?.first.map(expandHome)
    hostKeyAlias = values["hostkeyalias"]?.first
    if let jump = values["proxyjump"]?.first, jump != "none" { proxyJump = jump }
    if let command = values["proxycommand"]?.first, command != "none" { proxyCommand = command }
    certificates = (values["certificatefile"] ?? []).map(expandHome)
    passesDescriptors = values["proxyusefdpass"]?.first == "yes"
    hasToken = values["pkcs11provider"].map { $0.first != "none" } ?? false
  }

  fileprivate static func values(of output: String) -> [String: [String]] {
    var values: [String: [String]] = [:]
    for line in output.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2 else { continue }
      values[parts[0].lowercased(), default: []].append(String(parts[1]))
    }
    return values
  }

  /// The user's files and the system's; `nil` where both are as OpenSSH has them by itself.
  private static func knownHosts(
    _ values: [String: [String]], unsaid: UnsaidSettings
  ) -> [String]? {
    func files(_ key: String) -> [String] {
      (values[key]?.first ?? "").split(separator: " ").map { expandHome(String($0)) }
    }
    let (user, system) = (files("userknownhostsfile"), files("globalknownhostsfile"))
    let isUserSilent = user == [unsaid.path]
    guard !isUserSilent || system != unsaid.defaults.systemKnownHosts else { return nil }
    return (isUserSilent ? unsaid.defaults.userKnownHosts : user) + system
  }
}

/// What OpenSSH does where nobody says anything.
struct SSHDefaults: Equatable, Sendable {
  var user = NSUserName()
  var port: UInt16 = 22
  var identities: [String]
  var userKnownHosts: [String]
  var systemKnownHosts: [String]

  /// Those that hold where no ssh program is installed.
  init() {
    let home = NSHomeDirectory()
    identities = ["id_ecdsa", "id_ed25519"].map { "\(home)/.ssh/\($0)" }
    userKnownHosts = ["\(home)/.ssh/known_hosts"]
    systemKnownHosts = ["/etc/ssh/ssh_known_hosts"]
  }

  /// Those of the program: what `ssh -G -F none` prints.
  init(output: String) {
    self.init()
    let values = SSHConfig.values(of: output)
    func files(_ key: String) -> [String]? {
      values[key]?.first?.split(separator: " ").map { expandHome(String($0)) }
    }
    user = values["user"]?.first ?? user
    port = values["port"]?.first.flatMap { UInt16($0) } ?? port
    identities = values["identityfile"]?.map(expandHome) ?? identities
    userKnownHosts = files("userknownhostsfile") ?? userKnownHosts
    systemKnownHosts = files("globalknownhostsfile") ?? systemKnownHosts
  }

  var knownHosts: [String] { userKnownHosts + systemKnownHosts }
}

/// Values that stand behind all files in what `ssh -G` is asked: an answer that has one shows
/// that no file makes that setting, which ssh itself doesn't tell.
struct UnsaidSettings: Sendable {
  let user = "culprit-unsaid"
  let port: UInt16 = 1
  let path = "/culprit/unsaid"
  let defaults: SSHDefaults

  /// A configuration that reads `files` first.
  func configuration(reading files: [String]) -> String {
    // An Include ends with the block it began in: what follows holds for every host again.
    files.map { "Include \"\($0)\"\n" }.joined()
      + "User \(user)\nPort \(port)\nIdentityFile \(path)\nUserKnownHostsFile \(path)\n"
  }
}

func expandHome(_ path: String) -> String {
  guard path == "~" || path.hasPrefix("~/") else { return path }
  return NSHomeDirectory() + path.dropFirst()
}

/// Asks `ssh -G`, and remembers the answers.
final class SSHConfigSource: Sendable {
  private struct Memory {
    var stamps: [FileStamp?] = []
    var answers: [[String]: SSHConfig] = [:]
    var asking: Asking?
  }

  /// What is needed to ask, made at the first question.
  private struct Asking: Sendable {
    var unsaid: UnsaidSettings
    /// The path of the configuration that is handed to `ssh -F`; `nil` without ssh program.
    var path: String?
  }

  /// As `ssh -F`: `nil` for the usual files, `none` for no file.
  private let file: String?
  private let memory = Mutex(Memory())
  /// Holds the configuration that `ssh -F` reads: nothing is left behind, whatever ends us.
  private let configuration = Mutex<Int32>(-1)

  init(file: String?) {
    self.file = file.map(expandHome)
  }

  deinit {
    configuration.withLock { if $0 >= 0 { close($0) } }
  }

  /// The configuration for `host`, asked with the user and port that are already settled (so
  /// that `Match user` holds), and OpenSSH's own defaults beside it.
  func config(
    host: String, explicit: LinkSettings
  ) throws(LinkFailure) -> (answer: SSHConfig, defaults: SSHDefaults) {
    let asking = try asking()
    let defaults = asking.unsaid.defaults
    guard file != "none", let path = asking.path else {
      return (SSHConfig(hostName: host), defaults)
    }
    var arguments = ["ssh", "-G", "-F", path]
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
    if let hit { return (hit, defaults) }
    if let file, access(file, R_OK) != 0 {
      throw LinkFailure(
        .unreachable, "the ssh configuration \(file) can't be read: \(errorText(errno))")
    }
    let (output, error) = try runProgram(arguments)
    guard let answer = SSHConfig(output: output ?? "", unsaid: asking.unsaid) else {
      // ssh ends the lines of its complaints with CR LF.
      let reason = error.split(whereSeparator: isLineEnd).first.map(String.init) ?? "no answer"
      throw LinkFailure(
        .unreachable,
        "ssh -G \(host) says: \(reason); mend \(file ?? "~/.ssh/config"), "
          + "or pass it over with --ssh-config none")
    }
    memory.withLock { $0.answers[arguments] = answer }
    return (answer, defaults)
  }

  private func asking() throws(LinkFailure) -> Asking {
    if let known = memory.withLock({ $0.asking }) { return known }
    let (output, _) = try runProgram(["ssh", "-G", "-F", "none", "--", "culprit.invalid"])
    let unsaid = UnsaidSettings(defaults: output.map(SSHDefaults.init(output:)) ?? SSHDefaults())
    let path = output == nil ? nil : try writeConfiguration(unsaid)
    let asking = Asking(unsaid: unsaid, path: path)
    memory.withLock { $0.asking = asking }
    return asking
  }

  /// Two workers may come here at once; the first one's file is everybody's.
  private func writeConfiguration(_ unsaid: UnsaidSettings) throws(LinkFailure) -> String {
    let files = file.map { [$0] } ?? ["\(NSHomeDirectory())/.ssh/config", "/etc/ssh/ssh_config"]
    let text = Array(unsaid.configuration(reading: files).utf8)
    let number = configuration.withLock { number in
      if number < 0 {
        number = culprit_memory_file("culprit-ssh-config")
        if number >= 0, write(number, text, text.count) != text.count {
          close(number)
          number = -1
        }
      }
      return number
    }
    guard number >= 0 else {
      throw LinkFailure(.unreachable, "no file for ssh -G: \(errorText(errno))")
    }
    return "/proc/\(getpid())/fd/\(number)"
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
/// One that takes longer than `seconds` is killed, with all it started.
func runProgram(
  _ arguments: [String], seconds: Double = 30
) throws(LinkFailure) -> (output: String?, error: String) {
  var pipes: (output: [Int32], error: [Int32]) = ([-1, -1], [-1, -1])
  guard culprit_pipe(&pipes.output) == 0, culprit_pipe(&pipes.error) == 0 else {
    let reason = errorText(errno)
    for number in pipes.output + pipes.error where number >= 0 { close(number) }
    throw LinkFailure(.unreachable, "no pipe for \(arguments[0]): \(reason)")
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
  let end = monotonicNow() + UInt64(seconds * 1e9)
  let texts = readAll([output.number, error.number], until: end)
  if texts == nil { kill(-child, SIGKILL) }
  var status: Int32 = 0
  while waitpid(child, &status, 0) < 0, errno == EINTR {}
  guard let texts else { return ("", "no end within \(Int(seconds)) s") }
  return (texts[0], texts[1])
}

/// `culprit_spawn` with Swift strings; the pid, or -errno.
func spawn(_ arguments: [String], input: Int32 = -1, output: Int32, error: Int32) -> pid_t {
  var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  return culprit_spawn(pointers, input, output, error, 1)
}

/// Reads descriptors to their ends, each up to 1 MiB; `nil` where that takes too long.
private func readAll(_ numbers: [Int32], until end: UInt64) -> [String]? {
  var texts: [[UInt8]] = numbers.map { _ in [] }
  var waiting = numbers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  var buffer = [UInt8](repeating: 0, count: 16 << 10)
  // A negative descriptor is passed over by poll(2).
  while waiting.contains(where: { $0.fd >= 0 }) {
    let now = monotonicNow()
    guard now < end else { return nil }
    poll(&waiting, nfds_t(waiting.count), Int32(min(1000, (end - now) / 1_000_000 + 1)))
    for index in waiting.indices where waiting[index].fd >= 0 && waiting[index].revents != 0 {
      let count = read(waiting[index].fd, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { waiting[index].fd = -1 }
      if count > 0, texts[index].count < 1 << 20 { texts[index] += buffer[0..<count] }
    }
  }
  return texts.map { String(decoding: $0, as: UTF8.self) }
}
