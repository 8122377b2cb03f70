import Dispatch
import Foundation
import Logging
import SSHFleet
import Synchronization

/// Does something to the hosts of a fleet, wave by wave.
///
///     let rollout = Rollout(.install(package, isDryRun: false), targets, key: key)
///     let outcomes = try rollout.run(options: options, log: log) { print($0) }
///
/// The hosts of a wave are worked on at once, and all to their end. What goes wrong at one of them
/// stops the next wave.
public struct Rollout: Sendable {
  public enum Action: Sendable {
    case install(AgentPackage, isDryRun: Bool)
    case rollBack(isDryRun: Bool)
    case remove(keepsSpool: Bool, isDryRun: Bool)
    case status
  }

  public var action: Action
  public var targets: [FleetTarget]
  /// The collector's key; needed for all but `remove`, `status` and what is only planned.
  public var key: CollectorKey?
  /// Hosts that go first, each alone.
  public var canaries = 0
  /// Hosts of each later wave.
  public var waveSize = 20
  /// Whether hosts that can't be reached are passed over, instead of stopping all.
  public var skipsUnreachable = false
  /// Whether nothing stops it.
  public var goesOn = false
  public var record = PackageRecord()
  /// How long a host waits for us in the middle of something, before it takes that back.
  public var patienceSeconds = HostScript.patienceSeconds

  /// Most hosts at once: each takes a thread here, and a window's worth of memory.
  public static let waveLimit = 200

  public init(_ action: Action, _ targets: [FleetTarget], key: CollectorKey?) {
    self.action = action
    self.targets = targets
    self.key = key
  }

  /// Returns when the last host is done, with what came of each, in their order.
  public func run(
    options: FleetOptions, log: Logger, tell: @escaping @Sendable (RolloutEvent) -> Void
  ) throws(DeployError) -> [HostOutcome] {
    let fleet: Fleet
    do throws(LinkFailure) {
      fleet = try Fleet(options: options, log: log)
    } catch {
      throw .connections(error.description)
    }
    fleet.start()
    defer { fleet.stop() }
    let waves = Waves(
      targets.map(\.name), canaries: canaries, size: min(waveSize, Rollout.waveLimit)
    ).waves
    let targets = Dictionary(self.targets.map { ($0.name, $0) }) { first, _ in first }
    var outcomes: [HostOutcome] = []
    var isStopped = false
    for (index, hosts) in waves.enumerated() {
      guard !isStopped else {
        let untried = hosts.map { HostOutcome($0, .notTried) }
        for outcome in untried { tell(.ended(outcome)) }
        outcomes += untried
        continue
      }
      tell(.wave(number: index + 1, of: waves.count, hosts: hosts))
      let ended = run(hosts.compactMap { targets[$0] }, on: fleet, tell)
      isStopped = ended.contains { outcome in
        guard !goesOn, let failure = outcome.failure else { return false }
        return failure.kind != .unreachable || !skipsUnreachable
      }
      outcomes += ended
    }
    return outcomes
  }

  private func run(
    _ targets: [FleetTarget], on fleet: Fleet, _ tell: @escaping @Sendable (RolloutEvent) -> Void
  ) -> [HostOutcome] {
    let ended = Mutex<[String: HostOutcome]>([:])
    // They wait, and do little else.
    let threads = DispatchGroup()
    for target in targets {
      threads.enter()
      Thread.detachNewThread {
        let began = ContinuousClock.now
        var outcome = work(target, on: fleet, tell)
        outcome.seconds = ((ContinuousClock.now - began) / .milliseconds(1)).rounded() / 1000
        ended.withLock { $0[target.name] = outcome }
        tell(.ended(outcome))
        threads.leave()
      }
    }
    threads.wait()
    let outcomes = ended.withLock { $0 }
    return targets.map { outcomes[$0.name] ?? HostOutcome($0.name, .notTried) }
  }

  private func work(
    _ target: FleetTarget, on fleet: Fleet, _ tell: @escaping @Sendable (RolloutEvent) -> Void
  ) -> HostOutcome {
    let task = HostTask(target, on: fleet, patienceSeconds: patienceSeconds, tell: tell)
    return task.run { () throws(StepFailure) in
      switch action {
      case .install(let package, let isDryRun):
        return try task.install(package, key: key, isDryRun: isDryRun)
      case .rollBack(let isDryRun):
        return try task.rollBack(key: try needKey(), isDryRun: isDryRun)
      case .remove(let keepsSpool, let isDryRun):
        return try task.remove(keepsSpool: keepsSpool, key: key, isDryRun: isDryRun)
      case .status: return try task.status(key: key, record: record)
      }
    }
  }

  private func needKey() throws(StepFailure) -> CollectorKey {
    guard let key else { throw StepFailure(.key, .refused, "there is no key of the collector's") }
    return key
  }
}
