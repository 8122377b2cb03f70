import Foundation
import Records
import SSHFleet
import TestSupport
import Testing
import Wire

@testable import Collector

/// Streams recorded from each released agent (`run --stdout --engine proc`, in a namespace of a few
/// processes): they stay readable for ever. A release adds one and changes none.
@Suite("streams of released agents")
struct ReleasedAgentTests {
  static let versions = ["0.2.0", "0.3.0"]

  private func recording(_ version: String) throws -> [UInt8] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/agent-\(version).frames")
    return [UInt8](try Data(contentsOf: file))
  }

  @Test("every frame is known and whole", arguments: versions)
  func frames(version: String) throws {
    var decoder = FrameDecoder()
    var events: [FrameDecoder.Event] = []
    let bytes = try recording(version)
    decoder.feed(bytes.span) { events.append($0) }
    decoder.finish { events.append($0) }
    let frames = events.compactMap { event in
      if case .frame(let frame) = event { frame } else { nil }
    }
    let faults = events.count - frames.count
    #expect(faults == 0)
    #expect(frames.map(\.sequence) == (1...UInt64(frames.count)).map { $0 })
    #expect(!frames.contains { if case .unknown = $0.frame { true } else { false } })
    guard case .hello(let hello) = frames.first?.frame else {
      Issue.record("the stream begins without a hello")
      return
    }
    #expect(hello.agentVersion == version && hello.hostName == "db1")
    #expect(frames.contains { if case .identity = $0.frame { true } else { false } })
  }

  @Test("a collector reads rows, who waited and who moved bytes", arguments: versions)
  func rows(version: String) throws {
    let queue = FleetEventQueue()
    var target = FleetTarget(name: "db1", address: "db1", command: "true")
    target.vmstatReason = "no agent there"
    let feed = HostFeed(target: target, queues: [queue])
    feed.linkDidOpen()
    let bytes = try recording(version)
    let feedback = feed.linkDidReceive(bytes.span)
    #expect(feedback.failure == nil)
    var (samples, waits, movers): ([HostSample], [Suspect], [ProcessActivity]) = ([], [], [])
    for event in queue.drain().events {
      switch event {
      case .sample(let sample): samples.append(sample)
      case .suspects(let report): waits += report.suspects
      case .activity(let activity): movers += activity.processes
      default: break
      }
    }
    #expect(samples.count >= 4 && samples.allSatisfy { $0.row[.us] != nil })
    // Nobody happened to wait in the ticks of the older recording, but in the looks of its burst.
    #expect(waits.contains { $0.reason == "block I/O" } == (version != "0.2.0"))
    #expect(movers.contains { $0.deviceBytes > 0 })
  }
}
