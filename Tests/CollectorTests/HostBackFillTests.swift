import Foundation
import History
import Records
import TestSupport
import Testing
import Wire

@testable import Collector

/// What is fetched of a spool, and what an agent can do about it.
@Suite("host back-fill")
struct HostBackFillTests {
  static let old = StreamID(boot: BootID(high: 1, low: 1), number: 1)
  static let new = StreamID(boot: BootID(high: 2, low: 2), number: 2)

  private func agent(_ folder: TestFolder) throws -> PlayedAgent {
    try PlayedAgent(try HistoryStore.open(path: folder.file("h.db")))
  }

  private func settled(_ agent: PlayedAgent) throws -> [StreamID: [ClosedRange<UInt64>]] {
    Dictionary(
      uniqueKeysWithValues: try agent.store.ledgers().map { ($0.stream, $0.settled.runs) })
  }

  @Test("what came while nobody was there is fetched, the older stream too, and all once")
  func fetches() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.connect(Self.old)
    for number in 2...10 {
      agent.live(.tick(AgentStreamTests.tick(Int64(number) - 1)), UInt64(number), of: Self.old)
    }
    try agent.settle()
    agent.disconnect()
    agent.spool = [Self.old: PlayedAgent.frames(Self.old, 50)]
    // A reboot, and rows of both that nobody saw.
    agent.spool[Self.new] = PlayedAgent.frames(Self.new, 70, from: 1000)
    agent.connect(Self.new)
    agent.live(.tick(AgentStreamTests.tick(1070)), 71, of: Self.new)
    try agent.settle()
    #expect(try settled(agent) == [Self.old: [1...50], Self.new: [1...71]])
    #expect(try agent.store.gaps().isEmpty)
    var times: [Timestamp] = []
    try agent.store.forEachSample { sample in
      times.append(sample.time)
      return true
    }
    #expect(times.count == 49 + 70 && Set(times).count == times.count)
    let fetches = agent.requests.filter { if case .fetch = $0 { true } else { false } }
    // Of 21 frames each; what was there already isn't asked for.
    #expect(fetches.count == 2 + 4)
    #expect(agent.filledCount == 1)
    let spool = try #require(agent.statuses.last?.spool)
    #expect(spool == SpoolStatus(hours: 2, framesToCome: 0))
    #expect(agent.statuses.contains { $0.spool?.framesToCome == 110 })
  }

  @Test("of a host that is cut off it isn't known how much is to come, after a restart neither")
  func cutOff() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.connect(Self.old)
    agent.spool = [Self.old: PlayedAgent.frames(Self.old, 50)]
    agent.live(.tick(AgentStreamTests.tick(60)), 60, of: Self.old)
    try agent.settle()
    agent.disconnect()
    try agent.settle()
    let cut = try #require(agent.statuses.last)
    #expect(cut.spool == SpoolStatus(hours: 2, framesToCome: nil))
    _ = try agent.store.record(HistoryBatch(statuses: [cut]))
    let next = try PlayedAgent(agent.store)
    #expect(next.feed.status.spool == SpoolStatus(hours: 2, framesToCome: nil))
    // Heard again, it is known again; and that it keeps nothing any more.
    next.spool = agent.spool
    next.connect(Self.old)
    next.live(.tick(AgentStreamTests.tick(61)), 61, of: Self.old)
    try next.settle()
    #expect(next.statuses.last?.spool?.framesToCome != nil)
    next.disconnect()
    next.inventory = { _ in SpoolInventory() }
    next.connect(Self.new)
    next.live(.tick(AgentStreamTests.tick(70)), 2, of: Self.new)
    try next.settle()
    #expect(try #require(next.statuses.last).spool == nil)
  }

  @Test("what an agent told that kept nothing isn't stored again out of another's spool")
  func yields() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.inventory = { _ in SpoolInventory() }
    agent.connect(Self.old)
    for number in 2...30 {
      agent.live(.tick(AgentStreamTests.tick(Int64(number))), UInt64(number), of: Self.old)
    }
    try agent.settle()
    agent.disconnect()
    // The resident one, which has listened since the 20th second.
    agent.inventory = nil
    agent.spool = [Self.new: PlayedAgent.frames(Self.new, 31, from: 19)]
    agent.connect(Self.new)
    agent.live(.tick(AgentStreamTests.tick(50)), 32, of: Self.new)
    try agent.settle()
    var times: [Timestamp] = []
    try agent.store.forEachSample { sample in
      times.append(sample.time)
      return true
    }
    let seconds = times.map { Int($0.seconds(since: AgentStreamTests.moment(0)).rounded()) }
    #expect(seconds.sorted() == Array(2...50), "\(seconds)")
    #expect(try settled(agent)[Self.new] == [1...32])
  }

  @Test("nothing more is asked for before it is stored")
  func waitsForTheStore() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.spool = [Self.old: PlayedAgent.frames(Self.old, 100)]
    agent.stores = false
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(100)), 101, of: Self.old)
    try agent.settle()
    #expect(agent.requests.count == 3)
  }

  @Test("what neither has is gone, with the reason; from before it was known it is no loss")
  func losses() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    var frames = PlayedAgent.frames(Self.old, 60)
    for index in 0..<30 { frames[index] = nil }
    agent.spool = [Self.old: frames]
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(60)), 61, of: Self.old)
    try agent.settle()
    #expect(try settled(agent)[Self.old] == [1...61])
    #expect(try agent.store.gapTotals().isEmpty)
    agent.disconnect()
    // While nobody looked, the spool dropped what came then.
    agent.spool[Self.old] = PlayedAgent.frames(Self.old, 120)
    for index in 0..<90 { agent.spool[Self.old]?[index] = nil }
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(120)), 121, of: Self.old)
    try agent.settle()
    #expect(try settled(agent)[Self.old] == [1...121])
    let gap = try #require(try agent.store.gaps().first)
    #expect(gap.frames == 29 && gap.reason == .spoolFull)
    #expect(gap.from == AgentStreamTests.moment(60))
    agent.disconnect()
    // An agent that lost its spool: what was missing of the stream is gone, too.
    agent.spool = [:]
    let other = StreamID(boot: BootID(high: 2, low: 2), number: 9)
    _ = try agent.store.record(HistoryBatch(), now: .now)
    agent.connect(other)
    agent.live(.tick(AgentStreamTests.tick(200)), 2, of: other)
    try agent.settle()
    #expect(try agent.store.gaps().count == 1)
  }

  @Test("a gap frame settles what it stands for")
  func gapFrames() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    var frames = PlayedAgent.frames(Self.old, 40)
    for index in 10..<20 { frames[index] = nil }
    frames[19] = .gap(Gap(first: 11, last: 20, reason: .spoolFailed))
    agent.spool = [Self.old: frames]
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(40)), 41, of: Self.old)
    try agent.settle()
    #expect(try settled(agent)[Self.old] == [1...41])
    let gaps = try agent.store.gaps()
    #expect(gaps.map(\.frames) == [10] && gaps.map(\.reason) == [.spoolFailed])
    #expect(gaps.first?.to == AgentStreamTests.moment(20))
  }

  @Test("frames that an agent says it sent and didn't are damaged, not asked for for ever")
  func unsent() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    var frames = PlayedAgent.frames(Self.old, 40)
    for index in 10..<20 { frames[index] = nil }
    agent.spool = [Self.old: frames]
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(40)), 41, of: Self.old)
    try agent.settle()
    #expect(try settled(agent)[Self.old] == [1...41])
    #expect(try agent.store.gaps().map(\.reason) == [.damaged])
  }

  @Test("all streams of a spool are gone through, but for those that were forgotten")
  func manyStreams() throws {
    func stream(_ number: UInt64) -> StreamID { StreamID(boot: Self.old.boot, number: number) }
    var inventory = SpoolInventory(usedBytes: 5, limitBytes: 10)
    inventory.held = (UInt64(100)..<500).map {
      SpoolInventory.Held(
        stream: stream($0), first: 1, last: 2, oldest: AgentStreamTests.moment(Int64($0)),
        newest: AgentStreamTests.moment(Int64($0)))
    }
    let plan = SpoolPlan(
      host: "a", inventory: inventory, settled: [stream(100): SequenceSet([1...1])],
      current: Self.new, currentThrough: 0, isNew: false, forgotten: AgentStreamTests.moment(110))
    #expect(plan.missing.map(\.stream) == ([100] + Array(111..<500)).map(stream))
    #expect(plan.missing.first?.numbers == 2...2 && plan.losses.isEmpty)
  }

  @Test("what a stream's end never brought into the spool is gone")
  func neverWritten() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.connect(Self.old)
    for number in [2, 3, 4, 5, 6, 7, 8, 9, 10, 15] {
      agent.live(.tick(AgentStreamTests.tick(Int64(number) - 1)), UInt64(number), of: Self.old)
    }
    try agent.settle()
    agent.disconnect()
    agent.spool = [Self.old: PlayedAgent.frames(Self.old, 8)]
    agent.connect(Self.new)
    agent.live(.tick(AgentStreamTests.tick(100)), 2, of: Self.new)
    try agent.settle()
    #expect(try settled(agent)[Self.old] == [1...15])
    let gaps = try agent.store.gaps()
    #expect(gaps.map(\.frames) == [4] && gaps.map(\.reason) == [.agentEnded])
  }

  @Test("an agent that said nothing for a while is asked again on the same connection")
  func askedAgain() throws {
    let folder = try TestFolder()
    let agent = try PlayedAgent(
      try HistoryStore.open(path: folder.file("h.db")),
      shared: BackFill(.init(answer: 0.05, pause: 0.3, missing: 20)))
    agent.spool = [Self.old: PlayedAgent.frames(Self.old, 40)]
    agent.isSilent = true
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(40)), 41, of: Self.old)
    try agent.settle()
    Thread.sleep(forTimeInterval: 0.1)
    // What the first finds out the second hears.
    for _ in 0..<2 { try agent.settle() }
    #expect(agent.statuses.last?.lastError?.contains("doesn't send") ?? false)
    // Its disk is there again, and what was asked for comes all the same.
    agent.live(.tick(AgentStreamTests.tick(1)), 2, of: Self.old)
    agent.isSilent = false
    Thread.sleep(forTimeInterval: 0.4)
    try agent.settle()
    for _ in 0..<2 { try agent.settle() }
    #expect(try settled(agent)[Self.old] == [1...41])
    #expect(try agent.store.hosts().first?.rows == 40)
    #expect(agent.statuses.last?.lastError == nil && agent.filledCount == 1)
  }

  // MARK: - Hostile agents

  @Test("more than was asked for is not taken")
  func flood() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.spool = [Self.old: PlayedAgent.frames(Self.old, 40)]
    var encoder = FrameEncoder(stream: Self.old)
    var sent = 0
    while encoder.bytes.count < 3 << 20 {
      sent += 1
      encoder.append(.tick(AgentStreamTests.tick(5)), sequence: 6)
    }
    agent.instead = encoder.bytes
    agent.stores = false
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(40)), 41, of: Self.old)
    var frames = 0
    var problem: String?
    for event in agent.queue.drain().events {
      if case .delivery = event { frames += 1 }
      if case .status(let status) = event { problem = status.lastError }
    }
    #expect(problem?.contains("than was asked for") ?? false)
    // Of 3 MiB no more than a piece of 256 KiB and one frame of 1 MiB.
    #expect(frames > 0 && frames * 2 < sent)
    try agent.settle()
    let count = agent.requests.count
    agent.live(.tick(AgentStreamTests.tick(41)), 42, of: Self.old)
    try agent.settle()
    #expect(agent.requests.count == count && agent.failure == nil)
  }

  @Test("answers that never get on are given up, and rows go on")
  func neverOn() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.spool = [Self.old: PlayedAgent.frames(Self.old, 40)]
    agent.fetched = { Fetched(stream: $0.stream, through: 0) }
    agent.instead = []
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(40)), 41, of: Self.old)
    try agent.settle()
    let count = agent.requests.count
    #expect(count < 12)
    #expect(agent.statuses.last?.lastError?.contains("doesn't send") ?? false)
    agent.live(.tick(AgentStreamTests.tick(41)), 42, of: Self.old)
    try agent.settle()
    #expect(agent.requests.count == count && agent.failure == nil)
    #expect(try settled(agent)[Self.old]?.last == 41...42)
  }

  @Test("inventories of everything cost no more than one piece at a time")
  func absurdInventories() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.inventory = { inventory in
      var inventory = inventory
      inventory.held = (0..<4096).map { number in
        let stream = StreamID(boot: BootID(high: 7, low: 7), number: UInt64(number))
        return SpoolInventory.Held(
          stream: stream, first: 0, last: .max, oldest: AgentStreamTests.moment(0),
          newest: AgentStreamTests.moment(0))
      }
      inventory.spanSeconds = .max
      inventory.problem = "\u{1B}]0;evil\u{7}"
      return inventory
    }
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(1)), 2, of: Self.old)
    try agent.settle()
    #expect(agent.requests.count < 12)
    let spool = try #require(agent.statuses.last { $0.spool != nil }?.spool)
    #expect(spool.framesToCome == .max)
    #expect(spool.problem?.contains("\u{1B}") == false)
    #expect(try agent.store.ledgers().count == 1)
  }

  @Test("what nobody asked for is nobody's: other streams, numbers that jump")
  func unasked() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(1)), 2, of: Self.old)
    var encoder = FrameEncoder()
    encoder.append(PlayedAgent.hello(Self.new), sequence: 1)
    encoder.append(.tick(AgentStreamTests.tick(5)), sequence: 2)
    agent.give(encoder.bytes)
    try agent.settle()
    #expect(Set(try settled(agent).keys) == [Self.old])
    let notice = Frame.notice(
      Notice(time: AgentStreamTests.moment(0), severity: .information, text: "x"))
    for number in 1...6000 {
      agent.live(notice, UInt64(number) << 40, of: Self.old)
      if number % 500 == 0 { try agent.settle() }
    }
    try agent.settle()
    #expect(try settled(agent)[Self.old]?.count == LedgerRunsLimit.value)
    #expect(agent.statuses.contains { $0.lastError?.contains("jump about") ?? false })
    agent.live(.tick(AgentStreamTests.tick(1)), .max, of: Self.old)
    agent.live(
      .gap(Gap(first: 0, last: .max, reason: .spoolFull)), .max, of: Self.old)
    try agent.settle()
    #expect(try agent.store.gaps().isEmpty)
  }

  private enum LedgerRunsLimit { static let value = 4096 }

  @Test("rubbish in place of what was asked for is given up")
  func rubbish() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.spool = [Self.old: PlayedAgent.frames(Self.old, 40)]
    var damaged = AgentStreamTests.bytes([.tick(AgentStreamTests.tick(1))])
    damaged[damaged.count - 1] ^= 1
    agent.instead = Array(repeatElement(damaged, count: 200).joined())
    agent.connect(Self.old)
    agent.live(.tick(AgentStreamTests.tick(40)), 41, of: Self.old)
    try agent.settle()
    #expect(agent.failure?.description.contains("damaged") ?? false)
  }

  @Test("a clock that is set back an hour loses no row and doubles none")
  func clockBack() throws {
    let folder = try TestFolder()
    let agent = try agent(folder)
    agent.spool = [Self.old: PlayedAgent.frames(Self.old, 1)]
    agent.connect(Self.old)
    for number in 2...60 {
      let second = number <= 30 ? Int64(number) + 3600 : Int64(number)
      agent.live(.tick(AgentStreamTests.tick(second)), UInt64(number), of: Self.old)
    }
    try agent.settle()
    #expect(try settled(agent)[Self.old] == [1...60])
    #expect(try agent.store.hosts().first?.rows == 59)
  }
}

