import Foundation
import SSHFleet
import TOMLKit

extension FleetFile {
  /// Reads the text of a fleet file; `file` is its name in errors, and the folder that relative
  /// identity paths start from.
  public init(text: String, file: String) throws(FleetFileError) {
    self.init()
    let root: TOMLTable
    do {
      root = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw FleetFileError(
        file: file, line: error.source.begin.line, "no valid TOML: \(error.description)")
    } catch {
      throw FleetFileError(file: file, line: nil, "no valid TOML: \(error)")
    }
    let lines = FleetFileLines(text)
    let top = FleetTable(root, section: "", index: 0, file: file, lines: lines)
    try top.allow(["defaults", "history", "trace", "host"])
    if let table = try top.table("defaults") { try readDefaults(table) }
    if let table = try top.table("history") { try readHistory(table) }
    if let table = try top.table("trace") { try readTracing(table) }
    for table in try top.tables("host") { hosts.append(try FleetFile.host(table)) }
    try refuseDuplicates(lines: lines, file: file)
  }

  static let linkKeys = ["user", "port", "identity", "known_hosts", "transport", "interval"]

  private mutating func readDefaults(_ table: FleetTable) throws(FleetFileError) {
    try table.allow(FleetFile.linkKeys + ["ssh_config"])
    defaults.settings = try table.linkSettings()
    defaults.transport = try table.transport()
    defaults.intervalSeconds = try table.interval()
    defaults.sshConfig = try table.string("ssh_config").map { $0 == "none" ? $0 : table.path($0) }
  }

  private mutating func readHistory(_ table: FleetTable) throws(FleetFileError) {
    try table.allow(["path", "keep", "max_size", "synchronous"])
    history.path = try table.string("path")
    history.keepSeconds = try table.parsed(
      "keep", { Quantity.seconds($0).flatMap { $0 >= 1 ? $0 : nil } }, Quantity.secondsHint)
    history.maxSizeBytes = try table.parsed("max_size", Quantity.bytes, Quantity.bytesHint)
    let modes = ["full": true, "normal": false]
    history.survivesPowerCut =
      try table.parsed("synchronous", { modes[$0] }, "\"full\" or \"normal\"") ?? true
  }

  private mutating func readTracing(_ table: FleetTable) throws(FleetFileError) {
    try table.allow([
      "on_episode", "for", "processes", "cooldown", "host_per_hour", "fleet_per_hour",
    ])
    let usual = Tracing()
    tracing.onEpisode = try table.flag("on_episode") ?? usual.onEpisode
    tracing.seconds =
      try table.parsed(
        "for", { Quantity.seconds($0).flatMap { (1...60).contains($0) ? $0 : nil } },
        "from \"1s\" to \"60s\"") ?? usual.seconds
    tracing.processes = try table.number("processes", in: 1...100) ?? usual.processes
    tracing.cooldownSeconds =
      try table.parsed(
        "cooldown", { Quantity.seconds($0).flatMap { $0 >= 60 ? $0 : nil } },
        "at least \"1m\", \(Quantity.secondsHint)") ?? usual.cooldownSeconds
    tracing.hourlyOfHost = try table.number("host_per_hour", in: 1...60) ?? usual.hourlyOfHost
    tracing.hourlyOfFleet =
      try table.number("fleet_per_hour", in: 1...3600) ?? usual.hourlyOfFleet
  }

  private static func host(_ table: FleetTable) throws(FleetFileError) -> Host {
    try table.allow(["name", "address", "tags"] + linkKeys)
    guard let name = try table.string("name") else {
      throw table.error("a [[host]] needs a name, as in name = \"web1\"")
    }
    guard HostSpecifier.isSafeName(name) else {
      throw table.error(
        "a host's name has 1 to 253 letters, digits or . - _ : and doesn't begin with “-”",
        key: "name")
    }
    var host = Host(name: name, address: try table.string("address"))
    guard HostSpecifier.isSafeName(host.address) else {
      throw table.error("“\(host.address)” is no host name and no address", key: "address")
    }
    host.tags = try table.strings("tags") ?? []
    host.settings = try table.linkSettings()
    host.transport = try table.transport()
    host.intervalSeconds = try table.interval()
    return host
  }

  private func refuseDuplicates(lines: FleetFileLines, file: String) throws(FleetFileError) {
    var seen: Set<String> = []
    for (index, host) in hosts.enumerated() where !seen.insert(host.name).inserted {
      throw FleetFileError(
        file: file, line: lines.line(section: "host", index: index, key: "name"),
        "the name \"\(host.name)\" is used twice; each host needs one of its own")
    }
  }
}

