import Deploy
import Foundation
import TestSupport
import Testing

/// Several hosts: what goes wrong with one stops the next wave, and only that.
@Suite(
  "waves", .enabled(if: RolledOutHosts.canBeMade, Comment(rawValue: RolledOutHosts.needs)), .live)
struct WaveRolloutTests {
  @Test("a canary that isn't healthy keeps the others from being touched")
  func canary() async throws {
    let hosts = try await RolledOutHosts.start(count: 3)
    var rollout = hosts.rollout(.install(try await hosts.brokenPackage(), isDryRun: false))
    (rollout.canaries, rollout.waveSize) = (1, 2)
    let before = try await hosts.inventory(1)
    let outcomes = try await hosts.run(rollout)
    #expect(outcomes[0].failure?.step == .service, "\(outcomes)")
    #expect(outcomes[1].result == .notTried && outcomes[2].result == .notTried)
    #expect(!hosts.events.steps("host1").contains(.connect))
    #expect(try await hosts.inventory(1) == before)
  }

  @Test("the others of a wave are done, and the next waits")
  func wave() async throws {
    let hosts = try await RolledOutHosts.start(count: 3)
    try await hosts.hosts[0].output("echo mine >/usr/local/bin/culprit-agent")
    var rollout = hosts.rollout(.install(try hosts.package(), isDryRun: false))
    rollout.waveSize = 2
    let outcomes = try await hosts.run(rollout)
    #expect(outcomes[0].failure?.step == .look, "\(outcomes)")
    #expect(outcomes[1].result == .installed && outcomes[2].result == .notTried, "\(outcomes)")
    // What was in the way is gone: the same again finishes it, and leaves alone what is good.
    try await hosts.hosts[0].output("rm /usr/local/bin/culprit-agent")
    let again = try await hosts.run(rollout)
    #expect(again.map(\.result) == [.installed, .unchanged, .installed], "\(again)")
  }

  @Test("a host that can't be reached stops all, or is passed over", arguments: [false, true])
  func unreachable(isPassedOver: Bool) async throws {
    let hosts = try await RolledOutHosts.start()
    var rollout = hosts.rollout(.install(try hosts.package(), isDryRun: false))
    var away = hosts.target(0)
    (away.name, away.address) = ("away", "127.0.77.99")
    rollout.targets.insert(away, at: 0)
    rollout.canaries = 1
    rollout.skipsUnreachable = isPassedOver
    let outcomes = try await hosts.run(rollout)
    #expect(outcomes[0].failure?.kind == .unreachable, "\(outcomes)")
    #expect(outcomes[1].result == (isPassedOver ? .installed : .notTried), "\(outcomes)")
  }

  @Test("one roll-out of a user's at a time") func lock() throws {
    let folder = try TestFolder()
    let path = folder.file("lock")
    do {
      let lock = try RolloutLock(path)
      #expect(throws: DeployError.busy(path: path, pid: getpid())) { _ = try RolloutLock(path) }
      withExtendedLifetime(lock) {}
    }
    _ = try RolloutLock(path)
  }
}
