import Bytes
import Records

/// What is said of a host in place of figures: its state, since or until when, and why.
enum HostSentence {
  /// One line, made printable. `lastRow` is when the last row came and `now` the moment ages are
  /// counted to, where they are known.
  static func text(
    _ status: HostStatus, zone: ViewerZone, lastRow: Timestamp? = nil, now: Timestamp? = nil
  ) -> String {
    var text = status.state.rawValue
    if let retryAt = status.retryAt, status.state == .backingOff || status.state == .noVmstat {
      text += " until \(zone.clock(retryAt))"
    }
    if status.state == .stale, let lastRow {
      if let now { text += ", silent \(CompactNumber.age(seconds: now.elapsed(since: lastRow)))" }
      text += ", last row \(zone.clock(lastRow))"
    }
    if status.state == .connected, lastRow == nil, now != nil { text += ", no row yet" }
    guard showsError(status), let error = status.lastError, !error.isEmpty else { return text }
    return "\(text): \(Printable.text(error))"
  }

  /// What its agent keeps for us, where that is worth a word: what is still to come, and what is
  /// wrong with it.
  static func spool(_ status: HostStatus) -> [String] {
    guard let spool = status.spool else { return [] }
    var parts: [String] = []
    if let toCome = spool.framesToCome, toCome > 0 {
      let frames = toCome == 1 ? "frame" : "frames"
      parts.append("\(CompactNumber.grouped(toCome)) \(frames) to come")
    }
    if let problem = spool.problem {
      parts.append("spool: \(Printable.text(problem, limit: 200))")
    }
    return parts
  }

  /// What is said of a host on the screen in place of its figures.
  static func text(of host: WatchedHost, _ state: WatchState) -> String {
    guard host.isAbsent else {
      return text(host.status, zone: state.zone, lastRow: host.arrival, now: state.shownNow)
    }
    guard let last = host.sample?.time else { return "no rows then" }
    return "no rows then, last row \(state.zone.clock(last))"
  }

  /// The same without the error, which stands elsewhere.
  static func stateText(of host: WatchedHost, _ state: WatchState) -> String {
    guard !host.isAbsent else { return text(of: host, state) }
    var status = host.status
    status.lastError = nil
    if state.shownPast != nil { return "as it was" }
    return text(status, zone: state.zone, lastRow: host.arrival, now: state.shownNow)
  }

  static func role(_ state: HostState) -> ColourRole {
    switch state {
    case .connected: .good
    case .waiting, .connecting, .stopped: .plain
    case .stale, .backingOff, .noVmstat, .unsupported, .unknownKey: .warning
    case .refusedKey, .changedKey: .alarm
    }
  }

  /// The last error is kept after a reconnect: where rows arrive it is history.
  private static func showsError(_ status: HostStatus) -> Bool {
    switch status.state {
    case .connected, .waiting: false
    default: true
    }
  }
}
