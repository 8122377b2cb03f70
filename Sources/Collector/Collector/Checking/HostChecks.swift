import Foundation
import Logging
import SSHFleet

/// Checks of several hosts at once, told one by one in their order.
public enum HostChecks {
  /// Longest wait for one host: a slow login and two rows. Many take turns, so each adds to it.
  static let limitSeconds = 60.0
  static let secondsPerHost = 0.3

  public static func run(
    _ targets: [FleetTarget], options: FleetOptions, log: Logger,
    tell: (String, [CheckResult]) -> Void
  ) throws(LinkFailure) {
    let fleet = try Fleet(options: options, log: log)
    fleet.start()
    let checks = targets.map { HostCheck($0) }
    for (target, check) in zip(targets, checks) {
      check.onEnd = { fleet.remove($0) }
      fleet.add(target, delegate: check)
    }
    let limit = limitSeconds + secondsPerHost * Double(targets.count)
    let end = ContinuousClock.now + .seconds(limit)
    for check in checks {
      let left = ContinuousClock.now.duration(to: end).components
      let results = check.wait(seconds: max(0, Double(left.seconds)))
      tell(check.host, results)
    }
    fleet.stop()
  }
}
