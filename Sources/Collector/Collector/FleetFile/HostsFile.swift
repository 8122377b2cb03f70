import Bytes
import Foundation
import SSHFleet

/// A list of hosts that other tools keep: an Ansible inventory in INI form, or a host per line.
///
/// Groups become tags, those of `[group:children]` too. Of Ansible's variables those that say how
/// a host is reached are taken (`ansible_host`, `ansible_port`, `ansible_user`,
/// `ansible_ssh_private_key_file`, and their older names); all others are passed over. Source:
/// Ansible's documentation, "How to build your inventory".
public struct HostsFile: Equatable, Sendable {
  public var hosts: [FleetFile.Host] = []

  /// Largest file read, bytes.
  static let sizeLimit = 16 << 20

  public static func read(path: String) throws(FleetFileError) -> HostsFile {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw FleetFileError(
        file: path, line: nil,
        "can't be read: \(readErrorText(path)); give another with --hosts-file FILE")
    }
    guard data.count <= sizeLimit else {
      throw FleetFileError(file: path, line: nil, "is larger than \(sizeLimit >> 20) MiB")
    }
    return try HostsFile(text: String(decoding: data, as: UTF8.self), file: path)
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

/// Takes an inventory line by line.
private struct HostsFileReader {
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
    let words = try HostsFileReader.words(line).mapError { error(number, $0) }
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
      let (key, value) = HostsFileReader.assignment(text)
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
      for part in HostsFileReader.withoutLetterRanges(pattern) {
        expanded += try HostNames.expand(HostsFileReader.withDashes(part))
      }
      names = expanded
    } catch {
      throw self.error(number, Printable.text(error.description))
    }
    for name in names {
      guard let specifier = HostSpecifier(name) else {
        throw error(number, "“\(Printable.text(name, limit: 80))” is no host name")
      }
      var host =
        hosts[specifier.name]
        ?? FleetFile.Host(
          name: specifier.name, address: specifier.host)
      if hosts[specifier.name] == nil { order.append(specifier.name) }
      host.settings = LinkSettings(user: specifier.user, port: specifier.port).over(host.settings)
      for word in rest {
        guard let (key, value) = HostsFileReader.assignment(word[...]) else {
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

  /// `db-[a:c]` as db-a, db-b, db-c.
  private static func withoutLetterRanges(_ pattern: String) -> [String] {
    guard let open = pattern.firstIndex(of: "["), let close = pattern[open...].firstIndex(of: "]")
    else { return [pattern] }
    let inner = Array(pattern[pattern.index(after: open)..<close].unicodeScalars)
    let tails = withoutLetterRanges(String(pattern[close...].dropFirst()))
    guard inner.count == 3, inner[1] == ":", inner[0].value <= inner[2].value,
      inner[0].properties.isAlphabetic, inner[0].isASCII, inner[2].properties.isAlphabetic,
      inner[2].isASCII
    else { return tails.map { pattern[...close] + $0 } }
    return (inner[0].value...inner[2].value).compactMap(Unicode.Scalar.init).flatMap { letter in
      tails.map { "\(pattern[..<open])\(letter)\($0)" }
    }
  }

  private static func assignment(_ text: Substring) -> (key: String, value: String)? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    let key = text[..<equals].filter { $0 != " " }
    let value = text[text.index(after: equals)...].drop { $0 == " " }
    return key.isEmpty ? nil : (String(key), String(value))
  }

  /// `web[01:20]` as `web[01-20]`; an IPv6 address stays.
  private static func withDashes(_ pattern: String) -> String {
    guard let open = pattern.firstIndex(of: "["), let close = pattern[open...].firstIndex(of: "]")
    else { return pattern }
    let inner = pattern[pattern.index(after: open)..<close]
    guard inner.allSatisfy({ $0.isNumber || ":,-".contains($0) }),
      inner.count(where: { $0 == ":" }) == 1
    else { return pattern }
    let tail = withDashes(String(pattern[close...].dropFirst()))
    return "\(pattern[...open])\(inner.replacing(":", with: "-"))]\(tail)"
  }

  /// The words of a line, without comments; quotes hold words together.
  private static func words(_ line: Substring) -> WordsResult {
    var words: [String] = []
    var word = ""
    var isWord = false
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        isWord = true
      } else if (character == "#" || character == ";") && !isWord {
        break
      } else if character == " " || character == "\t" || character == "\r" {
        if isWord { words.append(word) }
        (word, isWord) = ("", false)
      } else {
        word.append(character)
        isWord = true
      }
    }
    guard quote == nil else { return .failure("a quote that doesn't end") }
    if isWord { words.append(word) }
    return .success(words)
  }

  private enum WordsResult {
    case success([String])
    case failure(String)

    func mapError(
      _ make: (String) -> FleetFileError
    ) throws(FleetFileError) -> [String] {
      switch self {
      case .success(let words): return words
      case .failure(let text): throw make(text)
      }
    }
  }
}
