import Collector
import Logging
import Records

/// Logs what becomes of each host's connection, once per change.
struct StateJournal {
  private let log: Logger
  private var known: [String: HostStatus] = [:]

  init(log: Logger) {
    self.log = log
  }

  mutating func note(_ events: [FleetEvent]) {
    for case .status(let status) in events {
      let before = known.updateValue(status, forKey: status.host)
      guard before?.state != status.state else { continue }
      write(status)
    }
  }

  private func write(_ status: HostStatus) {
    let reason = status.lastError.map { ": \($0)" } ?? ""
    switch status.state {
    case .waiting, .connecting, .stopped: log.debug("\(status.host): \(status.state.rawValue)")
    case .connected: log.info("\(status.host): connected to \(status.address)")
    case .stale: log.warning("\(status.host): no row for three intervals")
    case .backingOff: log.warning("\(status.host): backing off\(reason)")
    case .refusedKey, .unknownKey, .changedKey, .unsupported, .noVmstat:
      log.error("\(status.host): \(status.state.rawValue)\(reason)")
    }
  }
}
