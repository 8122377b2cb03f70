import Bytes
import Records

/// Requests that await a FUSE server's answer, by connection: `/sys/fs/fuse/connections/N/waiting`
/// (Documentation/filesystems/fuse.rst; fs/fuse/control.c). N is the minor number of the mount's
/// device. The folder is there only while fusectl is mounted.
public enum FuseConnections {
  public struct Connection: Equatable, Sendable {
    public var minor: Int32
    public var waiting: UInt64
  }

  /// Most connections that are looked at.
  public static let limit = 256

  /// Requests that wait, over all connections.
  ///
  /// - Parameter numbers: the connections' numbers, kept by the caller so that nothing is
  ///   allocated from tick to tick.
  public static func waiting(
    in sys: borrowing ProcRoot, numbers: inout [Int32], using buffer: inout ReadBuffer
  ) -> Reading<UInt64> {
    if let absence = list(sys, &numbers, &buffer) { return absence }
    var (total, isDenied): (UInt64, Bool) = (0, false)
    for number in numbers {
      switch sys.readRecord(path(number), into: &buffer) {
      case .bytes: total &+= buffer.withBytes { value($0) } ?? 0
      case .denied: isDenied = true
      case .vanished, .failed: continue
      }
    }
    // Zero of those we may see isn't zero of all.
    return isDenied && total == 0 ? .denied : .known(total)
  }

  /// The connections that have requests waiting.
  public static func busy(
    in sys: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> [Connection] {
    var numbers: [Int32] = []
    guard list(sys, &numbers, &buffer) == nil else { return [] }
    var busy: [Connection] = []
    for number in numbers where sys.readRecord(path(number), into: &buffer) == .bytes {
      let waiting = buffer.withBytes { value($0) } ?? 0
      if waiting > 0 { busy.append(Connection(minor: number, waiting: waiting)) }
    }
    return busy
  }

  /// Whether fusectl is mounted: its root is on another device than the folder it covers.
  public static func isMounted(in sys: borrowing ProcRoot) -> Bool {
    guard let root = sys.status(ProcPath("fs/fuse/connections")),
      let parent = sys.status(ProcPath("fs/fuse"))
    else { return false }
    return root.st_dev != parent.st_dev
  }

  /// The numbers of the connections, or why there are none.
  private static func list(
    _ sys: borrowing ProcRoot, _ numbers: inout [Int32], _ buffer: inout ReadBuffer
  ) -> Reading<UInt64>? {
    numbers.removeAll(keepingCapacity: true)
    let outcome = sys.listNumbers(ProcPath("fs/fuse/connections"), using: &buffer) { number in
      if numbers.count < limit { numbers.append(number) }
    }
    switch outcome {
    case .bytes: return numbers.isEmpty && !isMounted(in: sys) ? .disabled : nil
    case .vanished: return .unsupported
    case .denied: return .denied
    case .failed: return .gap
    }
  }

  private static func path(_ number: Int32) -> ProcPath {
    var path = ProcPath("fs/fuse/connections/")
    path.append(number: Int64(number))
    path.append("/waiting")
    return path
  }

  private static func value(_ text: Span<UInt8>) -> UInt64? {
    KernelSetting.value(text).flatMap { UInt64(exactly: $0) }
  }
}
