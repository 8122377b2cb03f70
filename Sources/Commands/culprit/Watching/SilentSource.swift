import Collector
import Records

/// No events but one for each host: that it isn't watched. For hosts that only the history knows.
struct SilentSource: EventSource {
  private var events: [FleetEvent]

  init(hosts: [String]) {
    events = hosts.map { host in
      .status(
        HostStatus(
          host: host, state: .stopped, since: .now,
          lastError: "only in the history; culprit watch \(host) connects to it"))
    }
  }

  mutating func poll() -> [FleetEvent] {
    defer { events = [] }
    return events
  }

  func stop() -> Int { 0 }
}
