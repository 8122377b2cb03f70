import Bytes
import Foundation
import SSHFleet

/// Turns what the command line names (hosts, `@tag`, ranges, nothing) into targets.
public struct HostSelection: Sendable {
  /// Why a selection is no use.
  public struct Problem: Error, Equatable, CustomStringConvertible {
    public var description: String
  }

  public var fleet: FleetFile?
  /// What the command line says for every host: stronger than all else.
  public var overrides: LinkSettings
  /// How this machine's rows are read, asked for only where it is among the hosts.
  public var localAgent: @Sendable () -> LocalAgent
  /// Whether other hosts' rows come from their agents where they have one.
  public var prefersAgents: Bool
  /// What is copied to hosts without one; `nil`: nothing.
  public var temporaryAgent: TemporaryAgent?

  public init(
    fleet: FleetFile?, overrides: LinkSettings = LinkSettings(),
    localAgent: @escaping @Sendable () -> LocalAgent = { .missing("no agent is looked for") },
    prefersAgents: Bool = false, temporaryAgent: TemporaryAgent? = nil
  ) {
    self.fleet = fleet
    self.overrides = overrides
    self.localAgent = localAgent
    self.prefersAgents = prefersAgents
    self.temporaryAgent = temporaryAgent
  }

  /// The name this machine has for itself.
  public static var thisMachine: String {
    let name = ProcessInfo.processInfo.hostName
    return HostSpecifier.isSafeName(name) ? name : "localhost"
  }

  /// The hosts that `arguments` name, each once, in their order; all of the fleet file where
  /// there are none, and this machine where there is no fleet file either.
  public func targets(_ arguments: [String]) throws(Problem) -> [FleetTarget] {
    var chosen: [FleetFile.Host] = []
    let (arguments, excluded) = HostSelection.parted(arguments)
    if arguments.isEmpty {
      chosen = fleet?.hosts ?? [localHost]
      if chosen.isEmpty {
        throw Problem(
          description: "the fleet file names no host; add a [[host]], or name hosts on the "
            + "command line")
      }
    }
    for argument in arguments { chosen += try hosts(argument) }
    if !excluded.isEmpty { try exclude(excluded, from: &chosen) }
    var first: [String: FleetFile.Host] = [:]
    var targets: [FleetTarget] = []
    for host in chosen {
      if let other = first[host.name] {
        guard other.settings == host.settings else {
          throw Problem(
            description: "\(host.name) is named twice, with different settings; a host has one "
              + "name: give the second one of its own in a fleet file")
        }
        continue
      }
      first[host.name] = host
      targets.append(target(host))
    }
    return targets
  }

  /// Takes hosts out again; one that isn't among them is a slip of the finger.
  private func exclude(
    _ arguments: [String], from chosen: inout [FleetFile.Host]
  ) throws(Problem) {
    for argument in arguments {
      let names = Set(try hosts(argument).map(\.name))
      guard chosen.contains(where: { names.contains($0.name) }) else {
        throw Problem(
          description: "-\(Printable.text(argument, limit: 80)) leaves out none of the hosts named")
      }
      chosen.removeAll { names.contains($0.name) }
    }
    guard chosen.isEmpty else { return }
    throw Problem(description: "every host is left out; name some that stay")
  }

  /// What is asked for, and what is left out of it: `!web3`, as `-web3` arrives here.
  public static func parted(
    _ arguments: [String]
  ) -> (wanted: [String], excluded: [String]) {
    (
      arguments.filter { !$0.hasPrefix("!") },
      arguments.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) }
    )
  }

  /// The fleet file's hosts that have a tag; every host is in `all`, as Ansible has it.
  public func tagged(_ tag: String) throws(Problem) -> [FleetFile.Host] {
    let hosts = fleet?.hosts ?? []
    let found = hosts.filter { $0.tags.contains(tag) }
    guard found.isEmpty else { return found }
    if tag == "all", !hosts.isEmpty { return hosts }
    let known = fleet?.tags.map { "@\($0)" }.joined(separator: " ") ?? ""
    let hint =
      fleet == nil
      ? "there is no fleet file; give one with --fleet FILE"
      : known.isEmpty ? "no host there has tags" : "there are \(known)"
    throw Problem(
      description: "no host has the tag @\(Printable.text(tag, limit: 80)): \(hint)")
  }

  private var localHost: FleetFile.Host {
    var host = FleetFile.Host(name: HostSelection.thisMachine)
    host.transport = .local
    return host
  }

  private func hosts(_ argument: String) throws(Problem) -> [FleetFile.Host] {
    if argument.hasPrefix("@") { return try tagged(String(argument.dropFirst())) }
    let names: [String]
    do throws(HostNames.RangeError) {
      names = try HostNames.expand(argument)
    } catch {
      throw Problem(description: Printable.text(error.description))
    }
    var result: [FleetFile.Host] = []
    for name in names { result.append(try host(name)) }
    return result
  }

  private func host(_ text: String) throws(Problem) -> FleetFile.Host {
    if text == "local" { return localHost }
    guard let specifier = HostSpecifier(text) else {
      throw Problem(
        description: "“\(Printable.text(text, limit: 80))” is no host: write [user@]host[:port], "
          + "[ipv6]:port, web[1-20], @tag or local")
    }
    let listed =
      fleet?.hosts.first { $0.name == specifier.name }
      ?? fleet?.hosts.first { $0.name == specifier.host }
    var host = listed ?? FleetFile.Host(name: specifier.name, address: specifier.host)
    host.settings = LinkSettings(user: specifier.user, port: specifier.port).over(host.settings)
    return host
  }

  private func target(_ host: FleetFile.Host) -> FleetTarget {
    let defaults = fleet?.defaults ?? FleetFile.Defaults()
    let interval = host.intervalSeconds ?? defaults.intervalSeconds ?? 1
    var target = FleetTarget(
      name: host.name, address: host.address,
      transport: host.transport ?? defaults.transport ?? .auto,
      explicit: overrides.over(host.settings), defaults: defaults.settings,
      command: RemoteCommand.text(
        intervalSeconds: interval, prefersAgent: prefersAgents, temporary: temporaryAgent),
      intervalSeconds: interval)
    if prefersAgents { target.vmstatReason = RemoteCommand.noAgentReason }
    target.asksAgent = prefersAgents
    if target.transport == .local {
      let agent = localAgent()
      (target.command, target.vmstatReason) = agent.command(intervalSeconds: interval)
      target.asksAgent = if case .found = agent { true } else { false }
    }
    return target
  }
}

extension HostSelection {
  /// Whether `text` can be a host's name.
  public static func isName(_ text: String) -> Bool { HostSpecifier.isSafeName(text) }
}
