import Foundation

/// A way to bring the agent to many hosts and start it there.
enum DeployMethod: String, CaseIterable {
  /// `culprit deploy install`, which also proves each host good, wave by wave.
  case culprit
  /// `clush --copy`, then a shell script on all.
  case clush
  /// `pdcp`, then the same by `pdsh`.
  case pdcp
  /// scp and a script around GNU stow, by `xargs -P`.
  case stow

  var title: String {
    switch self {
    case .culprit: "culprit deploy install"
    case .clush: "clush --copy + shell"
    case .pdcp: "pdcp + pdsh"
    case .stow: "scp + stow script"
    }
  }

  /// The programs it is made of, and Debian's package of them.
  var needs: (programs: [String], package: String) {
    switch self {
    case .culprit: ([], "")
    case .clush: (["clush"], "clustershell")
    case .pdcp: (["pdcp", "pdsh"], "pdsh")
    case .stow: (["stow", "scp", "xargs"], "stow")
    }
  }

  var isThere: Bool {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(
      separator: ":")
    return needs.programs.allSatisfy { program in
      folders.contains { access("\($0)/\(program)", X_OK) == 0 }
    }
  }

  /// What is rolled out, and to whom.
  struct Site {
    var workbench: Workbench
    var addresses: [String]
    /// The agent's Encap package, a tar file.
    var package: String
    /// What its folder is called.
    var packageName: String
    /// Hosts at once.
    var wave: Int

    var port: String { "\(workbench.port)" }

    func sshOptions(_ knownHosts: String) -> [String] {
      [
        "-F", "none", "-o", "UserKnownHostsFile=\(knownHosts)", "-o", "GlobalKnownHostsFile=none",
        "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR", "-i",
        workbench.identity,
      ]
    }
  }

  /// The programs to run, one behind the other.
  func commands(_ site: Site) throws -> [[String]] {
    let known = try site.workbench.writeKnownHosts(site.addresses)
    let options = site.sshOptions(known)
    let copy = "/var/tmp/agent.tar"
    let wave = "\(site.wave)"
    let list = site.addresses.joined(separator: ",")
    switch self {
    case .culprit: return [try culpritCommand(site, known)]
    case .clush:
      let clush = [
        "clush", "-q", "-S", "-f", wave, "-l", "root", "-o",
        // scp(1) takes -p for something else.
        (options + ["-o", "Port=\(site.port)"]).joined(separator: " "), "-w", list,
      ]
      return [
        clush + ["--copy", site.package, "--dest", copy],
        clush + [DeployMethod.linked(site.packageName, from: copy)],
      ]
    case .pdcp:
      let arguments = (options + ["-p", site.port]).joined(separator: " ")
      let environment = ["env", "PDSH_SSH_ARGS_APPEND=\(arguments)"]
      return [
        environment + ["pdcp", "-R", "ssh", "-f", wave, "-l", "root", "-w", list]
          + [site.package, copy],
        environment + ["pdsh", "-R", "ssh", "-S", "-f", wave, "-l", "root", "-w", list]
          + [DeployMethod.linked(site.packageName, from: copy)],
      ]
    case .stow:
      let hosts = try site.workbench.write(
        site.addresses.map { $0 + "\n" }.joined(), to: "stow.hosts")
      let remote = try site.workbench.write(
        DeployMethod.stowed(site.packageName, from: copy), to: "stow.remote")
      let words = options.joined(separator: " ")
      let script = """
        scp -q \(words) -P \(site.port) \(site.package) "root@$1:\(copy)" &&
          ssh \(words) -p \(site.port) "root@$1" sh -s <\(remote)
        """
      return [["xargs", "-a", hosts, "-P", wave, "-n", "1", "sh", "-c", script, "sh"]]
    }
  }

  private func culpritCommand(_ site: Site, _ knownHosts: String) throws -> [String] {
    let fleet = try site.workbench.write(
      site.addresses.enumerated().map { index, address in
        "[[host]]\nname = \"host\(index)\"\naddress = \"\(address)\"\nport = \(site.port)\n"
      }.joined(), to: "deploy.toml")
    return [
      try RunningClient.requiredCulprit(), "deploy", "install", "--fleet", fleet, "--user", "root",
      "--key", site.workbench.path("collector"), "--identity", site.workbench.identity,
      "--known-hosts", knownHosts, "--ssh-config", "none", "--wave", "\(site.wave)", "--plain",
    ]
  }

  /// The links made by hand.
  private static func linked(_ package: String, from copy: String) -> String {
    """
    set -e; cd /usr/local; mkdir -p encap; tar -xf \(copy) -C encap; \
    ln -sfn ../encap/\(package)/bin/culprit-agent bin/culprit-agent; \
    \(started(in: "encap/\(package)"))
    """
  }

  /// The links made by stow.
  private static func stowed(_ package: String, from copy: String) -> String {
    """
    set -e; cd /usr/local; mkdir -p stow; tar -xf \(copy) -C stow; \
    stow -d stow -t . --ignore encapinfo --ignore SHA256SUMS -R \(package); \
    \(started(in: "stow/\(package)"))
    """
  }

  /// The account, and the service of an init script.
  private static func started(in folder: String) -> String {
    """
    id culprit >/dev/null 2>&1 || useradd -r -M -s /bin/sh culprit; \
    mkdir -p /var/spool/culprit /etc/init.d; chown culprit:culprit /var/spool/culprit; \
    cp \(folder)/share/culprit/culprit-agent.init /etc/init.d/culprit-agent; \
    /etc/init.d/culprit-agent restart </dev/null >/dev/null 2>&1
    """
  }
}
