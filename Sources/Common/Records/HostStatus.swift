/// How we stand with a host: one word per state, the same in every view, in SQL and in JSON.
public enum HostState: String, CaseIterable, Sendable {
  /// Not tried yet.
  case waiting
  /// Name, TCP, key exchange or login under way.
  case connecting
  /// Rows arrive.
  case connected
  /// Connected, but no row for three intervals.
  case stale
  /// It failed and will be tried again.
  case backingOff = "backing-off"
  /// The server refused every key; it is not tried again before the fleet is reloaded.
  case refusedKey = "refused-key"
  /// The host's own key is not in known_hosts; not tried again before a reload.
  case unknownKey = "unknown-key"
  /// The host's own key is another than known_hosts says: loudly refused.
  case changedKey = "changed-key"
  /// It can't be reached as it is configured (algorithms, key type); not tried again.
  case unsupported
  /// Logged in, but it has no vmstat that we can read; tried again at long intervals.
  case noVmstat = "no-vmstat"
  /// No collector is connected to it any more.
  case stopped

  /// Whether rows are arriving as they should.
  public var isHealthy: Bool { self == .connected }
}

/// A host's connection as `culprit hosts` shows it.
public struct HostStatus: Equatable, Sendable {
  public var host: String
  /// Where it is reached: `user@address:port`, or `local`.
  public var address: String
  public var state: HostState
  /// Since when it is in this state, on the collector's clock.
  public var since: Timestamp
  /// When it is tried next (`backing-off`, `no-vmstat`).
  public var retryAt: Timestamp?
  public var reconnects: Int
  /// What went wrong last, and what to do about it; kept after a reconnect.
  public var lastError: String?
  /// CPUs online; `nil` until the host has said.
  public var cpus: Int?
  /// The host's clock minus the collector's, seconds; `nil` until measured.
  public var clockOffset: Double?
  /// What its rows come through: `agent 0.2.0, engine bpf`, or `vmstat` and, on this machine, why
  /// there is no agent; `nil` until rows came.
  public var through: String?
  /// What its agent keeps for us; `nil` where there is none, or it keeps nothing.
  public var spool: SpoolStatus?

  public init(
    host: String, address: String = "", state: HostState = .waiting,
    since: Timestamp = Timestamp(nanoseconds: 0), retryAt: Timestamp? = nil, reconnects: Int = 0,
    lastError: String? = nil, cpus: Int? = nil, clockOffset: Double? = nil,
    through: String? = nil, spool: SpoolStatus? = nil
  ) {
    self.host = host
    self.address = address
    self.state = state
    self.since = since
    self.retryAt = retryAt
    self.reconnects = reconnects
    self.lastError = lastError
    self.cpus = cpus
    self.clockOffset = clockOffset
    self.through = through
    self.spool = spool
  }
}

extension HostStatus {
  /// No collector is connected to it any more: nobody hears what it keeps, and nobody tries.
  public mutating func stop() {
    (state, retryAt) = (.stopped, nil)
    spool?.framesToCome = nil
  }
}

/// What an agent keeps on its disk for a collector that is away, and what of it is still to come.
public struct SpoolStatus: Equatable, Sendable {
  /// How long a collector may be away before something is lost, hours, at the rate of late; `nil`
  /// where the agent can't say yet.
  public var hours: Double?
  /// Frames that the agent holds and the history lacks: soft gaps. `nil` while nobody hears of it:
  /// it goes on keeping frames, unless it has ended.
  public var framesToCome: UInt64?
  /// What the agent says is wrong with its spool; `nil` where nothing is.
  public var problem: String?

  public init(hours: Double? = nil, framesToCome: UInt64? = 0, problem: String? = nil) {
    self.hours = hours
    self.framesToCome = framesToCome
    self.problem = problem
  }
}
