import Foundation
import SSHFleet
import TestSupport
import Testing

@testable import Deploy

/// What may be wrong with a host: a clear word, and the host left as it was.
@Suite(
  "a host that", .enabled(if: RolledOutHosts.canBeMade, Comment(rawValue: RolledOutHosts.needs)),
  .live)
struct FaultTests {
  /// Installs on the first host, which must fail at this step, say this, and change nothing.
  private func refuses(
    _ hosts: RolledOutHosts, at step: DeployStep, saying words: [String],
    _ package: AgentPackage? = nil
  ) async throws {
    let before = try await hosts.inventory()
    let package = try package ?? hosts.package()
    let outcome = try await hosts.run(hosts.rollout(.install(package, isDryRun: false)))[0]
    let said = outcome.failure?.description ?? ""
    #expect(outcome.failure?.step == step, "\(outcome)\n\(hosts.events.text.suffix(2000))")
    for word in words { #expect(said.contains(word), "\(said)") }
    if case .leftHalfDone = outcome.result { Issue.record("\(outcome)") }
    // The host tells the failure first, and then takes its folder away.
    var after: [String] = []
    try await until(
      "the host to be as it was", within: 30, detail: { "\(after.difference(from: before))" }
    ) {
      after = try await hosts.inventory()
      return after == before
    }
  }

  @Test("is of another architecture is told so before anything is sent")
  func otherArchitecture() async throws {
    var options = SeparateHost.Options()
    options.programs["uname"] =
      #"[ "$1" != -m ] || { echo riscv64; exit; }; exec /usr/bin/uname "$@""#
    let hosts = try await RolledOutHosts.start(options)
    try await refuses(hosts, at: .look, saying: ["Linux on riscv64", "--agent-file"])
    #expect(!hosts.events.steps().contains(.upload))
  }

  @Test("has a read-only prefix")
  func readOnly() async throws {
    var options = SeparateHost.Options()
    options.setUp = "mount -o remount,ro /usr/local\n"
    let hosts = try await RolledOutHosts.start(options)
    try await refuses(hosts, at: .look, saying: ["/usr/local", "read-only"])
  }

  @Test("has no room")
  func noRoom() async throws {
    var options = SeparateHost.Options()
    options.prefixBytes = 8 << 20
    let hosts = try await RolledOutHosts.start(options)
    try await refuses(hosts, at: .look, saying: ["MiB are free", "make room"])
  }

  /// The disk fills when it is too late to look: `df` says what it said before.
  @Test(
    "fills up in the middle",
    arguments: [(DeployStep.upload, 0.5, "no room for"), (.unpack, 1.5, "No space left")])
  func fillsUp(step: DeployStep, share: Double, words: String) async throws {
    var options = SeparateHost.Options()
    let size = try AgentProgram(path: try await StrippedAgent.path()).bytes.count
    options.prefixBytes = Int(Double(size) * share)
    options.programs["df"] = "echo h; echo fs 9999999 0 9999999 0% /"
    let hosts = try await RolledOutHosts.start(options)
    try await refuses(hosts, at: step, saying: [words])
  }

  /// What an operator added to the line of our key stays; where it allows something else, a failure
  /// brings it back.
  @Test("has the key already, with other options", arguments: [true, false])
  func otherOptions(fits: Bool) async throws {
    let hosts = try await RolledOutHosts.start()
    let host = hosts.hosts[0]
    let line = hosts.collectorKey.authorizedLine
    let theirs =
      fits
      ? "from=\"10.0.0.5,127.0.0.0/8\",\(line)" : "command=\"date\" \(hosts.collectorKey.publicKey)"
    let keys = "/var/lib/culprit-agent/.ssh/authorized_keys"
    try await host.output(
      "groupadd -r culprit; useradd -r -M -g culprit -d /var/lib/culprit-agent -s /bin/sh -p '*' "
        + "culprit; mkdir -p /var/lib/culprit-agent/.ssh; echo '\(theirs)' >\(keys)")
    let before = try await host.output("cat \(keys)")
    if fits {
      try await hosts.install()
    } else {
      let outcome = try await hosts.run(
        hosts.rollout(.install(try await hosts.brokenPackage(), isDryRun: false)))[0]
      #expect(outcome.failure?.step == .service, "\(outcome)")
      #expect(outcome.notes.isEmpty || !outcome.notes.joined().contains("not taken back"))
    }
    #expect(try await host.output("cat \(keys)") == before)
  }

  @Test("has settings that can't be read keeps the agent that runs, and can be left")
  func badSettings() async throws {
    let hosts = try await RolledOutHosts.start()
    let host = hosts.hosts[0]
    let before = try await hosts.inventory()
    try await hosts.install()
    let pid = try await host.output("cat /run/culprit-agent.pid")
    try await host.output(
      "cp /etc/culprit/agent.toml /run/good; echo 'x = = 1' >>/etc/culprit/agent.toml")
    try await refuses(
      hosts, at: .service, saying: ["/etc/culprit/agent.toml"], try await hosts.otherPackage())
    #expect(try await host.output("cat /run/culprit-agent.pid") == pid)
    let removed = try await hosts.run(
      hosts.rollout(.remove(keepsSpool: false, isDryRun: false)))[0]
    #expect(removed.result == .removed, "\(removed)")
    try await host.output("mv /run/good /etc/culprit/agent.toml")
    #expect(try await hosts.inventory() == before)
  }

  @Test("gets other bytes than were sent")
  func wrongChecksum() async throws {
    var options = SeparateHost.Options()
    // What is longer than a megabyte comes damaged.
    options.programs["head"] =
      #"[ "${#2}" -ge 7 ] || exec /usr/bin/head "$@"; /usr/bin/head "$@" | tr '\001' '\002'"#
    let hosts = try await RolledOutHosts.start(options)
    try await refuses(hosts, at: .verify, saying: ["came damaged", "SHA-256"])
  }

  @Test("has a file of a distribution's package in the way", .enabled(if: Machine.has("dpkg-deb")))
  func packagesFile() async throws {
    var options = SeparateHost.Options()
    options.setUp = """
      mkdir -p /run/deb/DEBIAN /run/deb/usr/local/bin
      printf 'Package: load-tools\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@y>\\n' \
      >/run/deb/DEBIAN/control
      echo 'Description: x' >>/run/deb/DEBIAN/control
      echo theirs >/run/deb/usr/local/bin/culprit-agent
      dpkg-deb --build /run/deb /run/x.deb >/dev/null
      dpkg --install /run/x.deb >/dev/null

      """
    let hosts = try await RolledOutHosts.start(options)
    try await refuses(hosts, at: .look, saying: ["/usr/local/bin/culprit-agent", "load-tools"])
    #expect(try await hosts.hosts[0].output("cat /usr/local/bin/culprit-agent") == "theirs")
  }

  @Test("has something else where a link would go")
  func conflict() async throws {
    var options = SeparateHost.Options()
    options.setUp =
      "mkdir -p /usr/local/share/culprit; echo mine >/usr/local/share/culprit/agent.toml\n"
    let hosts = try await RolledOutHosts.start(options)
    try await refuses(
      hosts, at: .link, saying: ["share/culprit/agent.toml", "nothing was changed"])
  }

  @Test("lets its operator become root by no means")
  func noSudo() async throws {
    var options = SeparateHost.Options()
    options.setUp = "useradd -M -d / -s /bin/sh -p '*' op\n"
    options.programs["sudo"] = "echo 'sudo: a password is required' >&2; exit 1"
    let hosts = try await RolledOutHosts.start(options, user: "op")
    try await refuses(hosts, at: .root, saying: ["a password is required", "deploy/sudoers"])
  }

  @Test("has a service of that name that isn't ours")
  func foreignService() async throws {
    var options = SeparateHost.Options()
    options.setUp = "printf '#!/bin/sh\\nexit 0\\n' >/etc/init.d/culprit-agent\n"
    let hosts = try await RolledOutHosts.start(options)
    try await refuses(hosts, at: .look, saying: ["/etc/init.d/culprit-agent", "by hand"])
  }

  @Test("prints without end costs no memory")
  func flood() async throws {
    var options = SeparateHost.Options()
    options.lines = ["ForceCommand yes 0123456789012345678901234567890123456789"]
    let hosts = try await RolledOutHosts.start(options)
    let outcome = try await hosts.run(
      hosts.rollout(.install(try hosts.package(), isDryRun: false)))[0]
    #expect(outcome.failure?.step == .connect, "\(outcome)")
  }

  @Test("is worked on by somebody else")
  func twoAtOnce() async throws {
    let hosts = try await RolledOutHosts.start()
    let first = hosts.rollout(.install(try hosts.package(), isDryRun: false))
    let second = hosts.rollout(.install(try hosts.package(), isDryRun: false))
    let others = EventLog()
    let outcome = try await hosts.run(first) { event in
      guard case .step(_, .unpack, .begun) = event else { return }
      // While the first waits, holding the host.
      _ = try? hosts.runBlocking(second) { others.note($0) }
    }[0]
    #expect(outcome.result == .installed, "\(outcome)")
    let failed = others.all.compactMap { event -> StepFailure? in
      if case .ended(let outcome) = event { outcome.failure } else { nil }
    }
    #expect(failed.first?.step == .lock, "\(failed)")
    #expect(failed.first?.description.contains("another deploy works on this host") ?? false)
  }

  @Test("refuses the new version's health keeps the old one, running")
  func unhealthy() async throws {
    let hosts = try await RolledOutHosts.start()
    let broken = try await hosts.brokenPackage()
    try await refuses(
      hosts, at: .service, saying: ["the new version doesn't", "/nix/culprit"], broken)
    try await hosts.install()
    let next = try await hosts.package(
      replacing: "/run/culprit/agent.sock", with: "/nix/culprit/agent.sock")
    let version = try AgentPackage(next.program, version: "\(next.version)+2")
    try await refuses(hosts, at: .service, saying: ["the new version doesn't"], version)
    let good = try await hosts.run(hosts.rollout(.status))[0]
    guard case .looked(let status) = good.result else { throw TestTrouble("\(good)") }
    #expect(status.isGood, "\(good)")
  }

  /// It runs, and nobody can reach it: its socket is elsewhere.
  @Test("runs an agent that answers nobody")
  func silent() async throws {
    var options = SeparateHost.Options()
    options.setUp = "echo 'socket = \"/run/culprit/other.sock\"' >>/etc/culprit/agent.toml\n"
    let hosts = try await RolledOutHosts.start(options)
    try await refuses(hosts, at: .prove, saying: ["not healthy", "no agent answers"])
  }
}

extension RolledOutHosts {
  /// The same on this thread.
  func runBlocking(
    _ rollout: Rollout, on: @escaping @Sendable (RolloutEvent) -> Void
  ) throws -> [HostOutcome] {
    var options = FleetOptions()
    options.sshConfigFile = "none"
    return try rollout.run(options: options, log: RolledOutHosts.silence, tell: on)
  }
}
