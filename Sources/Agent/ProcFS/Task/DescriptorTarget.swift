import Bytes
import Records

/// Where `/proc/PID/fd/FD` leads to (proc_pid_fd(5)): the text of the link alone, without following
/// it.
public struct DescriptorTarget: Equatable, Sendable {
  /// Longest path kept, characters.
  public static let pathLimit = 1024

  /// Printable, without ` (deleted)` behind it.
  public var path: String
  public var isDeleted: Bool
  /// `nil` of a socket.
  public var kind: OpenFile.Kind?
  /// Of a socket.
  public var inode: UInt64?

  public init(_ link: Span<UInt8>) {
    let mark: StaticString = " (deleted)"
    let end = link.count - mark.utf8CodeUnitCount
    isDeleted = end > 0 && link.holds(mark, at: end)
    let name = link.extracting(0..<(isDeleted ? end : link.count))
    inode = DescriptorTarget.number(name, "socket:[")
    kind = inode == nil ? DescriptorTarget.kind(name) : nil
    path = Printable.text(name, limit: DescriptorTarget.pathLimit)
  }

  /// The number of a socket, of which nothing else is worth reading.
  public static func socketInode(_ link: Span<UInt8>) -> UInt64? { number(link, "socket:[") }

  private static func number(_ name: Span<UInt8>, _ prefix: StaticString) -> UInt64? {
    guard name.starts(with: prefix), name[name.count - 1] == UInt8(ascii: "]") else { return nil }
    let range = prefix.utf8CodeUnitCount..<(name.count - 1)
    return range.isEmpty ? nil : name.decimal(in: range).flatMap { UInt64(exactly: $0) }
  }

  private static func kind(_ name: Span<UInt8>) -> OpenFile.Kind {
    if name.starts(with: "/memfd:") { return .memory }
    if name.starts(with: "/dev/"), !name.starts(with: "/dev/shm/"),
      !name.starts(with: "/dev/mqueue/"), !name.starts(with: "/dev/hugepages/")
    {
      return .device
    }
    if name.starts(with: "/") { return .file }
    if name.starts(with: "pipe:[") { return .pipe }
    if name.starts(with: "anon_inode:[io_uring]") { return .ring }
    if name.starts(with: "anon_inode:") { return .anonymous }
    for space in namespaces where name.starts(with: space) { return .namespace }
    return .other
  }

  /// namespaces(7)
  private static let namespaces: [StaticString] = [
    "mnt:[", "net:[", "pid:[", "user:[", "uts:[", "ipc:[", "cgroup:[", "time:[",
  ]
}
