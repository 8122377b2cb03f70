import History
import Records
import Testing

@testable import Collector

/// What waits in memory where the history can't be written.
@Suite("waiting events")
struct EventCostTests {
  private static func delivery(_ number: UInt64, processes: Int = 30) -> FrameDelivery {
    var delivery = FrameDelivery(
      host: "a", stream: AgentStreamTests.stream, sequence: number)
    var activity = HostActivity(
      host: "a", time: AgentStreamTests.moment(0), intervalNanoseconds: 1)
    activity.processes = (0..<processes).map {
      ProcessActivity(
        id: ProcessID(pid: Int32($0), startTicks: 1), owner: ProcessOwner(name: "p"))
    }
    delivery.activity = activity
    return delivery
  }

  @Test("a queue is bounded by what its events cost; frames that agents keep go first")
  func queue() {
    let queue = FleetEventQueue(costLimit: 1_000_000, content: .recording)
    queue.push(.status(HostStatus(host: "a", address: "a", since: .now)))
    queue.push(
      .sample(
        HostSample(
          host: "b", time: AgentStreamTests.moment(0), source: .vmstat, row: VmstatRow())))
    for number in UInt64(1)...1000 { queue.push(.delivery(Self.delivery(number))) }
    let (events, dropped) = queue.drain()
    #expect(events.reduce(0) { $0 + EventCost.of($1) } <= 1_000_000)
    #expect(dropped > 800 && events.count + dropped == 1002)
    guard case .status = events.first, case .sample = events.dropFirst().first,
      case .delivery(let last) = events.last
    else {
      Issue.record("\(events.prefix(3))")
      return
    }
    #expect(last.sequence == 1000)
  }

  @Test("of deliveries the newest stay")
  func surplus() {
    let deliveries = (UInt64(1)...10).map { Self.delivery($0) }
    let one = EventCost.of(deliveries[0])
    #expect(EventCost.surplus(deliveries, limit: one * 10) == 0)
    #expect(EventCost.surplus(deliveries, limit: one * 4 + 1) == 6)
    #expect(EventCost.surplus(deliveries, limit: 1) == 10)
  }
}
