import Records

/// When a host may be traced without anybody having asked: not again before it has had its rest, and
/// only so often within an hour, it and the whole fleet.
struct TraceBudget {
  enum Verdict: Equatable {
    case allowed
    /// It was traced, or refused, not long ago.
    case resting
    /// The hour's traces are used up, of the host or of the fleet.
    case usedUp
  }

  private static let hour = Duration.seconds(3600)
  /// Hosts that are remembered: far more than there are in a fleet.
  private static let hostsLimit = 50_000

  private struct Host {
    var restsUntil: ContinuousClock.Instant
    var traces: [ContinuousClock.Instant] = []
  }

  private var hosts: [String: Host] = [:]
  private var traces: [ContinuousClock.Instant] = []

  /// Whether `host` may be traced now; where it may, that is counted.
  mutating func take(
    _ host: String, _ policy: FleetFile.Tracing, now: ContinuousClock.Instant = .now
  ) -> Verdict {
    traces.removeAll { $0.duration(to: now) >= TraceBudget.hour }
    var one = hosts[host] ?? Host(restsUntil: now)
    one.traces.removeAll { $0.duration(to: now) >= TraceBudget.hour }
    guard one.restsUntil <= now else { return .resting }
    guard one.traces.count < policy.hourlyOfHost, traces.count < policy.hourlyOfFleet else {
      return .usedUp
    }
    traces.append(now)
    one.traces.append(now)
    one.restsUntil = now + .seconds(policy.cooldownSeconds)
    if hosts.count >= TraceBudget.hostsLimit { hosts.removeAll() }
    hosts[host] = one
    return .allowed
  }
}
