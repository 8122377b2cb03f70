import Dispatch
import Synchronization
import Wire

/// A question that somebody waits for the answer of.
final class OpenQuestion: Sendable {
  let request: Request
  private let reply = Mutex<SessionReply?>(nil)
  private let ended = DispatchSemaphore(value: 0)
  private let endsEarly = Atomic(false)

  init(_ request: Request) {
    self.request = request
  }

  /// The agent is to answer with what it has.
  var isToEnd: Bool { endsEarly.load(ordering: .relaxed) }

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

  /// How often it is looked whether somebody waits still, seconds.
  private static let lookSeconds = 0.2

  /// The reply, and whether it was given up.
  ///
  /// - Parameter nudge: has the feed look what there is to send.
  func wait(
    seconds: Double, _ interest: () -> AskerInterest, nudge: () -> Void
  ) -> (reply: SessionReply, isGivenUp: Bool) {
    let end = DispatchTime.now() + seconds
    while true {
      let look = min(end, .now() + OpenQuestion.lookSeconds)
      if ended.wait(timeout: look) == .success {
        return (reply.withLock { $0 } ?? .failed("no answer"), false)
      }
      let isLate = DispatchTime.now() >= end
      if !isLate {
        switch interest() {
        case .waits: continue
        case .wantsEnd:
          if !endsEarly.exchange(true, ordering: .relaxed) { nudge() }
          continue
        case .gone: break
        }
      }
      let why =
        isLate
        ? "its agent says nothing for \(Int(seconds)) s over the collector's session; culprit "
          + "hosts shows how that stands" : "nobody waits for the answer any more"
      self.end(.failed(why))
      return (reply.withLock { $0 } ?? .failed("no answer"), true)
    }
  }
}
