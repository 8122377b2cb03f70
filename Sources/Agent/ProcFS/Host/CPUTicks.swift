import Bytes

/// Time that all CPUs together spent, in clock ticks since boot: the first line of proc_stat(5).
public struct CPUTicks: Equatable, Sendable {
  public var user: UInt64 = 0
  public var nice: UInt64 = 0
  public var system: UInt64 = 0
  public var idle: UInt64 = 0
  /// Idle while I/O was outstanding; may go back (proc_stat(5)).
  public var ioWait: UInt64 = 0
  public var interrupt: UInt64 = 0
  public var softInterrupt: UInt64 = 0
  /// Absent before Linux 2.6.11.
  public var stolen: UInt64?
  /// Contained in `user`. Absent before Linux 2.6.24.
  public var guest: UInt64?
  /// Contained in `nice`. Absent before Linux 2.6.33.
  public var guestNice: UInt64?

  public init() {}

  /// - Parameter line: what follows `cpu`: at least the seven numbers of Linux 2.6.0.
  init?(_ line: Span<UInt8>, _ cursor: inout Int) {
    guard let user = line.nextCounter(&cursor), let nice = line.nextCounter(&cursor),
      let system = line.nextCounter(&cursor), let idle = line.nextCounter(&cursor),
      let ioWait = line.nextCounter(&cursor), let interrupt = line.nextCounter(&cursor),
      let softInterrupt = line.nextCounter(&cursor)
    else { return nil }
    (self.user, self.nice, self.system, self.idle) = (user, nice, system, idle)
    (self.ioWait, self.interrupt, self.softInterrupt) = (ioWait, interrupt, softInterrupt)
    stolen = line.nextCounter(&cursor)
    guest = stolen == nil ? nil : line.nextCounter(&cursor)
    guestNice = guest == nil ? nil : line.nextCounter(&cursor)
  }
}
