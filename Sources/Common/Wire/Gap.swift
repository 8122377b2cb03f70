/// Why frames of a stream are gone for good.
public enum GapReason: UInt8, CaseIterable, Sendable {
  /// A newer agent's reason.
  case unknown = 0
  /// The spool was full, and the oldest made room.
  case spoolFull = 1
  /// The spool could not be written (its disk is full, read-only or hangs).
  case spoolFailed = 2
  /// What the spool held was damaged.
  case damaged = 3
  /// The agent ended before they were written.
  case agentEnded = 4
  /// The reader was slower than the stream, and there was no spool to wait in.
  case slowReader = 5
}

/// Frames of a stream that nobody will get any more.
public struct Gap: Equatable, Sendable {
  /// The first number lost.
  public var first: UInt64
  /// The last number lost.
  public var last: UInt64
  public var reason: GapReason

  public init(first: UInt64, last: UInt64, reason: GapReason) {
    self.first = first
    self.last = last
    self.reason = reason
  }
}
