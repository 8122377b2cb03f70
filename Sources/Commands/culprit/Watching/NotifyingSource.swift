import Collector

/// Another source's events, of which a notifier hears on their way.
struct NotifyingSource: EventSource {
  var source: any EventSource
  let notifier: Notifier

  mutating func poll() throws -> [FleetEvent] {
    let events = try source.poll()
    notifier.take(events)
    return events
  }

  var receivedBytes: Int64? { source.receivedBytes }
  var problem: String? { source.problem }

  func stop() -> Int {
    notifier.stop()
    return source.stop()
  }
}
