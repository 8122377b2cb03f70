import Foundation
import Logging
import SSHFleet

/// Checks of several hosts at once, told one by one in their order.
public enum HostChecks {
  /// Longest wait for one host: a slow login and two rows.
  public static let limitSeconds = 60.0

  public static func run(
    _ targets: [FleetTarget], options: FleetOptions, log: Logger,
    tell: (String, [CheckResult]) -> Void
  ) throws(LinkFailure) {
    let fleet = try Fleet(options: options, log: log)
    fleet.start()
    let checks = targets.map { HostCheck($0) }
    for (target, check) in zip(targets, checks) { fleet.add(target, delegate: check) }
    let end = ContinuousClock.now + .seconds(limitSeconds)
    for check in checks {
      let left = ContinuousClock.now.duration(to: end).components
      let results = check.wait(seconds: max(0, Double(left.seconds)))
      // Nothing is tried a second time: a server counts bad logins.
      fleet.remove(check.host)
      tell(check.host, results)
    }
    fleet.stop()
  }
}
