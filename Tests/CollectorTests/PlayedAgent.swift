import History
import Logging
import Records
import SSHFleet
import Synchronization
import Testing
import Wire

@testable import Collector

/// An agent that answers a feed's requests out of frames in memory, and a recorder's work done by
/// hand: the whole way of a frame but the network.
final class PlayedAgent {
  static let host = "web1"

  let queue = FleetEventQueue(content: .recording)
  let shared: BackFill
  let feed: HostFeed
  let store: HistoryStore
  /// Frames of each stream, by number from 1 on; what is `nil` is gone.
  var spool: [StreamID: [Frame?]] = [:]
  /// What the inventory says, where it isn't the truth.
  var inventory: ((SpoolInventory) -> SpoolInventory)?
  var fetched: ((Fetched) -> Fetched)?
  /// Bytes instead of the frames that were asked for.
  var instead: [UInt8]?
  /// Whether it says nothing to fetches.
  var isSilent = false
  /// Whether what comes is stored.
  var stores = true
  private(set) var requests: [Request] = []
  private(set) var statuses: [HostStatus] = []
  private(set) var failure: LinkFailure?
  private var decoder = FrameDecoder()
  private(set) var filledCount = 0

  init(_ store: HistoryStore, shared: BackFill? = nil) throws {
    self.store = store
    self.shared = shared ?? BackFill()
    try self.shared.load(from: store)
    var target = FleetTarget(name: Self.host, address: Self.host, command: "true")
    target.asksAgent = true
    feed = HostFeed(target: target, queues: [queue], backFill: self.shared)
    self.shared.connect({ [nudges] _ in nudges.add() }, hosts: 1)
  }

  private let nudges = Nudges()

  private final class Nudges: Sendable {
    private let count = Atomic<Int>(0)
    func add() { count.add(1, ordering: .relaxed) }
    func take() -> Int { count.exchange(0, ordering: .relaxed) }
  }

  func connect(_ stream: StreamID) {
    failure = nil
    decoder = FrameDecoder()
    let greeting = feed.linkWillStart()
    feed.linkDidOpen()
    feed.linkDidChange(to: .connected(address: "x"))
    answer(greeting, hello: stream)
  }

  func disconnect() {
    feed.linkDidChange(to: .backingOff(LinkFailure(.unreachable, "gone"), seconds: 1))
  }

  /// A live frame.
  func live(_ frame: Frame, _ number: UInt64, of stream: StreamID) {
    var encoder = FrameEncoder(stream: stream)
    encoder.append(frame, sequence: number)
    give(encoder.bytes)
  }

  func give(_ bytes: [UInt8]) {
    for start in stride(from: 0, to: bytes.count, by: 4096) {
      let feedback = feed.linkDidReceive(Array(bytes[start..<min(start + 4096, bytes.count)]).span)
      failure = failure ?? feedback.failure
      answer(feedback.output)
    }
  }

  /// What a recorder does, and what comes of it, until nothing more is asked.
  func settle() throws {
    for _ in 0..<10_000 {
      let events = queue.drain().events
      var batch = HistoryBatch()
      for event in events {
        switch event {
        case .delivery(let delivery): batch.deliveries.append(delivery)
        case .lost(let loss): batch.losses.append(loss)
        case .listed(let host, let streams): batch.listed[host] = streams
        case .filled: filledCount += 1
        case .status(let status): statuses.append(status)
        default: break
        }
      }
      if stores { shared.note(try store.record(batch, now: .now)) }
      let wasNudged = nudges.take() > 0
      answer(feed.linkDidDrain())
      if events.isEmpty, !wasNudged { return }
    }
    Issue.record("it never ends")
  }

  private func answer(_ bytes: [UInt8], hello: StreamID? = nil) {
    var asked: [(Request, UInt64)] = []
    decoder.feed(bytes.span) {
      if case .frame(let frame) = $0, case .request(let request) = frame.frame {
        asked.append((request, frame.sequence))
      }
    }
    for (request, number) in asked {
      requests.append(request)
      var encoder = FrameEncoder()
      switch request {
      case .stream:
        encoder.append(.answer(.done), sequence: number)
        if let hello { encoder.append(Self.hello(hello), sequence: 1) }
      case .inventory:
        encoder.append(.answer(.inventory(inventory?(truth) ?? truth)), sequence: number)
      case .fetch where isSilent: break
      case .fetch(let span): append(span, number, to: &encoder)
      default: break
      }
      give(encoder.bytes)
    }
  }

  private var truth: SpoolInventory {
    var inventory = SpoolInventory(usedBytes: 5, limitBytes: 10, spanSeconds: 7200)
    for (stream, frames) in spool {
      guard let first = frames.firstIndex(where: { $0 != nil }) else { continue }
      inventory.held.append(
        SpoolInventory.Held(
          stream: stream, first: UInt64(first + 1), last: UInt64(frames.count),
          oldest: AgentStreamTests.moment(0), newest: AgentStreamTests.moment(0)))
    }
    return inventory
  }

  private func append(_ span: FrameSpan, _ number: UInt64, to encoder: inout FrameEncoder) {
    var through = span.first - 1
    if let instead {
      give(instead)
    } else if let frames = spool[span.stream] {
      encoder.append(Self.hello(span.stream), sequence: 1)
      for sequence in span.first...min(span.last, UInt64(frames.count)) {
        if let frame = frames[Int(sequence) - 1] { encoder.append(frame, sequence: sequence) }
        through = sequence
        // So that a span is several pieces.
        if sequence - span.first >= 20 { break }
      }
    }
    let answer = Fetched(stream: span.stream, through: through)
    encoder.append(.answer(.fetched(fetched?(answer) ?? answer)), sequence: number)
  }

  static func hello(_ stream: StreamID) -> Frame {
    .hello(
      Hello(
        stream: stream, time: AgentStreamTests.moment(0), agentVersion: "0.3", engine: .proc,
        cpus: 4))
  }

  /// A hello and ticks, as an agent makes them.
  static func frames(_ stream: StreamID, _ count: Int, from second: Int64 = 0) -> [Frame?] {
    [hello(stream)] + (1..<count).map { .tick(AgentStreamTests.tick(Int64($0) + second)) }
  }
}
