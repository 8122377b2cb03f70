/// What one trace on a host may cost, whatever is asked for.
public struct TraceLimits: Sendable {
  /// Who traces under one name shares one budget: one trace at a time.
  public var name = "culprit-trace"
  /// Output of one strace: whoever writes more is let go of, and marked.
  public var processBytes = 64 << 20
  /// Output of all together: beyond it all are let go of.
  public var hostBytes = 256 << 20
  /// Output that waits for the disk, with `--keep`: beyond it no more is kept.
  public var waitingBytes = 16 << 20
  /// How long those that were asked to let go may take until they are killed. A process that went into
  /// `D` meanwhile makes strace wait for it.
  public var graceMilliseconds = 2000
  /// How long the kernel may take to end what was killed.
  public var killMilliseconds = 5000
  /// How long all may take to attach before the time is counted from.
  public var attachMilliseconds = 5000

  public init() {}
}
