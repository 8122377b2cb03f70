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
  /// A host's agent began, goes on with, or ended a burst of fast looks.
  case burst(HostBurst)
}

/// A bounded queue from the event loops to one consumer, who empties it at its own pace.
///
/// Where the consumer falls behind by more than the bound, the oldest samples are dropped and
/// counted; the loops never wait.
public final class FleetEventQueue: Sendable {
  private struct State {
    var events: [FleetEvent] = []
    var dropped = 0
  }

  private let limit: Int
  private let takesSamples: Bool
  private let state = Mutex(State())

  /// `limit` events, about 300 bytes each. Who cares for states and bursts only gets
  /// nothing that comes each tick.
  public init(limit: Int = 200_000, takesSamples: Bool = true) {
    self.limit = limit
    self.takesSamples = takesSamples
  }

  func push(_ event: FleetEvent) {
    if !takesSamples {
      switch event {
      case .status, .burst: break
      case .sample, .suspects, .activity: return
      }
    }
    state.withLock { state in
      state.events.append(event)
      guard state.events.count > limit else { return }
      // In one go: dropping one at a time would move the whole queue at each event.
      let surplus = max(1, limit / 10)
      let kept = state.events.prefix(surplus).filter {
        if case .status = $0 { true } else { false }
      }
      state.events.replaceSubrange(0..<surplus, with: kept)
      state.dropped += surplus - kept.count
    }
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
