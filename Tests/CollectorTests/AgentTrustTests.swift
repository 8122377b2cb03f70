import Foundation
import Logging
import Records
import SSHFleet
import TestSupport
import Testing
import Wire

@testable import Collector

/// An agent that is there and of no use: the host is seen through vmstat.
@Suite("agents of no use")
struct AgentTrustTests {
  private func feed() -> HostFeed {
    var target = FleetTarget(name: "web1", address: "web1", command: "true")
    target.asksAgent = true
    return HostFeed(target: target, queues: [])
  }

  /// A session that a shell begins, with what comes then.
  private func session(
    _ feed: HostFeed, _ bytes: [UInt8] = [], greeting: String = "@agent session\n"
  ) -> LinkFailure? {
    #expect(feed.linkWillTry() == nil)
    #expect(feed.linkWillStart() == AgentRequests.stream)
    feed.linkDidOpen()
    feed.linkDidChange(to: .connected(address: "x"))
    _ = feed.linkDidReceive(Array(greeting.utf8).span)
    return feed.linkDidReceive(bytes.span).failure
  }

  private func isVmstat(_ feed: HostFeed) -> Bool {
    feed.linkWillTry() == RemoteCommand.text(intervalSeconds: 1) && feed.linkWillStart().isEmpty
  }

  private static let future: [UInt8] = {
    var encoder = FrameEncoder()
    for number in 1...12 as ClosedRange<UInt64> {
      encoder.append(.unknown(kind: 2, version: 9), sequence: number)
    }
    return encoder.bytes
  }()

  @Test("frames of a version to come are told as such")
  func future() {
    let feed = feed()
    let failure = session(feed, Self.future)
    #expect(failure?.kind == .unreachable)
    #expect(failure?.description.contains("version 9 of our frames") ?? false, "\(failure as Any)")
    #expect(failure?.description.contains("install a newer culprit here") ?? false)
    #expect(isVmstat(feed))
  }

  @Test("frames of a version to come between ticks are passed over")
  func newerAgent() {
    let feed = feed()
    #expect(session(feed, AgentStreamTests.whole + Self.future + Self.future) == nil)
    #expect(feed.linkWillTry() == nil)
  }

