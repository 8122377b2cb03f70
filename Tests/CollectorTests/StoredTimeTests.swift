import History
import Records
import Testing
import Wire

@testable import Collector

/// What came live, and comes again out of a spool, is stored once.
struct StoredTimeTests {
  private static let stream = StreamID(boot: BootID(high: 1, low: 1), number: 1)

  private func delivery(_ second: Int64, isLive: Bool = false) -> FrameDelivery {
    let time = AgentStreamTests.moment(second)
    var delivery = FrameDelivery(
      host: "a", stream: Self.stream, sequence: 1, isLive: isLive, time: time)
    delivery.sample = HostSample(host: "a", time: time, source: .agent, row: VmstatRow())
    delivery.suspects = SuspectReport(host: "a", time: time, source: .agent, suspects: [])
    delivery.activity = HostActivity(host: "a", time: time, intervalNanoseconds: 1)
    return delivery
  }

  private func stored(_ seconds: [Int64], _ extent: StoredTime.Extent) -> StoredTime {
    var stored = StoredTime()
    for second in seconds {
      stored.note(AgentStreamTests.moment(second), extent, interval: 1)
    }
    return stored
  }

  @Test func rowsOfVmstatStandForTheAgentsRows() {
    let stored = stored([10, 11, 12], .rows)
    let news = stored.news(of: delivery(11))
    #expect(news.sample == nil && news.suspects != nil && news.activity != nil)
    #expect(news.sequence == 1)
    #expect(stored.news(of: delivery(9)).sample != nil)
    #expect(stored.news(of: delivery(13)).sample != nil)
    #expect(stored.news(of: delivery(11, isLive: true)).sample != nil)
  }

  @Test func anotherAgentStandsForAll() {
    let news = stored([10, 11, 12], .all).news(of: delivery(12))
    #expect(news.sample == nil && news.suspects == nil && news.activity == nil)
  }

  @Test func whatLiesBetweenTwoRowsFarApartIsNews() {
    let stored = stored([10, 11, 20, 21], .rows)
    #expect(stored.news(of: delivery(15)).sample != nil)
    #expect(stored.news(of: delivery(11)).sample == nil)
    #expect(stored.news(of: delivery(20)).sample == nil)
  }

  @Test func itIsBounded() {
    let many = stored((0..<1000).map { $0 * 10 }, .rows)
    #expect(many.extent(at: AgentStreamTests.moment(0)) == nil)
    #expect(many.extent(at: AgentStreamTests.moment(9990)) == .rows)
  }
}
