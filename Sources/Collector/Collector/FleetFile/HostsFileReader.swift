import Bytes
import SSHFleet

/// Takes an inventory line by line.
struct HostsFileReader {
  private enum Section {
    case hosts
    case variables
    case children
  }

  private let file: String
  private var section = Section.hosts
  private var group: String?
  private var order: [String] = []
  private var hosts: [String: FleetFile.Host] = [:]
  private var members: [String: [String]] = [:]
  private var children: [String: [String]] = [:]
  private var variables: [String: [(key: String, value: String, line: Int)]] = [:]

  init(file: String) {
    self.file = file
  }

  private func error(_ number: Int, _ problem: String) -> FleetFileError {
    FleetFileError(file: file, line: number, problem)
  }

  mutating func read(_ line: Substring, number: Int) throws(FleetFileError) {
    if section == .variables, !line.drop(while: { $0 == " " }).hasPrefix("[") {
      return addVariable(line, number)
    }
    let words = try HostsFileWords.words(line).mapError { error(number, $0) }
    guard let first = words.first else { return }
    if first.hasPrefix("["), words.count == 1, let header = header(first) {
      return try begin(header, number)
    }
    switch section {
    case .hosts: try addHosts(first, Array(words.dropFirst()), number)
    case .children: children[group ?? "", default: []].append(first)
    case .variables: break
    }
  }

  /// `ansible_user = admin`: no shell words, so a quote or a brace in the value is just that.
  private mutating func addVariable(_ line: Substring, _ number: Int) {
    let text = line.drop { $0 == " " || $0 == "\t" }
    guard !text.hasPrefix("#"), !text.hasPrefix(";"),
      let (key, value) = HostsFileWords.assignment(text)
    else { return }
    var trimmed = value[...]
    while trimmed.last?.isWhitespace ?? false { trimmed.removeLast() }
    for quote in ["\"", "'"] where trimmed.count > 1 {
      if trimmed.hasPrefix(quote), trimmed.hasSuffix(quote) {
        trimmed = trimmed.dropFirst().dropLast()
        break
      }
    }
    variables[group ?? "", default: []].append((key, String(trimmed), number))
  }

  /// The text between brackets, if it is a header and no range of hosts.
  private func header(_ word: String) -> String? {
    guard word.hasSuffix("]") else { return nil }
    let inner = word.dropFirst().dropLast()
    return inner.contains("[") || inner.contains("]") ? nil : String(inner)
  }

  private mutating func begin(_ header: String, _ number: Int) throws(FleetFileError) {
    let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard HostSpecifier.isSafeName(name) else {
      throw error(number, "“\(Printable.text(header, limit: 80))” is no group: write [web]")
    }
    group = name
    switch parts.count > 1 ? parts[1] : "" {
    case "": section = .hosts
    case "vars": section = .variables
    case "children": section = .children
    default:
      throw error(
        number,
        "[\(Printable.text(header, limit: 80))] is unknown; there are [group], "
          + "[group:vars] and [group:children]")
    }
  }

  private mutating func addHosts(
    _ pattern: String, _ rest: [String], _ number: Int
  ) throws(FleetFileError) {
    let names: [String]
    do throws(HostNames.RangeError) {
      // Ansible writes ranges with a colon, and knows those of letters too.
      var expanded: [String] = []
      for part in HostsFileWords.withoutLetterRanges(pattern) {
        expanded += try HostNames.expand(HostsFileWords.withDashes(part))
      }
      names = expanded
    } catch {
      throw self.error(number, Printable.text(error.description))
    }
    for name in names {
      // A bracket that is left was no range; one at the start is an IPv6 address's.
      guard !name.dropFirst().contains("["), let specifier = HostSpecifier(name) else {
        throw error(number, "“\(Printable.text(name, limit: 80))” is no host name")
      }
      var host =
        hosts[specifier.name]
        ?? FleetFile.Host(
          name: specifier.name, address: specifier.host)
      if hosts[specifier.name] == nil { order.append(specifier.name) }
      host.settings = LinkSettings(user: specifier.user, port: specifier.port).over(host.settings)
      for word in rest {
        guard let (key, value) = HostsFileWords.assignment(word[...]) else {
          throw error(
            number, "“\(Printable.text(word, limit: 80))” behind a host is no key=value")
        }
        try set(key, value, &host, number, isStronger: true)
      }
      hosts[specifier.name] = host
      if let group { members[group, default: []].append(specifier.name) }
    }
  }

  private func set(
    _ key: String, _ value: String, _ host: inout FleetFile.Host, _ number: Int, isStronger: Bool
  ) throws(FleetFileError) {
    // A template is filled in by Ansible alone.
    if value.contains("{{") { return }
    var new = LinkSettings()
    switch key {
    case "ansible_host", "ansible_ssh_host":
      guard HostSpecifier.isSafeName(value) else {
        throw error(number, "\(key): “\(Printable.text(value, limit: 80))” is no address")
      }
      if isStronger || host.address == host.name { host.address = value }
    case "ansible_port", "ansible_ssh_port":
      guard let port = UInt16(value), port > 0 else {
        throw error(number, "\(key) must be a number from 1 to 65535")
      }
      new.port = port
    case "ansible_user", "ansible_ssh_user":
      guard HostSpecifier.isSafeUser(value) else {
        throw error(number, "\(key): “\(Printable.text(value, limit: 80))” is no user name")
      }
      new.user = value
    case "ansible_ssh_private_key_file", "ansible_private_key_file": new.identities = [value]
    case "ansible_connection" where value == "local": host.transport = .local
    default: return
    }
    host.settings = isStronger ? new.over(host.settings) : host.settings.over(new)
  }

  /// Variables of groups hold where a host says nothing; a smaller group is stronger than one
  /// that has it as a child, and `all` is the weakest. Among groups of one level the last in the
  /// order of their names wins, and of a group's lines the last, as Ansible has it.
  func finish() throws(FleetFileError) -> [FleetFile.Host] {
    var hosts = self.hosts
    var groupsOf: [String: [String]] = [:]
    for (group, names) in members {
      for name in Set(names) { groupsOf[name, default: []] += [group] }
    }
    var parentsOf: [String: [String]] = [:]
    for (parent, names) in children {
      for name in names { parentsOf[name, default: []] += [parent] }
    }
    for name in order {
      guard var host = hosts[name] else { continue }
      let levels = HostsFileReader.levels(groupsOf[name] ?? [], parentsOf)
      host.tags = levels.flatMap { $0.sorted() }.filter { $0 != "all" && $0 != "ungrouped" }
      let strongestFirst = levels.flatMap { $0.sorted(by: >) }.filter { $0 != "all" } + ["all"]
      for group in strongestFirst {
        for (key, value, number) in (variables[group] ?? []).reversed() {
          try set(key, value, &host, number, isStronger: false)
        }
      }
      hosts[name] = host
    }
    return order.compactMap { hosts[$0] }
  }

  /// A host's own groups, then those that have these as children, and so on; each group once.
  private static func levels(
    _ own: [String], _ parentsOf: [String: [String]]
  ) -> [[String]] {
    var seen = Set(own)
    var levels = [own]
    while let last = levels.last, !last.isEmpty {
      let parents = Set(last.flatMap { parentsOf[$0] ?? [] }).subtracting(seen)
      seen.formUnion(parents)
      levels.append(Array(parents))
    }
    return levels
  }
}
