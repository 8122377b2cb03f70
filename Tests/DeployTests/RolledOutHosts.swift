import Collector
import Deploy
import Foundation
import Glibc
import Logging
import SSHFleet
import Synchronization
import TestSupport
import Testing

/// Hosts of their own on this machine, an operator who may log in to them, and a collector's key.
final class RolledOutHosts: Sendable {
  static let canBeMade = SeparateHost.canBeMade && StrippedAgent.canBeMade
  static let needs = "\(SeparateHost.needs); \(StrippedAgent.needs)"

  let folder: TestFolder
  let hostKey: KeyPair
  let operatorKey: KeyPair
  let collectorKey: CollectorKey
  let hosts: [SeparateHost]
  let agent: AgentProgram
  let events = EventLog()

  private init(
    _ folder: TestFolder, hostKey: KeyPair, operatorKey: KeyPair, collectorKey: CollectorKey,
    hosts: [SeparateHost], agent: AgentProgram, user: String
  ) {
    self.folder = folder
    self.hostKey = hostKey
    self.operatorKey = operatorKey
    self.collectorKey = collectorKey
    self.hosts = hosts
    self.agent = agent
    self.user = user
  }

  /// Settings that make a test short: ten ticks a second, by the engine that works everywhere.
  static let quickSettings = """
    mkdir -p /etc/culprit
    printf 'interval = "100ms"\\nengine = "proc"\\nrows = 5\\n' >/etc/culprit/agent.toml

    """

  static func start(
    _ options: SeparateHost.Options = .init(), count: Int = 1, user: String = "root"
  ) async throws -> RolledOutHosts {
    let folder = try TestFolder()
    let hostKey = try await KeyPair.make(in: folder, name: "host")
    let operatorKey = try await KeyPair.make(in: folder, name: "operator")
    var options = options
    options.setUp = quickSettings + options.setUp
    var hosts: [SeparateHost] = []
    for index in 0..<count {
      hosts.append(
        try await SeparateHost.start(
          options, address: "127.0.77.\(index + 1)", hostKey: hostKey,
          logins: [user: operatorKey]))
    }
    try folder.write(
      hosts.map { "[\($0.address)]:\($0.port) \(hostKey.publicKey)\n" }.joined(),
      to: "known_hosts")
    return RolledOutHosts(
      folder, hostKey: hostKey, operatorKey: operatorKey,
      collectorKey: try CollectorKey.made(at: folder.file("collector")), hosts: hosts,
      agent: try AgentProgram(path: try await StrippedAgent.path()), user: user)
  }

  private let user: String
  static let silence = Logger(label: "silence") { _ in SwiftLogNoOpLogHandler() }

  /// A package of the agent that was built.
  func package(_ version: String? = nil) throws -> AgentPackage {
    try AgentPackage(agent, version: version ?? agent.version)
  }

  /// A package of an agent that is the built one but for some text in it, of the same length.
  func package(replacing text: String, with other: String) async throws -> AgentPackage {
    let (old, new) = (Array(text.utf8), Array(other.utf8))
    var bytes = agent.bytes
    guard old.count == new.count, let place = bytes.firstRange(of: old) else {
      throw TestTrouble("no “\(text)” in the agent")
    }
    bytes.replaceSubrange(place, with: new)
    // Another process makes it executable: what this one had open for writing it can't run.
    let raw = try folder.write(bytes, to: "raw")
    let path = folder.file("agent-\(other.filter(\.isLetter))\(other.filter(\.isNumber))")
    try await Program.output("install", "-m", "755", raw, path)
    return try AgentPackage(try AgentProgram(path: path))
  }

  /// One that doesn't start: its socket is where no folder can be made.
  func brokenPackage() async throws -> AgentPackage {
    try await package(replacing: "/run/culprit/agent.sock", with: "/nix/culprit/agent.sock")
  }

  /// One of another version.
  func otherPackage() async throws -> AgentPackage {
    let version = agent.version ?? ""
    return try await package(replacing: version, with: String(version.dropLast()) + "9")
  }

  func target(_ index: Int) -> FleetTarget {
    FleetTarget(
      name: "host\(index)", address: hosts[index].address,
      explicit: LinkSettings(
        user: user, port: hosts[index].port, identities: [operatorKey.path],
        knownHosts: [folder.file("known_hosts")]), command: "")
  }

  func rollout(_ action: Rollout.Action, on indices: [Int]? = nil) -> Rollout {
    var rollout = Rollout(
      action, (indices ?? Array(hosts.indices)).map(target), key: collectorKey)
    rollout.record = PackageRecord(folder.file("packages"))
    return rollout
  }

  /// Runs it to its end. `on` hears each event first, on the thread of the host it is of.
  @discardableResult
  func run(
    _ rollout: Rollout, on: @escaping @Sendable (RolloutEvent) -> Void = { _ in }
  ) async throws -> [HostOutcome] {
    let events = events
    let work = BlockingWork {
      try self.runBlocking(rollout) {
        events.note($0)
        on($0)
      }
    }
    return try await work.value
  }

  /// Installs this version on the first host; it must work.
  func install(_ version: String? = nil) async throws {
    let outcome = try await run(rollout(.install(try package(version), isDryRun: false)))[0]
    guard outcome.failure == nil else { throw TestTrouble("install: \(outcome)\n\(events.text)") }
  }

  /// All that a roll-out might leave on a host, a line for each file: what it is, its mode, its
  /// owner, and where a link leads.
  func inventory(_ index: Int = 0) async throws -> [String] {
    let text = try await hosts[index].output(
      "find /usr/local /etc /var/lib/culprit* /var/spool /var/log /run -xdev "
        // Copies that useradd(8) leaves; pieces of the spool come and go.
        + "! -path '/run/sshd*' ! -name .pwd.lock ! -path '/etc/*-' ! -path '/var/spool/culprit/*' "
        + "\\( -type d -o -type l -o -type f -o -type s \\) -printf '%y %m %U %p %l\\n' "
        + "2>/dev/null | sort; sha256sum /etc/passwd /etc/group /etc/shadow; "
        + "ps -eo user,args | grep -c '[c]ulprit-agent run' || true")
    return text.split(separator: "\n").map(String.init)
  }
}

/// What a roll-out told, in its order.
final class EventLog: Sendable {
  private let list = Mutex<[RolloutEvent]>([])

  func note(_ event: RolloutEvent) {
    if case .sent = event { return }
    list.withLock { $0.append(event) }
  }

  var all: [RolloutEvent] { list.withLock { $0 } }

  /// The steps that were begun on a host.
  func steps(_ host: String = "host0") -> [DeployStep] {
    all.compactMap { event in
      if case .step(host, let step, .begun) = event { return step }
      return nil
    }
  }

  var text: String { all.map { "\($0)" }.joined(separator: "\n") }
}

/// Blocking work on a thread of its own, awaited.
private struct BlockingWork<Value: Sendable>: Sendable {
  let body: @Sendable () throws -> Value

  init(_ body: @escaping @Sendable () throws -> Value) {
    self.body = body
  }

  var value: Value {
    get async throws {
      try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
      }
    }
  }
}
