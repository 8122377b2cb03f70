import Deploy
import Foundation
import TestSupport
import Testing

/// Ways to become root, and kinds of init.
@Suite(
  "a host's ways", .enabled(if: RolledOutHosts.canBeMade, Comment(rawValue: RolledOutHosts.needs)),
  .live)
struct HostWayTests {
  @Test(
    "sudo lets an operator roll out who may do nothing else, by the template",
    .enabled(if: Machine.has("sudo"), "needs sudo"))
  func sudo() async throws {
    var options = SeparateHost.Options()
    options.setUp = """
      groupadd culprit-deploy
      useradd -M -d / -s /bin/sh -p '*' -G culprit-deploy op
      install -m 440 '\(Machine.packageRoot)/deploy/sudoers' /etc/sudoers.d/culprit

      """
    let hosts = try await RolledOutHosts.start(options, user: "op")
    let before = try await hosts.inventory()
    try await hosts.install()
    let removed = try await hosts.run(
      hosts.rollout(.remove(keepsSpool: false, isDryRun: false)))[0]
    #expect(removed.result == .removed, "\(removed)")
    let after = try await hosts.inventory()
    let isSame = after == before
    #expect(isSame, "\(after.difference(from: before))")
    let other = try await hosts.hosts[0].run("su op -c 'sudo -n /bin/sh -c id'")
    #expect(other.code != 0 && !other.outputText.contains("uid=0"), "\(other)")
  }

  /// What systemctl is asked for, by one that does what systemd would: PID 1 isn't systemd here.
  private static let systemctl = """
    echo "$@" >>/run/systemctl.log
    start() {
      setsid sh -c 'echo $$ >/run/main.pid; exec /usr/local/bin/culprit-agent run' \\
        </dev/null >/dev/null 2>&1 &
      sleep 0.2
    }
    stop() { [ ! -s /run/main.pid ] || kill "$(cat /run/main.pid)"; rm -f /run/main.pid; sleep 0.3; }
    case $1 in
      restart) [ -f "/etc/systemd/system/$2" ] || exit 5; stop; start ;;
      stop) stop ;;
      show) echo "MainPID=$(cat /run/main.pid 2>/dev/null || echo 0)" ;;
    esac
    """

  @Test("systemd is given the unit, and it is enabled, restarted and taken away")
  func systemd() async throws {
    var options = SeparateHost.Options()
    options.setUp = "mkdir -p /run/systemd/system\n"
    options.programs["systemctl"] = Self.systemctl
    let hosts = try await RolledOutHosts.start(options)
    let host = hosts.hosts[0]
    try await hosts.install()
    let unit = try await host.output("cat /etc/systemd/system/culprit-agent.service")
    #expect(
      unit + "\n" == TestFolder.text("\(Machine.packageRoot)/deploy/culprit-agent.service"))
    let asked = try await host.output("grep -v ^show /run/systemctl.log")
    #expect(
      asked.split(separator: "\n") == [
        "daemon-reload", "enable culprit-agent.service", "restart culprit-agent.service",
      ], "\(asked)")
    #expect(try await host.run("test -e /etc/init.d/culprit-agent").code != 0)
    let broken = try await hosts.brokenPackage()
    let version = try AgentPackage(broken.program, version: "\(broken.version)+2")
    let outcome = try await hosts.run(hosts.rollout(.install(version, isDryRun: false)))[0]
    #expect(outcome.failure?.step == .service, "\(outcome)")
    let good = try await hosts.run(hosts.rollout(.status))[0]
    guard case .looked(let status) = good.result else { throw TestTrouble("\(good)") }
    #expect(status.isGood, "\(good)")
    let removed = try await hosts.run(
      hosts.rollout(.remove(keepsSpool: false, isDryRun: false)))[0]
    #expect(removed.result == .removed, "\(removed)")
    #expect(try await host.run("test -e /etc/systemd/system/culprit-agent.service").code != 0)
    #expect(try await host.output("cat /run/systemctl.log").contains("disable culprit-agent"))
  }

  @Test("busybox is enough for a host's tools", .enabled(if: Machine.has("busybox")))
  func busybox() async throws {
    var options = SeparateHost.Options()
    // What a small host has not: setpriv, useradd and groupadd of the usual kind, coreutils.
    options.setUp = """
      mkdir -p /run/small
      for tool in sh head cat cp mv rm mkdir rmdir chmod chown sed grep cut tr find sort sha256sum \\
        mktemp df awk basename dirname readlink sleep tail cmp id uname touch; do
        ln -s "$(command -v busybox)" "/run/small/$tool"
      done
      ln -s /usr/bin/setsid /usr/bin/flock /usr/bin/getent /run/small/
      ln -s /usr/sbin/useradd /usr/sbin/userdel /usr/sbin/groupadd /usr/sbin/groupdel /run/small/

      """
    options.lines = ["SetEnv PATH=/run/small:/usr/sbin:/usr/bin:/sbin:/bin"]
    let hosts = try await RolledOutHosts.start(options)
    try await hosts.install()
    let removed = try await hosts.run(
      hosts.rollout(.remove(keepsSpool: false, isDryRun: false)))[0]
    #expect(removed.result == .removed, "\(removed)")
  }
}
