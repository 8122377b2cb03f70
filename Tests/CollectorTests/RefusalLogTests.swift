import Foundation
import History
import Logging
import Records
import Synchronization
import TestSupport
import Testing

@testable import Collector

/// What a recorder says of a host whose frames it can't keep.
@Suite("refused frames")
struct RefusalLogTests {
  private final class Lines: Sendable {
    let warnings = Mutex<[String]>([])
  }

  private struct Handler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      guard event.level == .warning else { return }
      lines.warnings.withLock { $0.append("\(event.message)") }
    }
  }

  @Test("are told of once, not with each batch", .timeLimit(.minutes(2)))
  func once() async throws {
    let folder = try TestFolder()
    let store = try HistoryStore.open(path: folder.file("h.db"), durability: .normal)
    let queue = FleetEventQueue(content: .recording)
    let lines = Lines()
    let recorder = Recorder(
      store: store, queue: queue, retention: .init(keepSeconds: nil, maxSizeBytes: nil),
      log: Logger(label: "test") { _ in Handler(lines: lines) })
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
    _ = try await eventually("a warning") { lines.warnings.withLock { $0.isEmpty } ? nil : true }
    // Each is a batch of its own.
    for round in UInt64(0)..<3 {
      push(6000 + round..<6001 + round)
      try await Task.sleep(for: .seconds(1))
    }
    recorder.stop()
    #expect(lines.warnings.withLock { $0.count } == 1)
  }
}
