import Bytes

/// `/proc/uptime` (proc_uptime(5)): seconds since boot, time asleep included.
public struct Uptime: Equatable, Sendable {
  public var seconds: Double
  /// Idle time, summed over the CPUs, seconds.
  public var idleSeconds: Double

  public init?(_ text: Span<UInt8>) {
    var start = 0
    guard let range = text.nextWholeLine(&start) else { return nil }
    let line = text.extracting(range)
    var cursor = 0
    guard let first = line.nextWord(&cursor), let second = line.nextWord(&cursor),
      let seconds = line.fraction(in: first), let idle = line.fraction(in: second)
    else { return nil }
    self.seconds = seconds
    idleSeconds = idle
  }
}