/// Who may fetch, and when.
@Suite("back-fill's places")
struct BackFillPlacesTests {
  @Test("a few at once, the others in turn")
  func places() {
    let shared = BackFill(places: 2)
    #expect(shared.begin("a") && shared.begin("b") && shared.begin("a"))
    #expect(!shared.begin("c") && !shared.begin("d"))
    shared.end("a")
    // The first in the queue comes first.
    #expect(!shared.begin("d") && shared.begin("c") && !shared.begin("d"))
    shared.end("c")
    #expect(shared.begin("d"))
    #expect(!shared.hasWaiting)
  }

  @Test("a host that waits for a place and needs none any more doesn't keep it from others")
  func waitsForNothing() throws {
    let shared = BackFill(places: 1, .init(missing: 0.05))
    var first = Self.host("a", shared)
    #expect(Self.isFetching(first.step()))
    var second = Self.host("b", shared)
    #expect(!Self.isFetching(second.step()) && shared.hasWaiting)
    Thread.sleep(forTimeInterval: 0.1)
    #expect(!second.step().output.isEmpty)
    // Its spool is empty by now.
    _ = second.take(.inventory(SpoolInventory(usedBytes: 0, limitBytes: 10)), number: 3)
    _ = second.step()
    #expect(!shared.hasWaiting)
    first.stop()
    var third = Self.host("c", shared)
    #expect(Self.isFetching(third.step()))
  }

