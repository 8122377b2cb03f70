import Bytes
import Foundation

/// OpenSSH's own program: how it is called, and what its last words mean.
enum SSHProgram {
  /// Whether there is one in PATH.
  static let isInstalled: Bool = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").contains { access("\($0)/ssh", X_OK) == 0 }
  }()

  /// No dialogue window either: the ssh that ssh starts for a ProxyJump isn't in batch mode.
  static let program = ["env", "SSH_ASKPASS_REQUIRE=never", "ssh"]

  /// The words for another session of a connection that a master holds. Where that is gone they
  /// fail: no configuration is read and no connection made.
  static func beside(_ controlPath: String) -> [String] {
    program + [
      "-F", "none", "-T", "-x", "-a", "-S", controlPath, "-o", "ControlMaster=no", "-o",
      "BatchMode=yes", "-o", "ProxyCommand=false", "-o", "LogLevel=ERROR",
    ]
  }

  /// The identity files and known_hosts files for a bastion, which `~/.ssh/config` says more of:
  /// they are added to its own, unless the command line or [[host]] gave files.
  static func keysForBastion(_ target: FleetTarget) -> [String] {
    var words: [String] = []
    let identities = target.explicit.identities ?? target.defaults.identities ?? []
    words += identities.flatMap { ["-i", expandHome($0)] }
    if let files = target.explicit.knownHosts {
      words += ["-o", "UserKnownHostsFile=\(list(files))", "-o", "GlobalKnownHostsFile=none"]
    } else if let files = target.defaults.knownHosts {
      words += ["-o", "GlobalKnownHostsFile=\(list(files)) /etc/ssh/ssh_known_hosts"]
    }
    return words
  }

  /// Files as a setting takes several.
  private static func list(_ files: [String]) -> String {
    files.map { "\"\(expandHome($0))\"" }.joined(separator: " ")
  }

  /// How long it may take to a host that says nothing, seconds.
  static let connectSeconds = 30

  /// The words that run `command` on a host, or a master for other sessions of it.
  ///
  /// - Parameter bastion: the master that holds a login at its bastion, instead of one of its own.
  static func arguments(
    _ target: FleetTarget, _ known: HostSettings, options: FleetOptions, controlPath: String?,
    bastion: String? = nil
  ) -> [String] {
    var words = start(options: options)
    if let bastion {
      let through = beside(bastion) + ["-W", "%h:%p", "--", "bastion"]
      words += ["-o", "ProxyCommand=\(through.joined(separator: " "))"]
    }
    if let controlPath {
      words += ["-o", "ControlMaster=yes", "-o", "ControlPath=\(controlPath)"]
    } else {
      words += ["-o", "ControlPath=none"]
    }
    words += ["-o", "PermitLocalCommand=no", "-o", "ClearAllForwardings=yes"]
    if let user = known.settings.user { words += ["-l", user] }
    if let port = known.settings.port { words += ["-p", String(port)] }
    words += keys(target, said: known.answer.said)
    return words + ["--", target.address, "exec sh -c '\(target.command)'"]
  }

  /// What holds for every call: nothing is asked, nothing of the user's session goes along.
  static func start(options: FleetOptions) -> [String] {
    var words = program
    if let file = options.sshConfigFile { words += ["-F", file] }
    words += ["-T", "-x", "-a", "-e", "none"]
    let settings = [
      "BatchMode=yes",
      "StrictHostKeyChecking=\(options.acceptsNewKeys ? "accept-new" : "yes")",
      "ConnectTimeout=\(connectSeconds)", "ServerAliveInterval=10", "ServerAliveCountMax=3",
      "ControlPersist=no", "RequestTTY=no", "RemoteCommand=none", "UpdateHostKeys=no",
      "LogLevel=ERROR",
    ]
    return words + settings.flatMap { ["-o", $0] }
  }

  /// The identity files and known_hosts files that ssh doesn't find in its own configuration.
  static func keys(_ target: FleetTarget, said: LinkSettings) -> [String] {
    var words: [String] = []
    if let identities = target.explicit.identities {
      words += ["-o", "IdentitiesOnly=yes"] + identities.flatMap { ["-i", expandHome($0)] }
    } else if said.identities == nil, let identities = target.defaults.identities {
      words += identities.flatMap { ["-i", expandHome($0)] }
    }
    let files =
      target.explicit.knownHosts ?? (said.knownHosts == nil ? target.defaults.knownHosts : nil)
    if let files {
      words += ["-o", "UserKnownHostsFile=\(list(files))", "-o", "GlobalKnownHostsFile=none"]
    }
    return words
  }

  /// What ended a call that never got as far as the command.
  static func failure(_ complaint: String, status: Int32?, place: String) -> LinkFailure {
    let words = Printable.text(
      complaint.split(whereSeparator: isLineEnd)
        .filter { !$0.allSatisfy { $0 == "@" || $0 == " " } }.joined(separator: " "), limit: 300)
    let said = words.isEmpty ? "ended with status \(status ?? -1)" : "says: \(words)"
    func has(_ text: String) -> Bool { complaint.contains(text) }
    if has("HOST IDENTIFICATION HAS CHANGED") || has("REVOKED HOST KEY") {
      return LinkFailure(
        .changedKey,
        "HOST KEY CHANGED: \(place) shows another key than known_hosts has. Somebody may be "
          + "listening in, or the host was reinstalled. If you know why, remove the old key "
          + "(ssh-keygen -R) and enrol the new one. ssh \(said)")
    }
    if has("Host key verification failed") || has("host key is known for") {
      return LinkFailure(
        .unknownKey,
        "unknown host key of \(place): check it with the host's admin, then `culprit enrol` "
          + "writes it to known_hosts. ssh \(said)")
    }
    if has("Permission denied ("), !has("publickey") {
      return LinkFailure(
        .refusedKey,
        "\(place) accepts no keys: culprit logs in with keys; set PubkeyAuthentication yes in its "
          + "sshd_config. ssh \(said)")
    }
    if has("Permission denied") || has("Too many authentication failures") {
      return LinkFailure(
        .refusedKey,
        "\(place) refused every key. Add the public key to authorized_keys there, or give another "
          + "with --identity FILE. ssh \(said)")
    }
    if has("Unable to negotiate") || has("no matching") || has("Bad configuration option") {
      return LinkFailure(.unsupported, "\(place): ssh \(said)")
    }
    return LinkFailure(.unreachable, "\(place): ssh \(said)")
  }
}