/// One table of the file, with what is needed to say where an error is.
private struct FleetTable {
  let table: TOMLTable
  let section: String
  let index: Int
  let file: String
  let lines: FleetFileLines

  init(_ table: TOMLTable, section: String, index: Int, file: String, lines: FleetFileLines) {
    self.table = table
    self.section = section
    self.index = index
    self.file = file
    self.lines = lines
  }

  func error(_ problem: String, key: String? = nil) -> FleetFileError {
    let place = key.map { section.isEmpty ? "\($0): " : "\(section).\($0): " } ?? ""
    let line =
      section.isEmpty
      ? lines.line(section: key ?? "") : lines.line(section: section, index: index, key: key)
    return FleetFileError(file: file, line: line, place + problem)
  }

  func allow(_ keys: [String]) throws(FleetFileError) {
    for key in table.keys.sorted() where !keys.contains(key) {
      let place = section.isEmpty ? "here" : "in [\(section)]"
      throw error("unknown key; \(place) stand \(keys.joined(separator: ", "))", key: key)
    }
  }

  func table(_ key: String) throws(FleetFileError) -> FleetTable? {
    guard let value = table[key] else { return nil }
    guard let inner = value.table else { throw error("must be a table: [\(key)]", key: key) }
    return FleetTable(inner, section: key, index: 0, file: file, lines: lines)
  }

  func tables(_ key: String) throws(FleetFileError) -> [FleetTable] {
    guard let value = table[key] else { return [] }
    guard let array = value.array else {
      throw error("must be an array of tables: [[\(key)]]", key: key)
    }
    var result: [FleetTable] = []
    for (index, element) in array.enumerated() {
      guard let inner = element.table else {
        throw error("must be an array of tables: [[\(key)]]", key: key)
      }
      result.append(FleetTable(inner, section: key, index: index, file: file, lines: lines))
    }
    return result
  }

  func string(_ key: String) throws(FleetFileError) -> String? {
    guard let value = table[key] else { return nil }
    guard let text = value.string, !text.isEmpty else {
      throw error("must be a text, as in \(key) = \"…\"", key: key)
    }
    return text
  }

  /// A text, or an array of texts.
  func strings(_ key: String) throws(FleetFileError) -> [String]? {
    guard let value = table[key] else { return nil }
    if let text = value.string { return [text] }
    guard let array = value.array else {
      throw error("must be an array of texts, as in \(key) = [\"…\"]", key: key)
    }
    var result: [String] = []
    for element in array {
      guard let text = element.string else {
        throw error("must hold texts only, as in \(key) = [\"…\"]", key: key)
      }
      result.append(text)
    }
    return result
  }

  func flag(_ key: String) throws(FleetFileError) -> Bool? {
    guard let value = table[key] else { return nil }
    guard let flag = value.bool else { throw error("must be true or false", key: key) }
    return flag
  }

  func number(_ key: String, in range: ClosedRange<Int>) throws(FleetFileError) -> Int? {
    guard let value = table[key] else { return nil }
    guard let number = value.int, range.contains(number) else {
      throw error("must be a number from \(range.lowerBound) to \(range.upperBound)", key: key)
    }
    return number
  }

  func parsed<Value>(
    _ key: String, _ parse: (String) -> Value?, _ hint: String
  ) throws(FleetFileError) -> Value? {
    guard let text = try string(key) else { return nil }
    guard let value = parse(text) else {
      throw error("“\(text)” isn't allowed; it is \(hint)", key: key)
    }
    return value
  }

  func linkSettings() throws(FleetFileError) -> LinkSettings {
    var port: UInt16?
    if let value = table["port"] {
      guard let number = value.int, let valid = UInt16(exactly: number), valid > 0 else {
        throw error("must be a number from 1 to 65535", key: "port")
      }
      port = valid
    }
    let user = try string("user")
    if let user, !HostSpecifier.isSafeUser(user) {
      throw error("“\(user)” is no user name", key: "user")
    }
    return LinkSettings(
      user: user, port: port, identities: try strings("identity")?.map(path),
      knownHosts: try strings("known_hosts")?.map(path))
  }

  func transport() throws(FleetFileError) -> Transport? {
    let names = Transport.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    return try parsed("transport", Transport.init(rawValue:), "one of \(names)")
  }

  func interval() throws(FleetFileError) -> Int? {
    try parsed(
      "interval", Quantity.wholeSeconds, "whole seconds from \"1s\" to \"1h\": vmstat knows no less"
    )
  }

  /// A relative path starts from the fleet file's folder.
  func path(_ text: String) -> String {
    guard !text.hasPrefix("/"), !text.hasPrefix("~") else { return text }
    return URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent(text).path
  }
}
