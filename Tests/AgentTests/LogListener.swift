import CSystem
import Foundation
import TestSupport

/// A system's log of its own: a datagram socket in a folder.
final class LogListener {
  let path: String
  private let socket: Int32
  private(set) var lines: [String] = []

  init(in folder: TestFolder) throws {
    path = folder.file("log")
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      for (index, byte) in path.utf8.enumerated() { room[index] = byte }
    }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) }
    }
    guard bound == 0 else { throw TestTrouble("can't bind \(path)") }
    culprit_set_nonblocking(socket)
  }

  deinit { close(socket) }

  private func take() {
    var buffer = [UInt8](repeating: 0, count: 2048)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      lines.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
  }

  /// The first line, of those that came and those to come, that has all these words.
  func line(with words: String...) async throws -> String {
    try await eventually("\(words) in the log", detail: { "\(self.lines)" }) {
      take()
      return lines.first { line in words.allSatisfy { line.contains($0) } }
    }
  }
}
