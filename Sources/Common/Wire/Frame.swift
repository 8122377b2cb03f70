import Records

/// One record on the wire and in the spool.
public enum Frame: Equatable, Sendable {
  /// Whose stream this is. The first frame of every stream, of every connection and of every
  /// piece of a spool: the frames after it name it by a tag only.
  case hello(Hello)
  case tick(HostTick)
  /// A tick of the two minutes before a trigger, kept in memory and told with the burst: rows that
  /// the tick sent at its time had no place for. (0.2.0 told all rows again.)
  case before(HostTick)
  /// Who a process is; sent before or with the first tick that names it.
  case identity(ProcessIdentity)
  case burst(Burst)
  case gap(Gap)
  case notice(Notice)
  /// What a collector asks, and what an agent answers: their numbers are no sequence numbers.
  case request(Request)
  case answer(Answer)
  /// A frame that is whole, but of a kind, a format or a meaning that this version doesn't know.
  case unknown(kind: UInt8, version: UInt8)

  /// The version of a frame that isn't of ours.
  public var otherVersion: UInt8? {
    guard case .unknown(_, let version) = self, version != FrameFormat.version else { return nil }
    return version
  }
}

/// What a frame holds, as its header says it. Numbers are never used again.
struct FrameKind: RawRepresentable, Equatable {
  var rawValue: UInt8

  static let hello = FrameKind(rawValue: 1)
  static let tick = FrameKind(rawValue: 2)
  static let before = FrameKind(rawValue: 3)
  static let identity = FrameKind(rawValue: 4)
  static let burst = FrameKind(rawValue: 5)
  static let gap = FrameKind(rawValue: 6)
  static let notice = FrameKind(rawValue: 7)

  /// Kept for what a collector asks.
  static let requests: ClosedRange<UInt8> = 64...95
  /// Kept for the answers; that to request n is n + 32.
  static let answers: ClosedRange<UInt8> = 96...127

  static let introduction = FrameKind(rawValue: 64)
  static let stream = FrameKind(rawValue: 65)
  static let inventory = FrameKind(rawValue: 66)
  static let fetch = FrameKind(rawValue: 67)
  static let recent = FrameKind(rawValue: 68)
  static let process = FrameKind(rawValue: 69)
  static let trace = FrameKind(rawValue: 70)
  static let cancel = FrameKind(rawValue: 72)

  /// To any request that is answered by other frames.
  static let done = FrameKind(rawValue: 97)
  static let held = FrameKind(rawValue: 98)
  static let fetched = FrameKind(rawValue: 99)
  /// Before the frames that answer `recent`.
  static let begins = FrameKind(rawValue: 100)
  static let processReport = FrameKind(rawValue: 101)
  static let traceReport = FrameKind(rawValue: 102)
  /// One process each, before `traceReport`.
  static let tracedProcess = FrameKind(rawValue: 103)
  /// To `trace`, before all that answers it.
  static let accepted = FrameKind(rawValue: 104)
  /// To any request.
  static let refused = FrameKind(rawValue: 127)
}

/// A frame and where it belongs.
public struct DecodedFrame: Equatable, Sendable {
  /// Its number in its stream.
  public var sequence: UInt64
  /// `nil` where no hello of its stream was seen: it can't be told apart from those of another.
  public var stream: StreamID?
  public var frame: Frame
  /// Where it began, counted from the first byte that the decoder was fed.
  public var offset: UInt64
  /// Its size, header and checksum included.
  public var byteCount: Int
}

/// Bytes that are no frame, or none that can be read. The decoder goes on behind them.
public struct FrameFault: Error, Equatable, Sendable {
  public enum Reason: Equatable, Sendable {
    /// Here no frame begins; said once for a run of such bytes.
    case noFrame
    /// The header says more than ``WireLimits/payloadBytes``.
    case tooLong(UInt32)
    /// The header is whole, but header and payload don't give the checksum.
    case checksum
    /// It arrived as it was sent, but what was sent breaks the format.
    case malformed(kind: UInt8, sequence: UInt64)
    /// The stream ended inside a frame.
    case cut
  }

  /// Counted from the first byte that the decoder was fed.
  public var offset: UInt64
  public var reason: Reason
}
