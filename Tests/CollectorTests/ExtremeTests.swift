import Foundation
import History
import Logging
import Records
import Reports
import SSHFleet
import TestSupport
import Testing
import Wire

@testable import Collector

/// Whatever figures a host makes up, nothing of a collector's ends by them: from the bytes to the
/// history, and from there to every reader and printer.
@Suite("figures at the ends of their ranges")
struct ExtremeTests {
  @Test("through the wire, the feed and the recorder to whoever reads", arguments: 1...8)
  func wholeWay(seed: UInt64) throws {
    let folder = try TestFolder()
    let store = try HistoryStore.open(path: folder.file("h.db"), durability: .normal)
    let queue = FleetEventQueue(content: .recording)
    let watching = FleetEventQueue()
    let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let recorder = Recorder(
      store: store, queue: queue, retention: .init(keepSeconds: nil, maxSizeBytes: nil), log: log)
    recorder.start()
    let feed = HostFeed(
      target: FleetTarget(name: "here", address: "here", command: "true"),
      queues: [queue, watching])
    feed.linkDidOpen()
    var ticks = ExtremeTicks(seed: seed, now: .now)
    var encoder = FrameEncoder(stream: ExtremeTicks.stream)
    var tally = SuspectTally()
    encoder.append(
      .hello(
        Hello(stream: ExtremeTicks.stream, time: ticks.time(), agentVersion: "9", engine: .proc)),
      sequence: 1)
    for number in UInt64(2)...80 {
      let frame: Frame =
        switch number % 4 {
        case 0: .identity(ticks.identity())
        case 1: .burst(ticks.burst())
        default: .tick(ticks.tick())
        }
      encoder.append(frame, sequence: number)
      if case .tick(let tick) = frame { tally.add(tick, identities: [ticks.identity()]) }
    }
    let bytes = encoder.bytes
    for start in stride(from: 0, to: bytes.count, by: 8192) {
      let feedback = feed.linkDidReceive(
        Array(bytes[start..<min(start + 8192, bytes.count)]).span)
      try #require(feedback.failure == nil)
    }
    #expect(recorder.stop() == 0)
    #expect(try store.ledgers().map(\.settled.count) == [80])
    try Self.read(store)
    try Self.print(tally)
    Self.notify(watching.drain().events)
  }

  @Test("given to the history as they are, times too", arguments: 1...8)
  func history(seed: UInt64) throws {
    let folder = try TestFolder()
    let store = try HistoryStore.open(path: folder.file("h.db"), durability: .normal)
    var ticks = ExtremeTicks(seed: seed, now: .now)
    for round in UInt64(0)..<20 {
      var batch = HistoryBatch()
      for number in UInt64(1)...3 {
        batch.deliveries.append(delivery(round * 3 + number, &ticks))
      }
      batch.episodes = [episode(&ticks)]
      _ = try store.record(batch, now: .now)
    }
    try Self.read(store)
    let diagnosis = SpanDiagnosis(store: store)
    for _ in 0..<5 {
      let (one, other) = (ticks.time(), ticks.time())
      try diagnosis.diagnose(host: "here", from: min(one, other), to: max(one, other))
    }
    #expect(try store.quickCheck())
  }

  private func delivery(_ number: UInt64, _ ticks: inout ExtremeTicks) -> FrameDelivery {
    let tick = ticks.tick()
    var delivery = FrameDelivery(
      host: "here", stream: ExtremeTicks.stream, sequence: number, time: tick.time)
    delivery.sample = HostSample(
      host: "here", time: tick.time, source: .agent, row: tick.row, load: tick.load,
      cpus: tick.cpus)
    var activity = HostActivity(
      host: "here", time: tick.time, intervalNanoseconds: tick.intervalNanoseconds,
      omittedProcesses: tick.omittedProcesses, omittedIO: tick.omittedIO, disks: tick.disks,
      pressure: tick.pressure, memory: tick.memory)
    activity.processes = tick.processes.map {
      ProcessActivity(
        id: $0.id, owner: ProcessOwner(name: "p"), io: $0.io, reaped: $0.reaped,
        cpuNanoseconds: $0.cpuNanoseconds)
    }
    delivery.activity = activity
    return delivery
  }

  private func episode(_ ticks: inout ExtremeTicks) -> Episode {
    let times = [ticks.time(), ticks.time(), ticks.time()].sorted()
    return Episode(
      host: "here", start: times[0], peak: times[1], end: times[2], isOpen: true, kind: .disk,
      load1Peak: nil, runnablePeak: nil, blockedPeak: nil, cpus: nil, verdict: "v")
  }

  /// Every question that the history answers.
  private static func read(_ store: HistoryStore) throws {
    let (first, last) = (Timestamp(nanoseconds: .min), Timestamp(nanoseconds: .max))
    var moments = [first, last, .now]
    try store.forEachSample { sample in
      moments.append(sample.time)
      return true
    }
    #expect(moments.count > 3)
    for moment in moments {
      for activity in try store.activities(at: moment) {
        #expect(activity.intervalNanoseconds > 0)
        for process in activity.processes { _ = process.deviceBytes }
      }
    }
    let movers = try store.movers(from: first, to: last)
    #expect(!movers.isEmpty)
    for mover in movers { #expect(mover.moved?.deviceBytes ?? 0 >= 0) }
    _ = try store.waiters(from: first, to: last)
    _ = try store.suspects()
    _ = try store.episodes()
    _ = try store.gaps()
    _ = try store.gapTotals()
    #expect(try store.hosts().count == 1)
    var cursor = FollowCursor()
    for _ in 0..<3 { _ = try store.follow(&cursor) }
    for now in [Timestamp.now, last, first] {
      _ = try store.enforceRetention(keepSeconds: .max, maxSizeBytes: nil, now: now)
    }
    _ = try store.enforceRetention(keepSeconds: 3600, maxSizeBytes: 1, now: .now)
  }

  /// All that tells suspects to people and programs.
  private static func print(_ tally: SuspectTally) throws {
    let fleet = FleetSuspects([
      .init(name: "a", tally: tally), .init(name: "b", tally: tally),
    ])
    #expect(!fleet.text().isEmpty)
    #expect(!SuspectText(host: "a", tally: tally).text().isEmpty)
    for line in fleet.json(movers: 1000).split(separator: "\n") {
      _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
    }
  }

  private static func notify(_ events: [FleetEvent]) {
    var count = 0
    for case .burst(let burst) in events {
      count += 1
      let notice = BurstNotice(event: .closed, host: "here", burst: burst.burst)
      #expect(!notice.json.isEmpty)
    }
    #expect(count > 0)
  }
}
