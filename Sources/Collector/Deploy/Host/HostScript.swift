/// What runs on a host during a roll-out: one POSIX shell, root's, that reads verbs. Its text is the
/// same for every host and version, and whatever is particular comes as a line that it reads.
enum HostScript {
  /// The bytes of the script, without the last newline: `$(…)` in the shell takes that away.
  static let text: [UInt8] = {
    let parts = [
      PackageResources.basics_sh, PackageResources.service_sh, PackageResources.journal_sh,
      PackageResources.package_sh, PackageResources.account_sh, PackageResources.verbs_sh,
    ]
    var text = Array(parts.joined())
    while text.last == UInt8(ascii: "\n") { text.removeLast() }
    return text
  }()

  /// How long a host waits for a collector that says nothing, before it takes back what was begun.
  static let patienceSeconds = 900

  /// The remote command (`FleetTarget.command`): becomes root, reads the script and runs it. It holds
  /// no single quote. Where sudo is needed, the command that sudo runs, and logs, is always this same
  /// short one.
  static func command(patienceSeconds: Int = patienceSeconds) -> String {
    // Within double quotes.
    let reader = #"IFS= read -r n && s=\`head -c \$n\` && eval \"\$s\""#
    return [
      "culprit=deploy", "PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin", "export PATH", "r=",
      "[ \"`id -u`\" = 0 ] || { r=\"sudo -n\"; echo \"\(asking)\"; }",
      "exec $r /bin/sh -c \"\(reader)\" culprit-deploy \(patienceSeconds)",
    ].joined(separator: "; ")
  }

  /// What its standard input begins with. Nothing more may be sent before it says that it runs: not
  /// every `head -c` stops reading where it should.
  static var input: [UInt8] { Array("\(text.count)\n".utf8) + text }

  /// What it says where it isn't root, and asks sudo, which may refuse.
  static let asking = "@sudo"

  /// The version of what the two sides say to each other: its first line.
  static let greeting = "@deploy 1"
}
