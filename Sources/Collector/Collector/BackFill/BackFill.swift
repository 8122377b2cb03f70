import History
import Records
import Synchronization

/// What of the hosts' streams is stored, and who may fetch what is missing: shared by the hosts'
/// feeds, which ask for frames on the event loops, and the recorder, which stores them.
public final class BackFill: Sendable {
  private struct State {
    var ledgers: [String: [StreamID: SequenceSet]] = [:]
    /// Up to when streams were forgotten.
    var forgotten: [String: Timestamp] = [:]
    /// What an earlier collector was told of agents' spools.
    var spools: [String: SpoolStatus] = [:]
    /// Hosts that fetch, and those that wait for a place.
    var active: Set<String> = []
    var waiting: [String] = []
    /// Hosts whose frames the history doesn't take.
    var refused: Set<String> = []
    var nudge: (@Sendable (String) -> Void)?
    var hosts = 0
  }

  /// Hosts that fetch at once: what they send is written between two batches of live rows. While
  /// some wait for their pieces to be stored, others' are on their way.
  public static let usualPlaces = 16
  /// After a collector's start all hosts have something to send; they begin one after the other
  /// within so many seconds at most.
  static let longestDelay = 30.0
  static let delayPerHost = 0.25
  /// For so long a start is a start, seconds.
  private static let startSeconds = 60.0

  struct Patience: Sendable {
    /// How long an agent may say nothing to a question, seconds.
    var answer = 120.0
    /// How long one that we can't get on with is left alone; a new connection is asked at once.
    var pause = 300.0
    /// Until the spool is looked at again while something is missing.
    var missing = 20.0
  }

  private let places: Int
  let patience: Patience
  private let started = ContinuousClock.now
  private let state = Mutex(State())

  public convenience init(places: Int = BackFill.usualPlaces) {
    self.init(places: places, Patience())
  }

  init(places: Int = BackFill.usualPlaces, _ patience: Patience) {
    self.places = places
    self.patience = patience
  }

  /// Reads what is stored already; to be called before the first host connects.
  public func load(from store: HistoryStore) throws(HistoryError) {
    let (ledgers, forgotten) = (try store.ledgers(), try store.forgotten())
    let hosts = try store.hosts().map(\.status)
    state.withLock { state in
      for host in hosts {
        guard var spool = host.spool else { continue }
        (spool.framesToCome, spool.problem) = (nil, nil)
        state.spools[host.host] = spool
      }
      state.forgotten = forgotten
      for ledger in ledgers {
        state.ledgers[ledger.host, default: [:]][ledger.stream] = ledger.settled
      }
    }
  }

  /// What an earlier collector was told of a host's spool; what is to come by now is not known.
  func spool(of host: String) -> SpoolStatus? { state.withLock { $0.spools[host] } }

  /// How a host's feed is asked, on its own thread, whether it has something to do.
  func connect(_ nudge: @escaping @Sendable (String) -> Void, hosts: Int) {
    state.withLock { state in
      state.nudge = nudge
      state.hosts = hosts
    }
  }

  /// How long a host waits before it fetches for the first time, seconds: a random part of what
  /// its fleet needs after a start, and nothing later.
  func firstDelay() -> Double {
    guard started.duration(to: .now) < .seconds(BackFill.startSeconds) else { return 0 }
    let hosts = state.withLock { $0.hosts }
    let most = min(BackFill.longestDelay, Double(max(0, hosts - 1)) * BackFill.delayPerHost)
    return most > 0 ? Double.random(in: 0...most) : 0
  }

  // MARK: - The recorder's side

  /// These are stored now.
  func note(_ result: RecordResult) {
    let (nudge, hosts) = state.withLock { state in
      var hosts: Set<String> = []
      for ledger in result.ledgers {
        state.ledgers[ledger.host, default: [:]][ledger.stream] = ledger.settled
        if state.active.contains(ledger.host) { hosts.insert(ledger.host) }
      }
      state.refused.formUnion(result.refusedHosts)
      return (state.nudge, hosts.union(result.refusedHosts))
    }
    guard let nudge else { return }
    for host in hosts { nudge(host) }
  }

  // MARK: - A feed's side

  /// Streams of a host that something is settled of.
  func streams(of host: String) -> [StreamID: SequenceSet] {
    state.withLock { $0.ledgers[host] ?? [:] }
  }

  func forgotten(of host: String) -> Timestamp? { state.withLock { $0.forgotten[host] } }

  /// What of `numbers` isn't settled.
  func missing(
    _ host: String, _ stream: StreamID, in numbers: ClosedRange<UInt64>
  ) -> [ClosedRange<UInt64>] {
    state.withLock { $0.ledgers[host]?[stream]?.missing(in: numbers) ?? [numbers] }
  }

  /// Whether the history refused the host's frames since the last call.
  func takeRefusal(of host: String) -> Bool {
    state.withLock { $0.refused.remove(host) != nil }
  }

  /// Asks for a place; where there is none now, the host is nudged when there is.
  func begin(_ host: String) -> Bool {
    state.withLock { state in
      if state.active.contains(host) { return true }
      guard state.active.count < places, state.waiting.first.map({ $0 == host }) ?? true else {
        if !state.waiting.contains(host) { state.waiting.append(host) }
        return false
      }
      state.waiting.removeAll { $0 == host }
      state.active.insert(host)
      return true
    }
  }

  /// Gives a place back, or doesn't wait for one any more.
  func end(_ host: String) {
    let (nudge, next) = state.withLock { state in
      state.active.remove(host)
      state.waiting.removeAll { $0 == host }
      return (state.nudge, state.active.count < places ? state.waiting.first : nil)
    }
    if let next { nudge?(next) }
  }

  var hasWaiting: Bool { state.withLock { !$0.waiting.isEmpty } }
}
