/// Bounds of everything on the wire. The encoder keeps to them, and the decoder refuses what goes
/// beyond: a hostile agent costs its collector no more than these.
///
/// They may be raised for decoders, but never lowered: every released agent stays readable.
public enum WireLimits {
  /// Longest payload of a frame, bytes.
  public static let payloadBytes = 1 << 20
  /// Room that rows leave in a payload for the counts of what found no room.
  static let reservedBytes = 256

  /// Longest name: of a host, a device, a user, a symbol, a wait reason; bytes.
  static let nameBytes = 256
  /// Longest text: a command line, a path, a notice; bytes.
  static let textBytes = 4096

  /// Largest count of tasks, looks, CPUs and the like: what is above is taken for it.
  static let count: UInt64 = 1 << 32

  static let disks = 4096
  static let locks = 4096
  /// Of one lock. More of them wait than are named here; each is a waiting task too.
  static let lockWaiters = 4096
  static let waiting = 32768
  /// Processes that hold what one task waits for.
  static let holders = 64
  static let processes = 8192
  static let burstCounts = 8192
  /// Texts that the rows of a frame share, and what waiting tasks have in common.
  static let symbols = 16384
  /// Streams that an agent's inventory lists.
  public static let heldStreams = 4096
  static let shapes = 8192

  // Of a process's report.
  static let parents = 1024
  static let files = 8192
  static let mounts = 8192
  static let sockets = 8192
  static let past = 8192
  static let related = 4096

  // Of a trace.
  static let skipped = 4096
  static let notices = 256
  static let tracedCalls = 1024
  static let tracedFiles = 4096
  static let tracedErrors = 1024
}
