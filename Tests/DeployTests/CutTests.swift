import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Deploy

/// Connections that are cut, and hosts' shells that are killed, at every step: the host is as it was,
/// and the next run finishes it.
@Suite(
  "a roll-out that is cut",
  .enabled(if: RolledOutHosts.canBeMade, Comment(rawValue: RolledOutHosts.needs)), .live)
struct CutTests {
  enum Moment: String, CaseIterable, Sendable {
    /// Before the step reaches the host.
    case before
    /// Some time into it.
    case during
  }

  /// All of an installation but the first: without a connection there is nothing to cut.
  private static let steps: [DeployStep] = [
    .lock, .look, .upload, .verify, .unpack, .link, .user, .config, .spool, .key, .service, .prove,
    .keep,
  ]
  /// Those that take long enough to be cut in the middle.
  private static let longSteps: [DeployStep] = [.upload, .unpack, .link, .user, .service, .prove]
  /// Those that change something.
  private static let changes: [DeployStep] = [.unpack, .link, .user, .key, .service, .prove, .keep]

  private func installation(
    of package: AgentPackage, cutAt step: DeployStep, _ moment: Moment, on hosts: RolledOutHosts,
    _ cut: @escaping @Sendable () -> Void
  ) async throws -> HostOutcome {
    let isCut = Mutex(false)
    return try await hosts.run(hosts.rollout(.install(package, isDryRun: false))) { event in
      guard case .step(_, step, .begun) = event, !isCut.withLock({ $0 }) else { return }
      isCut.withLock { $0 = true }
      guard moment == .during else { return cut() }
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(15), execute: cut)
    }[0]
  }

  /// Whether the host is as it was; it takes back by itself, and that takes a moment.
  private func isAsItWas(
    _ before: [String], _ hosts: RolledOutHosts, after step: DeployStep
  ) async throws {
    var now: [String] = []
    try await until(
      "the host to be as it was, cut at \(step)",
      detail: { "\(now.difference(from: before))\n\(hosts.events.text.suffix(3000))" }
    ) {
      now = try await hosts.inventory()
      return now == before
    }
  }

  @Test("leaves a new host as it was, and the next run finishes it", arguments: Moment.allCases)
  func newHost(moment: Moment) async throws {
    let hosts = try await RolledOutHosts.start()
    let host = hosts.hosts[0]
    let before = try await hosts.inventory()
    let package = try hosts.package()
    for step in moment == .before ? Self.steps : Self.longSteps {
      let outcome = try await installation(of: package, cutAt: step, moment, on: hosts) {
        host.cut()
      }
      if moment == .before {
        #expect(outcome.failure != nil, "\(step): \(outcome)")
      } else if outcome.failure == nil {
        // Some time into a short step may be behind the last.
        try await hosts.run(hosts.rollout(.remove(keepsSpool: false, isDryRun: false)))
      }
      try await isAsItWas(before, hosts, after: step)
    }
    try await hosts.install()
    // Those are all that there are.
    #expect(Set(hosts.events.steps()).isSuperset(of: Self.steps))
    #expect(
      Set(hosts.events.steps()).subtracting(Self.steps).isSubset(of: [.connect, .undo, .remove]))
  }

  @Test("leaves an installed host with its old version, and that one running")
  func upgrade() async throws {
    let hosts = try await RolledOutHosts.start()
    let host = hosts.hosts[0]
    try await hosts.install()
    let installed = try await hosts.inventory()
    let other = try await hosts.otherPackage()
    for step in [DeployStep.unpack, .link, .service, .prove, .keep] {
      let outcome = try await installation(of: other, cutAt: step, .before, on: hosts) {
        host.cut()
      }
      #expect(outcome.failure != nil, "\(step): \(outcome)")
      try await isAsItWas(installed, hosts, after: step)
    }
    let good = try await hosts.run(hosts.rollout(.status))[0]
    guard case .looked(let status) = good.result else { throw TestTrouble("\(good)") }
    #expect(status.isGood && good.version == hosts.agent.version, "\(good)")
    let outcome = try await hosts.run(hosts.rollout(.install(other, isDryRun: false)))[0]
    #expect(outcome.result == .installed && outcome.previous == hosts.agent.version, "\(outcome)")
  }

  /// As a power cut would: nobody there takes anything back.
  @Test("killed on the host with all it runs, it is taken back by the next run")
  func shellIsKilled() async throws {
    let hosts = try await RolledOutHosts.start()
    let host = hosts.hosts[0]
    let before = try await hosts.inventory()
    let package = try hosts.package()
    for step in Self.changes {
      let outcome = try await installation(of: package, cutAt: step, .before, on: hosts) {
        host.killSessions()
      }
      #expect(outcome.failure?.kind == .cut, "\(step): \(outcome)")
      // The next run, whatever it is, first takes back what was done.
      try await hosts.run(hosts.rollout(.remove(keepsSpool: false, isDryRun: false)))
      try await isAsItWas(before, hosts, after: step)
    }
    try await hosts.install()
  }

  @Test("by a collector that says nothing any more, the host takes it back by itself")
  func collectorIsGone() async throws {
    let hosts = try await RolledOutHosts.start()
    let before = try await hosts.inventory()
    var rollout = hosts.rollout(.install(try hosts.package(), isDryRun: false))
    rollout.patienceSeconds = 1
    let outcome = try await hosts.run(rollout) { event in
      guard case .step(_, .user, .begun) = event else { return }
      // The connection stands, and nothing comes.
      Thread.sleep(forTimeInterval: 5)
    }[0]
    #expect(outcome.failure?.kind == .cut, "\(outcome)")
    try await isAsItWas(before, hosts, after: .user)
  }

  @Test("nor does it wait for ever for what was to be sent")
  func uploadStops() async throws {
    let hosts = try await RolledOutHosts.start()
    let before = try await hosts.inventory()
    let (host, folder) = (hosts.hosts[0], hosts.folder)
    let session = try TalkingProgram([
      "ssh", "-F", "none", "-o", "UserKnownHostsFile=\(folder.file("known_hosts"))", "-o",
      "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", hosts.operatorKey.path, "-p",
      "\(host.port)", "root@\(host.address)", HostScript.command(patienceSeconds: 2),
    ])
    func say(_ bytes: [UInt8]) {
      bytes.withUnsafeBytes { #expect(write(session.socket, $0.baseAddress, $0.count) == $0.count) }
    }
    var heard = ""
    func hear(_ word: String) async throws {
      try await until("“\(word)” from the host", detail: { heard + session.errorText }) {
        var part = [UInt8](repeating: 0, count: 4096)
        let count = recv(session.socket, &part, part.count, Int32(MSG_DONTWAIT))
        if count > 0 { heard += String(decoding: part[..<count], as: UTF8.self) }
        return heard.contains(word)
      }
    }
    say(HostScript.input)
    try await hear(HostScript.greeting)
    say(Array("lock\nupload\n100000\n\(String(repeating: "0", count: 64))\n0\n".utf8))
    try await hear("@send 100000")
    say([UInt8](repeating: 7, count: 50_000))
    // The connection stands, and nothing more comes.
    _ = try await session.end()
    try await isAsItWas(before, hosts, after: .upload)
    try await hosts.install()
  }
}
