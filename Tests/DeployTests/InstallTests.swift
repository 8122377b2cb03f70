import Deploy
import Foundation
import TestSupport
import Testing

/// One host from nothing to nothing: real sshd, real agent, real files.
@Suite(
  "a host", .enabled(if: RolledOutHosts.canBeMade, Comment(rawValue: RolledOutHosts.needs)), .live)
struct InstallTests {
  @Test("is installed, found good, upgraded, gone back and left as it was")
  func wholeLife() async throws {
    let hosts = try await RolledOutHosts.start()
    let before = try await hosts.inventory()
    let host = hosts.hosts[0]
    let version = try hosts.package().version.description

    let installed = try await hosts.run(
      hosts.rollout(.install(try hosts.package(), isDryRun: false)))[0]
    #expect(installed.result == .installed, "\(installed)\n\(hosts.events.text)")
    #expect(installed.sentBytes > 1 << 20)
    let link = try await host.output("readlink /usr/local/bin/culprit-agent")
    #expect(link == "../encap/culprit-agent-\(version)/bin/culprit-agent")
    // It isn't root's: the account and five capabilities.
    let status = try await host.output("cat /proc/$(cat /run/culprit-agent.pid)/status")
    #expect(status.contains("CapEff:\t000000c000081004"), "\(status)")
    #expect(!status.contains("Uid:\t0"), "\(status)")
    let kept = try await host.output("cat /etc/culprit/agent.toml")
    #expect(kept.contains("100ms"), "the settings that were there stay")

    try hosts.rollout(.status).record.keep(try hosts.package())
    let good = try await hosts.run(hosts.rollout(.status))[0]
    guard case .looked(let status) = good.result else { throw TestTrouble("\(good)") }
    #expect(status.isGood && good.version == version, "\(good)")

    let again = try await hosts.run(
      hosts.rollout(.install(try hosts.package(), isDryRun: false)))[0]
    #expect(again.result == .unchanged && again.sentBytes == 0, "\(again)")

    let pid = try await host.output("cat /run/culprit-agent.pid")
    let upgraded = try await hosts.run(
      hosts.rollout(.install(try hosts.package("\(version)+2"), isDryRun: false)))[0]
    #expect(upgraded.result == .installed && upgraded.previous == version, "\(upgraded)")
    #expect(upgraded.sentBytes < 1 << 20, "the executable is the same: only the rest is sent")
    let running = try await host.output("readlink /proc/$(cat /run/culprit-agent.pid)/exe")
    #expect(running == "/usr/local/encap/culprit-agent-\(version)+2/bin/culprit-agent")
    #expect(try await host.output("cat /run/culprit-agent.pid") != pid)

    let back = try await hosts.run(hosts.rollout(.rollBack(isDryRun: false)))[0]
    #expect(back.result == .rolledBack && back.version == version, "\(back)")
    let old = try await host.output("readlink /proc/$(cat /run/culprit-agent.pid)/exe")
    #expect(old == "/usr/local/encap/culprit-agent-\(version)/bin/culprit-agent")

    let removed = try await hosts.run(
      hosts.rollout(.remove(keepsSpool: false, isDryRun: false)))[0]
    #expect(removed.result == .removed, "\(removed)")
    let after = try await hosts.inventory()
    #expect(after == before, "\(after.difference(from: before))")
    let gone = try await hosts.run(
      hosts.rollout(.remove(keepsSpool: false, isDryRun: false)))[0]
    #expect(gone.result == .absent, "\(gone)")
  }

  @Test(
    "gets the executable packed where it can unpack it, and whole where not",
    arguments: [true, false])
  func packing(hasGzip: Bool) async throws {
    var options = SeparateHost.Options()
    // What can't be executed isn't found in PATH.
    if !hasGzip { options.setUp = "mount --bind /dev/null \"$(command -v gzip)\"\n" }
    let hosts = try await RolledOutHosts.start(options)
    let outcome = try await hosts.run(
      hosts.rollout(.install(try hosts.package(), isDryRun: false)))[0]
    #expect(outcome.result == .installed, "\(outcome)\n\(hosts.events.text)")
    let size = hosts.agent.bytes.count
    if hasGzip {
      #expect(outcome.sentBytes < size / 2, "\(outcome.sentBytes) of \(size)")
    } else {
      #expect(outcome.sentBytes > size)
    }
    let sum = try await hosts.hosts[0].output("sha256sum </usr/local/bin/culprit-agent")
    #expect(sum.hasPrefix(hosts.agent.checksum))
  }

