import Collector
import Logging
import Records

/// Logs what becomes of each host's connection, once per change.
struct StateJournal {
  private let log: Logger
  /// State and error that were logged last, per host: a host that fails the same way at each
  /// try is told once.
  private var logged: [String: HostStatus] = [:]

  /// What rows came through, per host, where it was worth a line.
  private var sources: [String: String] = [:]

  init(log: Logger) {
    self.log = log
  }

  mutating func note(_ events: [FleetEvent]) {
    for case .status(let status) in events {
      noteSource(status)
      let before = logged[status.host]
      // On the way to a host only a complaint is worth a line: that it doesn't answer.
      let isOnItsWay = status.state == .waiting || status.state == .connecting
      if isOnItsWay, status.lastError == nil || status.lastError == before?.lastError { continue }
      guard before?.state != status.state || before?.lastError != status.lastError else { continue }
      logged[status.host] = status
      write(status)
    }
  }

  /// Rows come through vmstat, where nothing else is said.
  private mutating func noteSource(_ status: HostStatus) {
    guard let through = status.through, through != "vmstat", through != sources[status.host] else {
      return
    }
    sources[status.host] = through
    log.info("\(status.host): rows come through \(through)")
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
