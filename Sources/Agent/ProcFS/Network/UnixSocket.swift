import Bytes
import Records

/// A line of `/proc/PID/net/unix` (proc_pid_net(5); `unix_seq_show` in net/unix/af_unix.c):
/// `ffff9b61ac49c400: 00000002 00000000 00010000 0001 01 42776 /run/x.socket`.
public struct UnixSocket: Equatable, Sendable {
  public var state: OpenSocket.State
  public var inode: UInt64
  /// Printable; an abstract name begins with `@`; `nil` where it has none.
  public var path: String?

  /// `nil` for the head line, and what isn't such a line.
  public init?(_ line: Span<UInt8>) {
    var cursor = 0
    for _ in 0..<3 where line.nextWord(&cursor) == nil { return nil }
    guard let flags = line.nextWord(&cursor).flatMap({ line.hexadecimal(in: $0) }),
      line.nextWord(&cursor) != nil,
      let state = line.nextWord(&cursor).flatMap({ line.hexadecimal(in: $0) }),
      let inode = line.nextCounter(&cursor)
    else { return nil }
    self.state = UnixSocket.state(state, flags)
    self.inode = inode
    // One blank, and then the name: it may begin with others.
    let start = cursor + 1
    path =
      start < line.count
      ? Printable.text(line.extracting(start..<line.count), limit: 128) : nil
  }

  /// The seventh word.
  public static func inode(_ line: Span<UInt8>) -> UInt64? {
    var cursor = 0
    for _ in 0..<6 where line.nextWord(&cursor) == nil { return nil }
    return line.nextCounter(&cursor)
  }

  /// `socket_state` of include/uapi/linux/net.h, and `__SO_ACCEPTCON` for who listens.
  private static func state(_ number: UInt32, _ flags: UInt32) -> OpenSocket.State {
    if flags & 0x10000 != 0 { return .listening }
    switch number {
    case 1: return .closed
    case 2: return .synSent
    case 3: return .established
    case 4: return .closing
    default: return .unknown
    }
  }
}