  @Test("keeps its spool where that is asked for, and settings that were changed")
  func keepsWhatIsAsked() async throws {
    var options = SeparateHost.Options()
    options.setUp = "rm -r /etc/culprit\n"
    let hosts = try await RolledOutHosts.start(options)
    try await hosts.install()
    let host = hosts.hosts[0]
    try await host.output("echo 'rows = 7' >>/etc/culprit/agent.toml")
    let removed = try await hosts.run(
      hosts.rollout(.remove(keepsSpool: true, isDryRun: false)))[0]
    #expect(removed.result == .removed)
    #expect(removed.notes.contains { $0.contains("/var/spool/culprit stays") }, "\(removed)")
    #expect(removed.notes.contains { $0.contains("agent.toml stays") }, "\(removed)")
    let left = try await host.output("stat -c '%U %n' /var/spool/culprit; ls /etc/culprit")
    #expect(left == "root /var/spool/culprit\nagent.toml")
  }

  @Test("a dry run says what would be done, and does nothing")
  func dryRun() async throws {
    let hosts = try await RolledOutHosts.start()
    let before = try await hosts.inventory()
    let planned = try await hosts.run(
      hosts.rollout(.install(try hosts.package(), isDryRun: true)))[0]
    guard case .planned(let what) = planned.result else { throw TestTrouble("\(planned)") }
    #expect(what.contains("MiB") && what.contains("make the user"), "\(what)")
    #expect(try await hosts.inventory() == before)
  }

  @Test("rights that changed are told, and install mends them", arguments: ["644", "4777"])
  func rights(mode: String) async throws {
    let hosts = try await RolledOutHosts.start()
    try await hosts.install()
    let host = hosts.hosts[0]
    let version = try hosts.package().version.description
    try hosts.rollout(.status).record.keep(try hosts.package())
    let file = "/usr/local/encap/culprit-agent-\(version)/bin/culprit-agent"
    try await host.output("chmod \(mode) \(file); chmod 666 /etc/culprit/agent.toml")
    let outcome = try await hosts.run(hosts.rollout(.status))[0]
    guard case .looked(let status) = outcome.result else { throw TestTrouble("\(outcome)") }
    #expect(status.drift.contains { $0.contains("bin/culprit-agent") }, "\(status)")
    #expect(status.drift.contains { $0.contains("agent.toml can be written") }, "\(status)")
    try await hosts.install()
    #expect(try await host.output("stat -c %a \(file)") == "755")
  }

  @Test("one that hangs is told soon, and taken away")
  func hung() async throws {
    let hosts = try await RolledOutHosts.start()
    let before = try await hosts.inventory()
    try await hosts.install()
    let host = hosts.hosts[0]
    try await host.output("kill -STOP $(cat /run/culprit-agent.pid)")
    let begin = ContinuousClock.now
    let outcome = try await hosts.run(hosts.rollout(.status))[0]
    guard case .looked(let status) = outcome.result else { throw TestTrouble("\(outcome)") }
    #expect(!status.isGood, "\(status)")
    // Once it was six minutes.
    #expect(begin.duration(to: .now) < .seconds(180))
    let removed = try await hosts.run(
      hosts.rollout(.remove(keepsSpool: false, isDryRun: false)))[0]
    #expect(removed.result == .removed, "\(removed)")
    #expect(try await hosts.inventory() == before)
  }

  @Test("what somebody changed since is told, and install mends it")
  func drift() async throws {
    let hosts = try await RolledOutHosts.start()
    try await hosts.install()
    let host = hosts.hosts[0]
    try hosts.rollout(.status).record.keep(try hosts.package())
    let version = try hosts.package().version.description
    let store = "/usr/local/encap/culprit-agent-\(version)"
    try await host.output(
      "echo x >>\(store)/share/culprit/agent.toml; rm /usr/local/share/culprit/culprit-agent.init; "
        + "echo x >>/etc/init.d/culprit-agent; kill $(cat /run/culprit-agent.pid)")
    let outcome = try await hosts.run(hosts.rollout(.status))[0]
    guard case .looked(let status) = outcome.result else { throw TestTrouble("\(outcome)") }
    for word in [
      "share/culprit/agent.toml", "share/culprit/culprit-agent.init", "/etc/init.d/culprit-agent",
      "the service is",
    ] {
      #expect(status.drift.contains { $0.contains(word) }, "\(word): \(status)")
    }
    #expect(status.trouble != nil)
    let mended = try await hosts.run(
      hosts.rollout(.install(try hosts.package(), isDryRun: false)))[0]
    #expect(mended.result == .installed, "\(mended)\n\(hosts.events.text)")
    let good = try await hosts.run(hosts.rollout(.status))[0]
    guard case .looked(let mendedStatus) = good.result else { throw TestTrouble("\(good)") }
    #expect(mendedStatus.isGood, "\(good)")
  }
}
