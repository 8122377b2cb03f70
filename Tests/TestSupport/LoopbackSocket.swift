import Glibc

/// A TCP socket on a loopback address that a test holds.
public final class LoopbackSocket: Sendable {
  public let port: UInt16
  private let descriptor: Int32
  /// Connections that nobody accepts.
  private let fillers: [Int32]

  private init(descriptor: Int32, port: UInt16, fillers: [Int32] = []) {
    self.descriptor = descriptor
    self.port = port
    self.fillers = fillers
  }

  deinit {
    for filler in fillers { close(filler) }
    close(descriptor)
  }

  /// A port that nobody listens on, held so that nobody else takes it meanwhile: whoever connects
  /// is refused.
  public static func refusing() throws -> LoopbackSocket {
    let (descriptor, port) = try bound()
    return LoopbackSocket(descriptor: descriptor, port: port)
  }

  /// The kernel completes connections, and nobody ever says a word on them.
  public static func silent() throws -> LoopbackSocket {
    let (descriptor, port) = try bound()
    guard listen(descriptor, 64) == 0 else { throw trouble("listen") }
    return LoopbackSocket(descriptor: descriptor, port: port)
  }

  /// SYNs go unanswered, as by a host that is down: the queue of connections that wait to be
  /// accepted is full, and then Linux drops them.
  public static func deaf() throws -> LoopbackSocket {
    let (descriptor, port) = try bound()
    guard listen(descriptor, 0) == 0 else { throw trouble("listen") }
    var fillers: [Int32] = []
    for _ in 0..<4 {
      let filler = socket(
        AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
      fillers.append(filler)
      _ = withAddress(port: port) { connect(filler, $0, $1) }
    }
    return LoopbackSocket(descriptor: descriptor, port: port, fillers: fillers)
  }

  /// A port that was free a moment ago.
  public static func freePort() throws -> UInt16 {
    let (descriptor, port) = try bound()
    close(descriptor)
    return port
  }

  private static func bound() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw trouble("socket") }
    guard withAddress(port: 0, { bind(descriptor, $0, $1) }) == 0 else {
      close(descriptor)
      throw trouble("bind")
    }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(descriptor, $0, &size)
      }
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  private static func withAddress(
    port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private static func trouble(_ call: String) -> TestTrouble {
    TestTrouble("\(call): \(String(cString: strerror(errno)))")
  }
}