  @Test("text in place of frames, and a refusal, are told in the agent's words")
  func text() {
    let noisy = feed()
    let lines = (0...HostFeed.noiseLimit).map { "\u{1B}[1mline \($0)\n" }.joined()
    let failure = session(noisy, Array(lines.utf8))
    #expect(
      failure?.description.contains("no frames (“␛[1mline 500”)") ?? false, "\(failure as Any)")
    #expect(isVmstat(noisy))
    let other = feed()
    var encoder = FrameEncoder(stream: AgentStreamTests.stream)
    encoder.append(.answer(.refused("not\u{7} you")), sequence: AgentRequests.streamNumber)
    let hello = AgentStreamTests.bytes([AgentStreamTests.hello()])
    let refusal = session(other, hello + encoder.bytes)
    #expect(refusal?.description.contains("it refuses to stream: not␇ you") ?? false)
    #expect(isVmstat(other))
  }

  @Test("ends without a tick count from the second on; a tick makes good")
  func endings() {
    let feed = feed()
    #expect(session(feed) == nil)
    #expect(feed.linkDidEnd(status: 139).description == "the agent ended with status 139")
    // A good session between.
    #expect(session(feed, AgentStreamTests.whole) == nil)
    _ = feed.linkDidEnd(status: 1)
    #expect(session(feed) == nil)
    _ = feed.linkDidEnd(status: 139)
    #expect(session(feed) == nil)
    _ = feed.linkDidEnd(status: 139)
    #expect(isVmstat(feed))
  }

  @Test("at a trial one session without a tick is enough")
  func trial() {
    let feed = feed()
    _ = session(feed, Self.future)
    feed.trust.end()
    #expect(session(feed) == nil)
    _ = feed.linkDidEnd(status: 139)
    #expect(isVmstat(feed))
  }

  @Test("one that doesn't even say its version is told, and tried again")
  func broken() throws {
    let feed = feed()
    #expect(feed.linkWillTry() == nil)
    feed.linkDidOpen()
    let rows = HostFeedTests.stream
    let text = "@agent found\n@agent broken 139\n" + rows
    #expect(feed.linkDidReceive(Array(text.utf8).span).failure == nil)
    let through = try #require(feed.status.through)
    #expect(
      through.hasPrefix("vmstat: its agent is of no use: it ends with status 139"), "\(through)")
    feed.trust.end()
    let retrial = feed.linkDidReceive(Array(rows.utf8).span)
    #expect(retrial.failure?.description.hasPrefix("its agent is tried again") ?? false)
  }

  @Test(
    "so does silence, also before it says its version",
    arguments: ["@agent session\n", "@agent found\n"])
  func silence(greeting: String) {
    let feed = feed()
    for _ in 1...AgentTrust.strikeLimit {
      #expect(session(feed, greeting: greeting) == nil)
      feed.linkDidChange(to: .stale)
      feed.linkDidChange(to: .backingOff(LinkFailure(.unreachable, "no row for 30 s"), seconds: 1))
    }
    #expect(isVmstat(feed))
  }

  @Test("where nothing but the agent may be run, vmstat isn't tried")
  func forced() {
    let feed = feed()
    #expect(feed.linkWillTry() == nil)
    feed.linkDidOpen()
    let failure = feed.linkDidReceive(Self.future.span).failure
    #expect(failure?.kind == .noVmstat)
    #expect(feed.linkWillTry() == nil)
  }

  @Test("without vmstat either, the agent is asked again at once")
  func neither() {
    let feed = feed()
    _ = session(feed, Self.future)
    #expect(isVmstat(feed))
    feed.linkDidOpen()
    feed.linkDidReceiveError(Array("sh: vmstat: not found".utf8).span)
    #expect(feed.linkDidEnd(status: 127).kind == .noVmstat)
    #expect(feed.linkWillTry() == nil)
  }

  @Test("each time it is left alone for longer, up to an hour")
  func pauses() {
    var trust = AgentTrust()
    #expect(!trust.isLost)
    trust.lose("x")
    #expect(trust.isLost && trust.words.hasPrefix("its agent is of no use: x; "))
    #expect(try! /.*; it is tried again at \d\d:\d\d:\d\d UTC/.wholeMatch(in: trust.words) != nil)
    trust.end()
    #expect(!trust.isLost && trust.problem == "x")
    for _ in 1...10 { trust.lose("y") }
    #expect(trust.isLost)
    trust.win()
    #expect(!trust.isLost && trust.problem == nil)
  }

  @Test(
    "over SSH, rows come through vmstat, and say why", .enabled(if: Machine.hasSSHD), .live,
    arguments: [Transport.libssh2, .openssh])
  func overSSH(transport: Transport) async throws {
    let agent = try await FakeAgent(
      AgentSessionTests.player, frames: ["frames": Self.future])
    let queue = FleetEventQueue()
    let collector = try FleetCollector(
      options: FakeAgent.options, queues: [queue], log: Logger(label: "test"))
    collector.start([try agent.target(transport)])
    defer { collector.stop() }
    var rows = 0
    var words: [String] = []
    try await until("rows", detail: { "\(words)" }) {
      for event in queue.drain().events {
        if case .sample(let sample) = event, sample.source == .vmstat { rows += 1 }
        if case .status(let status) = event {
          words.append("\(status.state) \(status.through ?? "") \(status.lastError ?? "")")
        }
      }
      return rows >= 2
    }
    #expect(words.contains { $0.contains("backingOff") && $0.contains("version 9 of our frames") })
    #expect(
      words.last?.contains("vmstat: its agent is of no use: it speaks version 9") ?? false,
      "\(words)")
    #expect(agent.calls == ["version", "attach"])
  }
}
