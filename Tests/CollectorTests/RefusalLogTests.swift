import Foundation
import History
import Records
import TestSupport
import Testing

@testable import Collector

/// What a recorder says of a host whose frames it can't keep.
@Suite("refused frames")
struct RefusalLogTests {
  @Test("are told of once, not with each batch", .timeLimit(.minutes(2)))
  func once() async throws {
    let folder = try TestFolder()
    let store = try HistoryStore.open(path: folder.file("h.db"), durability: .normal)
    let queue = FleetEventQueue(content: .recording)
    let lines = LogLines()
    let recorder = Recorder(
      store: store, queue: queue, retention: .init(keepSeconds: nil, maxSizeBytes: nil),
      log: lines.logger)
    func push(_ numbers: Range<UInt64>) {
      for number in numbers {
        queue.push(
          .delivery(
            FrameDelivery(
              host: "a", stream: AgentStreamTests.stream, sequence: 1 + number << 40)))
      }
    }
    push(0..<5000)
    recorder.start()
    _ = try await eventually("a warning") { lines.at(.warning).isEmpty ? nil : true }
    // Each is a batch of its own.
    for round in UInt64(0)..<3 {
      push(6000 + round..<6001 + round)
      try await Task.sleep(for: .seconds(1))
    }
    recorder.stop()
    #expect(lines.at(.warning).count == 1)
  }
}
