import CSystem
import Glibc

/// Held by the one trace that may run on a host at a time, since there is one budget. It is a name that
/// the kernel frees when we end, however we end, and needs no folder.
struct TraceLock: ~Copyable {
  /// `nil` where somebody else sits on the name: a user of no rights must not keep root from tracing.
  private let descriptor: Int32?

  /// - Throws: `TraceFailure.isBusy`
  init(_ name: String) throws(TraceFailure) {
    let user = geteuid()
    var holder = culprit_peer_credentials()
    var result = culprit_claim_name("\(name)-\(user)", &holder)
    if result == -EADDRINUSE, holder.user != user {
      // One of ours may be about to listen. Who doesn't is none.
      Pause.sleep(milliseconds: 10)
      result = culprit_claim_name("\(name)-\(user)", &holder)
    }
    if result >= 0 {
      descriptor = result
      return
    }
    guard result == -EADDRINUSE, holder.user == user else {
      descriptor = nil
      return
    }
    let who = holder.pid > 0 ? "process \(holder.pid)" : "somebody"
    throw .isBusy(
      "\(who) traces here already, and a host is traced once at a time: wait until that is over")
  }

  /// Ends it here, and not at its last use.
  consuming func release() {}

  deinit { if let descriptor { close(descriptor) } }
}
