import Foundation

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