  /// One that lacks frames which its agent has.
  private static func host(_ name: String, _ shared: BackFill) -> HostBackFill {
    let stream = HostBackFillTests.old
    var host = HostBackFill(host: name, shared: shared)
    host.noteAnswer()
    _ = host.note(
      FrameDelivery(host: name, stream: stream, sequence: 10), byteCount: 10, current: stream)
    _ = host.step()
    var inventory = SpoolInventory(usedBytes: 5, limitBytes: 10)
    inventory.held = [
      SpoolInventory.Held(
        stream: stream, first: 1, last: 9, oldest: AgentStreamTests.moment(0),
        newest: AgentStreamTests.moment(9))
    ]
    _ = host.take(.inventory(inventory), number: 2)
    return host
  }

  private static func isFetching(_ outcome: HostBackFill.Outcome) -> Bool {
    var decoder = FrameDecoder()
    var isFetching = false
    decoder.feed(outcome.output.span) {
      if case .frame(let frame) = $0, case .request(.fetch) = frame.frame { isFetching = true }
    }
    return isFetching
  }

  @Test("after a start a fleet's hosts begin one after the other, one alone at once")
  func delay() {
    let shared = BackFill()
    shared.connect({ _ in }, hosts: 1)
    #expect(shared.firstDelay() == 0)
    shared.connect({ _ in }, hosts: 1000)
    let delays = (0..<200).map { _ in shared.firstDelay() }
    #expect(delays.allSatisfy { (0...BackFill.longestDelay).contains($0) })
    #expect((delays.max() ?? 0) - (delays.min() ?? 0) > 5)
  }
}
