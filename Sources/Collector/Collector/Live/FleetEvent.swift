import History
import Records
import Synchronization

/// What the fleet tells those who record it or show it.
public enum FleetEvent: Sendable {
  case sample(HostSample)
  case status(HostStatus)
  /// Which tasks of a host wait: of an agent each tick that has some, of ps while `b` is above 0.
  case suspects(SuspectReport)
  /// What an agent saw processes and devices do, each tick.
  case activity(HostActivity)
  /// A frame of an agent's, for who records: what of it is stored, and its number. Who watches gets
  /// what live ones say as the events above.
  case delivery(FrameDelivery)
  /// Frames that nobody will get any more.
  case lost(FrameLoss)
  /// Streams that a host's agent keeps, for who records.
  case listed(host: String, streams: [StreamID])
  /// All that a host's agent had kept for us has come.
  case filled(host: String)
  /// A host's agent began, goes on with, or ended a burst of fast looks.
  case burst(HostBurst)
  /// A trace that was made because a spike began, for who records.
  case traced(TraceRecord)
}

/// A bounded queue from the event loops to one consumer, who empties it at its own pace.
///
/// Where the consumer falls behind by more than the bound, the oldest samples are dropped and
/// counted; the loops never wait. Frames that an agent keeps are fetched again: they don't count as
/// stored before they are.
public final class FleetEventQueue: Sendable {
  /// What a queue is for.
  public enum Content: Sendable {
    /// What is news now.
    case watching
    /// Everything, agents' frames as such, late ones too.
    case recording
    /// States and bursts only.
    case states
  }

  private struct State {
    var events: [FleetEvent] = []
    var cost = 0
    var dropped = 0

    /// Drops the oldest of those that `goes` says, until the rest costs no more than `limit`.
    mutating func drop(to limit: Int, _ goes: (FleetEvent) -> Bool) {
      guard cost > limit else { return }
      events.removeAll { event in
        guard cost > limit, goes(event) else { return false }
        cost -= EventCost.of(event)
        dropped += 1
        return true
      }
    }
  }

  private let limit: Int
  private let costLimit: Int
  private let content: Content
  private let state = Mutex(State())

  /// `limit` events, of `EventCost.limit` bytes in all.
  public convenience init(limit: Int = 200_000, content: Content = .watching) {
    self.init(limit: limit, costLimit: EventCost.limit, content: content)
  }

  init(limit: Int = 200_000, costLimit: Int, content: Content) {
    self.limit = limit
    self.costLimit = costLimit
    self.content = content
  }

  func push(_ event: FleetEvent) {
    switch event {
    case .delivery(let delivery) where content != .recording:
      if content == .watching, delivery.isLive { pushParts(of: delivery) }
      return
    case .status: break
    case .lost, .listed, .filled, .traced: if content != .recording { return }
    case .burst: if content == .recording { return }
    default: if content == .states { return }
    }
    append(event)
  }

  private func pushParts(of delivery: FrameDelivery) {
    if let sample = delivery.sample { append(.sample(sample)) }
    if let report = delivery.suspects { append(.suspects(report)) }
    if let activity = delivery.activity { append(.activity(activity)) }
  }

  private func append(_ event: FleetEvent) {
    state.withLock { state in
      state.events.append(event)
      state.cost += EventCost.of(event)
      if state.cost > costLimit { FleetEventQueue.trim(&state, to: costLimit / 10 * 9) }
      guard state.events.count > limit else { return }
      // In one go: dropping one at a time would move the whole queue at each event.
      let surplus = max(1, limit / 10)
      let kept = state.events.prefix(surplus).filter {
        if case .status = $0 { true } else { false }
      }
      state.events.replaceSubrange(0..<surplus, with: kept)
      state.dropped += surplus - kept.count
      state.cost = state.events.reduce(0) { $0 + EventCost.of($1) }
    }
  }

  /// Agents' frames go first: those that keep them send them again.
  private static func trim(_ state: inout State, to limit: Int) {
    state.drop(to: limit) { if case .delivery = $0 { true } else { false } }
    state.drop(to: limit) { if case .status = $0 { false } else { true } }
  }

  /// Everything that has come since the last call, and how many samples were dropped.
  public func drain() -> (events: [FleetEvent], dropped: Int) {
    state.withLock { state in
      let result = (state.events, state.dropped)
      state = State()
      return result
    }
  }
}
