import Records

/// What an agent says of itself and its host when a stream begins, and again on every connection.
public struct Hello: Equatable, Sendable {
  public var stream: StreamID
  /// When it was said, by the host's clock: the collector measures the clock's offset with it.
  public var time: Timestamp
  public var agentVersion: String
  /// As the kernel has it (uname(2) `nodename`): the fleet file may call it otherwise.
  public var hostName: String
  /// `uname(2)` `release`.
  public var kernelRelease: String
  /// `nil` where it is one that this version doesn't know: the stream is read all the same.
  public var engine: EngineKind?
  /// Why this engine and not the other one.
  public var engineReason: String
  /// As configured, nanoseconds.
  public var intervalNanoseconds: UInt64
  /// Clock ticks per second (sysconf(3) `_SC_CLK_TCK`): the unit of processes' start times.
  public var ticksPerSecond: UInt32
  public var pageBytes: UInt32
  /// CPUs online; `nil` where the agent couldn't tell.
  public var cpus: Int?

  public init(
    stream: StreamID, time: Timestamp, agentVersion: String = "", hostName: String = "",
    kernelRelease: String = "", engine: EngineKind?, engineReason: String = "",
    intervalNanoseconds: UInt64 = 1_000_000_000, ticksPerSecond: UInt32 = 100,
    pageBytes: UInt32 = 4096, cpus: Int? = nil
  ) {
    self.stream = stream
    self.time = time
    self.agentVersion = agentVersion
    self.hostName = hostName
    self.kernelRelease = kernelRelease
    self.engine = engine
    self.engineReason = engineReason
    self.intervalNanoseconds = intervalNanoseconds
    self.ticksPerSecond = ticksPerSecond
    self.pageBytes = pageBytes
    self.cpus = cpus
  }
}
