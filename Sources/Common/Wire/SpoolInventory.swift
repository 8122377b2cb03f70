import Records

/// What an agent keeps on its disk.
public struct SpoolInventory: Equatable, Sendable {
  /// Frames of one stream that the spool holds: all from the first to the last, but for those that
  /// a gap frame among them says are gone.
  public struct Held: Equatable, Sendable {
    public var stream: StreamID
    public var first: UInt64
    public var last: UInt64
    /// Times of the first and last tick among them, on the host's clock.
    public var oldest: Timestamp
    public var newest: Timestamp

    public init(
      stream: StreamID, first: UInt64, last: UInt64, oldest: Timestamp, newest: Timestamp
    ) {
      self.stream = stream
      self.first = first
      self.last = last
      self.oldest = oldest
      self.newest = newest
    }
  }

  public var usedBytes: UInt64
  public var limitBytes: UInt64
  /// How long it lasts at the rate of late, seconds; `nil` where that isn't known yet.
  public var spanSeconds: UInt64?
  /// Why frames don't get to the disk just now, in words; `nil` where they do.
  public var problem: String?
  /// In the order in which they began.
  public var held: [Held]

  public init(
    usedBytes: UInt64 = 0, limitBytes: UInt64 = 0, spanSeconds: UInt64? = nil,
    problem: String? = nil, held: [Held] = []
  ) {
    self.usedBytes = usedBytes
    self.limitBytes = limitBytes
    self.spanSeconds = spanSeconds
    self.problem = problem
    self.held = held
  }
}
