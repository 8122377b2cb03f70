import Foundation
import TestSupport
import Testing

/// What `collect` tells systemd, at a socket that stands for it.
@Suite(.live) struct ServiceManagerTests {
  /// A datagram socket, as systemd's `NOTIFY_SOCKET`.
  private static func listen(at path: String) throws -> Int32 {
    let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw TestTrouble("too long a path: \(path)")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, size) }
    }
    guard bound == 0 else { throw TestTrouble("can't bind \(path)") }
    return number
  }

  private static func received(_ socket: Int32) -> [String] {
    var texts: [String] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 {
      texts.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
    return texts
  }

  @Test("it says that it has begun, that it goes on, and that it ends")
  func signs() async throws {
    let home = try CulpritHome()
    let path = home.folder.file("notify")
    let socket = try Self.listen(at: path)
    defer { close(socket) }
    var environment = home.environment
    environment["NOTIFY_SOCKET"] = path
    environment["WATCHDOG_USEC"] = "1000000"
    let program = try Program(
      [CulpritHome.binary, "collect", "local", "--no-agent", "--db", home.db],
      environment: environment)
    var texts: [String] = []
    try await until("signs of life", detail: { "\(texts) \(program.errorText)" }) {
      texts += Self.received(socket)
      return texts.count { $0 == "WATCHDOG=1" } >= 3
    }
    #expect(texts.first == "READY=1", "\(texts)")
    program.send(SIGTERM)
    let result = try await program.end()
    #expect(result.code == 0, "\(result)")
    texts += Self.received(socket)
    #expect(texts.last == "STOPPING=1", "\(texts)")
  }

  @Test("of another process's watchdog it isn't part") func others() async throws {
    let home = try CulpritHome()
    let path = home.folder.file("notify")
    let socket = try Self.listen(at: path)
    defer { close(socket) }
    var environment = home.environment
    environment["NOTIFY_SOCKET"] = path
    (environment["WATCHDOG_USEC"], environment["WATCHDOG_PID"]) = ("1000000", "1")
    let result = try await Program.run(
      [CulpritHome.binary, "collect", "local", "--no-agent", "--db", home.db, "--for", "2s"],
      environment: environment)
    #expect(result.code == 0, "\(result)")
    #expect(Self.received(socket) == ["READY=1", "STOPPING=1"])
  }
}
