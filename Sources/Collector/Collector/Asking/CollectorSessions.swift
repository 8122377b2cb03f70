import CSystem
import Foundation
import Glibc
import History
import Wire

/// The sessions of a collector that runs on this machine: what it is asked over them gets an answer
/// also where a new login would hang.
public struct CollectorSessions: Sendable {
  /// The history that it records into.
  public let history: String
  /// The collector's; 0 where that can't be read.
  public let pid: pid_t

  /// How long it may take beyond what the agent may, seconds.
  private static let allowance = 5.0

  /// `nil` where nobody collects into that history.
  public init?(history: String) {
    guard let pid = CollectorLock.holder(of: history) else { return nil }
    (self.history, self.pid) = (history, pid)
  }

  /// Asks the agent of a host that the collector records under this name.
  func ask(
    _ request: Request, of host: String, _ earlyEnd: EarlyEnd? = nil
  ) -> SessionReply {
    let name = Array(host.utf8)
    guard name.count <= QuestionSocket.nameLimit else {
      return .elsewhere("the collector records no host of so long a name")
    }
    let patience = QuestionDesk.answerSeconds(of: request) + CollectorSessions.allowance
    let end = ContinuousClock.now + .seconds(patience)
    var isAsked = false
    do throws(TimedSocket.Trouble) {
      let socket = TimedSocket(try connect(until: end))
      let head = [QuestionSocket.version, UInt8(name.count)] + name
      try socket.write(head + AgentRequests.bytes(request, number: 1), until: end)
      isAsked = true
      let descriptor = socket.descriptor
      let action = earlyEnd?.add {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        _ = send(descriptor, [QuestionSocket.earlyEnd], 1, flags)
      }
      // Before the descriptor is another's.
      defer { if let action { earlyEnd?.remove(action) } }
      return try CollectorSessions.reply(socket, until: end)
    } catch {
      // What was begun isn't begun a second time: whoever asked may have waited for minutes.
      if isAsked, case .trace = request {
        return .failed(
          "the collector (pid \(pid)) was lost in the middle of it: \(error.description); its "
            + "agents let go of whom they traced, so ask again")
      }
      return .elsewhere("the collector (pid \(pid)) isn't to be asked: \(error.description)")
    }
  }

  private static func reply(
    _ socket: borrowing TimedSocket, until end: ContinuousClock.Instant
  ) throws(TimedSocket.Trouble) -> SessionReply {
    let head = try socket.read(count: SessionReply.headBytes, until: end)
    let size = SessionReply.bodyBytes(head)
    guard size <= QuestionSocket.replyLimit else {
      return .elsewhere("the collector answers with \(size >> 20) MiB")
    }
    let body = try socket.read(count: size, until: end)
    return SessionReply(head, body) ?? .elsewhere("the collector is another version's")
  }

  private func connect(until end: ContinuousClock.Instant) throws(TimedSocket.Trouble) -> Int32 {
    while true {
      let socket = culprit_unix_connect(QuestionSocket.path(of: history), 0)
      if socket >= 0 { return socket }
      // As many wait there as may.
      guard socket == -EAGAIN || socket == -EINTR else { throw .system(-socket) }
      guard ContinuousClock.now < end else { throw .late }
      usleep(20_000)
    }
  }
}
