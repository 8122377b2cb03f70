import Bytes
import Records

/// What came of one trace, on one host or several, as it is kept.
public struct TraceRecord: Equatable, Sendable {
  /// Why it was made.
  public enum Cause: Equatable, Sendable {
    /// Somebody asked for it.
    case asked
    /// A load spike began, on its host at that time.
    case episode(start: Timestamp)
  }

  /// One host's part.
  public struct Host: Equatable, Sendable {
    public var name: String
    /// What can be queried.
    public var trace: HostTrace
    /// A sentence on each of the trace's processes, in their order.
    public var verdicts: [String]
    /// All of the trace, as whoever shows it again reads it.
    public var encoded: [UInt8]

    public init(name: String, trace: HostTrace, verdicts: [String], encoded: [UInt8]) {
      self.name = name
      self.trace = trace
      self.verdicts = verdicts
      self.encoded = encoded
    }
  }

  /// When it was asked for, on the collector's clock.
  public var time: Timestamp
  public var cause: Cause
  /// Which processes were wanted, in words.
  public var selection: String
  public var hosts: [Host]

  public init(time: Timestamp, cause: Cause, selection: String, hosts: [Host]) {
    self.time = time
    self.cause = cause
    self.selection = selection
    self.hosts = hosts
  }
}

/// One host's part of a trace, out of the history.
public struct PastTrace: Equatable, Sendable {
  /// The trace's number: several hosts may share it.
  public var number: Int64
  public var host: String
  /// When it began and ended, on the host's clock.
  public var time: Timestamp
  public var end: Timestamp
  /// `asked` or `episode`.
  public var cause: String
  public var selection: String
  public var engine: String
  public var matched: Int
  public var attached: Int
  public var verified: Int
  public var skipped: Int
  /// The number of the load spike that it was made for, or that it overlaps.
  public var episode: Int64?
  /// The first of its processes, and the sentence on that.
  public var first: First?

  public struct First: Equatable, Sendable {
    public var pid: Int
    public var name: String
    public var verdict: String
  }
}
