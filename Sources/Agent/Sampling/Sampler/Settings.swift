import ProcFS

/// Which engine is wanted.
public enum EngineWish: String, CaseIterable, Sendable {
  /// `bpf` where it runs, else `proc`.
  case auto
  case bpf
  case proc
}

/// What a sampler is asked for.
public struct SamplerSettings: Sendable {
  public var engine: EngineWish = .auto
  /// Time between ticks, nanoseconds.
  public var intervalNanoseconds: UInt64 = 1_000_000_000
  /// Most processes named in a tick. Waiting tasks don't count.
  public var rows = 50
  public var commandLine: CommandLinePolicy = .masked
  public var triggers = BurstLimits()
  /// Fast looks per second during a burst; 0: none.
  public var looksPerSecond = 10
  /// Whether looks are taken all the time, and not only during bursts.
  public var looksAlways = false
  /// Share of one CPU that the agent may take for a minute before it samples less often.
  public var ownShare = 0.01

  public init() {}
}
