import Records

/// One frame of a host's stream, as the history takes it: what of it is stored, and its number,
/// by which it is stored once however often it is delivered.
public struct FrameDelivery: Sendable {
  public var host: String
  public var stream: StreamID
  /// From 1 on.
  public var sequence: UInt64
  /// As it was made, not out of the spool.
  public var isLive: Bool
  /// The host's time of it; `nil` where the frame has none.
  public var time: Timestamp?
  /// It may be said again out of order (a hello, who a process is): live, it counts only where it
  /// follows what is there. What lies between would look lost otherwise.
  public var isRepeatable: Bool
  public var sample: HostSample?
  public var suspects: SuspectReport?
  public var activity: HostActivity?
  /// Frames up to this one that are gone for good.
  public var loss: FrameLoss?

  public init(
    host: String, stream: StreamID, sequence: UInt64, isLive: Bool = true,
    time: Timestamp? = nil, isRepeatable: Bool = false, sample: HostSample? = nil,
    suspects: SuspectReport? = nil, activity: HostActivity? = nil, loss: FrameLoss? = nil
  ) {
    self.host = host
    self.stream = stream
    self.sequence = sequence
    self.isLive = isLive
    self.time = time
    self.isRepeatable = isRepeatable
    self.sample = sample
    self.suspects = suspects
    self.activity = activity
    self.loss = loss
  }
}

/// Why frames are gone: one word per reason, the same in SQL and in JSON.
public enum LossReason: String, CaseIterable, Sendable {
  /// Nobody knows.
  case unknown
  case spoolFull = "spool-full"
  /// The spool could not be written.
  case spoolFailed = "spool-failed"
  case damaged
  /// The agent ended before they were written.
  case agentEnded = "agent-ended"
  /// We were slower than the stream, or away, and the agent keeps no spool.
  case notKept = "not-kept"
  /// From before this history knew the host: it has lost nothing.
  case before

  /// In words, for people.
  public var words: String {
    switch self {
    case .unknown: "nobody knows why"
    case .spoolFull: "the spool was full"
    case .spoolFailed: "the spool could not be written"
    case .damaged: "the spool was damaged"
    case .agentEnded: "the agent ended before they were written"
    case .notKept: "the agent keeps no spool"
    case .before: "from before this history knew the host"
    }
  }
}

/// Frames of a host's stream that nobody will get any more.
public struct FrameLoss: Equatable, Sendable {
  public var host: String
  public var stream: StreamID
  public var first: UInt64
  public var last: UInt64
  public var reason: LossReason

  public init(
    host: String, stream: StreamID, first: UInt64, last: UInt64, reason: LossReason
  ) {
    self.host = host
    self.stream = stream
    self.first = first
    self.last = last
    self.reason = reason
  }
}

/// What is settled of one stream: stored, or known to be gone.
public struct StreamLedger: Equatable, Sendable {
  public var host: String
  public var stream: StreamID
  public var settled: SequenceSet

  public init(host: String, stream: StreamID, settled: SequenceSet) {
    self.host = host
    self.stream = stream
    self.settled = settled
  }
}
