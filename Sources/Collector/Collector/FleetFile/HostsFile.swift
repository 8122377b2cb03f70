/// A list of hosts that other tools keep: an Ansible inventory in INI form, or a host per line.
///
/// Groups become tags, those of `[group:children]` too. Of Ansible's variables those that say how
/// a host is reached are taken (`ansible_host`, `ansible_port`, `ansible_user`,
/// `ansible_ssh_private_key_file`, and their older names); all others are passed over. Source:
/// Ansible's documentation, "How to build your inventory".
public struct HostsFile: Equatable, Sendable {
  public var hosts: [FleetFile.Host] = []

  public static func read(path: String) throws(FleetFileError) -> HostsFile {
    try HostsFile(text: readListText(path, option: "--hosts-file"), file: path)
  }

  public init(text: String, file: String) throws(FleetFileError) {
    var reader = HostsFileReader(file: file)
    var number = 0
    for line in text.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
    {
      number += 1
      try reader.read(line, number: number)
    }
    hosts = try reader.finish()
  }
}

extension FleetFile {
  /// Adds hosts; one that is listed already gets the tags of both.
  public mutating func add(_ file: HostsFile) {
    for host in file.hosts {
      if let index = hosts.firstIndex(where: { $0.name == host.name }) {
        hosts[index].tags += host.tags.filter { !hosts[index].tags.contains($0) }
      } else {
        hosts.append(host)
      }
    }
  }
}
