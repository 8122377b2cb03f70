import Collector
import Logging
import Records

/// Logs what becomes of each host's connection, once per change.
struct StateJournal {
  private let log: Logger
  /// State and error that were logged last, per host: a host that fails the same way at each
  /// try is told once.
  private var logged: [String: HostStatus] = [:]

  init(log: Logger) {
    self.log = log
  }

  mutating func note(_ events: [FleetEvent]) {
    for case .status(let status) in events {
      let before = logged[status.host]
      // On the way to a host only a complaint is worth a line: that it doesn't answer.
      let isOnItsWay = status.state == .waiting || status.state == .connecting
      if isOnItsWay, status.lastError == nil || status.lastError == before?.lastError { continue }
      guard before?.state != status.state || before?.lastError != status.lastError else { continue }
      logged[status.host] = status
      write(status)
    }
  }

  private func write(_ status: HostStatus) {
    let reason = status.lastError.map { ": \($0)" } ?? ""
    switch status.state {
    case .connecting: log.warning("\(status.host): connecting\(reason)")
    case .stopped where !reason.isEmpty: log.info("\(status.host): stopped\(reason)")
    case .waiting, .stopped: log.debug("\(status.host): \(status.state.rawValue)")
    case .connected: log.info("\(status.host): connected to \(status.address)")
    case .stale: log.warning("\(status.host): no row for three intervals\(reason)")
    case .backingOff: log.warning("\(status.host): backing off\(reason)")
    case .refusedKey, .unknownKey, .changedKey, .unsupported, .noVmstat:
      log.error("\(status.host): \(status.state.rawValue)\(reason)")
    }
  }
}
