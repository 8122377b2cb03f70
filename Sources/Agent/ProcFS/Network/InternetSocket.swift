import Bytes
import Glibc
import Records

/// A line of `/proc/PID/net/tcp`, `tcp6`, `udp`, `udp6`, `raw` or `raw6` (proc_pid_net(5);
/// `get_tcp4_sock` in net/ipv4/tcp_ipv4.c, `tcp6_seq_show` and others):
/// `0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 34523 1 …`.
public struct InternetSocket: Equatable, Sendable {
  public var local: SocketEndpoint
  /// Port 0 where nobody is at the other end.
  public var remote: SocketEndpoint
  public var state: OpenSocket.State
  public var sendQueue: UInt64
  /// Of who listens on TCP, connections that wait to be accepted.
  public var receiveQueue: UInt64
  public var inode: UInt64

  /// `nil` for the head line, and what isn't such a line.
  public init?(_ line: Span<UInt8>) {
    guard let inode = InternetSocket.inode(line) else { return nil }
    var cursor = 0
    guard line.nextWord(&cursor) != nil,
      let local = line.nextWord(&cursor).flatMap({ InternetSocket.endpoint(line, $0) }),
      let remote = line.nextWord(&cursor).flatMap({ InternetSocket.endpoint(line, $0) }),
      let state = line.nextWord(&cursor).flatMap({ line.hexadecimal(in: $0) }),
      let queues = line.nextWord(&cursor),
      let colon = line.first(UInt8(ascii: ":"), in: queues),
      let sendQueue = line.hexadecimal(in: queues.lowerBound..<colon),
      let receiveQueue = line.hexadecimal(in: colon + 1..<queues.upperBound)
    else { return nil }
    self.local = local
    self.remote = remote
    self.state =
      UInt8(exactly: state).flatMap { OpenSocket.State(rawValue: $0) } ?? .unknown
    self.sendQueue = UInt64(sendQueue)
    self.receiveQueue = UInt64(receiveQueue)
    self.inode = inode
  }

  /// The tenth word: all that is read of the lines of others.
  public static func inode(_ line: Span<UInt8>) -> UInt64? {
    var cursor = 0
    for _ in 0..<9 where line.nextWord(&cursor) == nil { return nil }
    return line.nextCounter(&cursor)
  }

  /// `0100007F:0016`: the address in words of 32 bits as this machine keeps them in memory, and
  /// the port.
  private static func endpoint(_ line: Span<UInt8>, _ word: Range<Int>) -> SocketEndpoint? {
    guard let colon = line.first(UInt8(ascii: ":"), in: word),
      let port = line.hexadecimal(in: colon + 1..<word.upperBound).flatMap({ UInt16(exactly: $0) })
    else { return nil }
    var bytes: [UInt8] = []
    var start = word.lowerBound
    while start < colon {
      guard start + 8 <= colon, let value = line.hexadecimal(in: start..<start + 8) else {
        return nil
      }
      withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
      start += 8
    }
    return InternetAddress.text(bytes).map { SocketEndpoint(address: $0, port: port) }
  }
}

/// Addresses of the internet protocols as people write them.
enum InternetAddress {
  /// Of 4 or 16 bytes in the network's order; `nil` for any other number of them. An IPv4 address
  /// inside an IPv6 one is the IPv4 address.
  static func text(_ bytes: [UInt8]) -> String? {
    let isMapped =
      bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF
      && bytes[11] == 0xFF
    let bytes = isMapped ? Array(bytes[12...]) : bytes
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    var room = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let size = socklen_t(room.count)
    guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &room, size) != nil else {
      return nil
    }
    return String(decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
