import CSystem
import Foundation
import Synchronization

/// A program that the test talks with: its standard input and output are one socket, as sshd makes
/// them. It is killed when the test lets go of it.
public final class TalkingProgram: Sendable {
  public let pid: pid_t
  /// Our end of the socket.
  public let socket: Int32
  private let folder: TestFolder
  private let status = Mutex<Int32?>(nil)

  public init(_ arguments: [String], environment: [String: String] = [:]) throws {
    folder = try TestFolder()
    var pair: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { throw TestTrouble("no socket pair") }
    let error = culprit_open(folder.file("err"), O_WRONLY | O_CREAT, 0o644)
    defer {
      close(pair[1])
      close(error)
    }
    let set = environment.map { "\($0.key)=\($0.value)" }.sorted()
    let words = (set.isEmpty ? [] : ["env"] + set) + arguments
    socket = pair[0]
    pid = SpawnThread.shared.spawn(words, input: pair[1], output: pair[1], error: error)
    guard pid > 0 else {
      close(socket)
      throw TestTrouble("can't start \(arguments[0]): \(String(cString: strerror(-pid)))")
    }
  }

  deinit {
    close(socket)
    guard !hasEnded else { return }
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
  }

  public var errorText: String { folder.read("err") }

  public var hasEnded: Bool {
    status.withLock { known in
      if known != nil { return true }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return false }
      known = status
      return true
    }
  }

  /// The exit code once it has ended; below zero the signal that ended it.
  public func end(within seconds: Double = 60) async throws -> Int32 {
    try await until("the end of pid \(pid)", within: seconds, detail: { errorText }) { hasEnded }
    let status = status.withLock { $0 } ?? 0
    return status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f)
  }

  /// Says that nothing more comes from us.
  public func closeInput() { shutdown(socket, Int32(SHUT_WR)) }
}
