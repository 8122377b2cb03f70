import Dispatch
import Synchronization
import Wire

/// A question that somebody waits for the answer of.
final class OpenQuestion: Sendable {
  let request: Request
  private let reply = Mutex<SessionReply?>(nil)
  private let ended = DispatchSemaphore(value: 0)

  init(_ request: Request) {
    self.request = request
  }

  /// Nobody waits any more.
  var isOver: Bool { reply.withLock { $0 != nil } }

  /// The first word counts.
  func end(_ new: SessionReply) {
    let isFirst = reply.withLock { reply in
      guard reply == nil else { return false }
      reply = new
      return true
    }
    if isFirst { ended.signal() }
  }

  func wait(seconds: Double) -> SessionReply {
    if ended.wait(timeout: .now() + seconds) == .timedOut {
      end(
        .failed(
          "its agent says nothing for \(Int(seconds)) s over the collector's session; culprit "
            + "hosts shows how that stands"))
    }
    return reply.withLock { $0 } ?? .failed("no answer")
  }
}
