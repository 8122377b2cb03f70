import CSystem
import Glibc

/// The process that ends all strace of ours should we die, and leads the group they are in. It holds no
/// descriptor of ours.
///
/// PR_SET_PDEATHSIG does the same at once; but the kernel forgets that where strace has capabilities of
/// its own (execve(2)), and then this is who is left.
struct Reaper: ~Copyable {
  /// It ends who is left after so long.
  private static let patienceMilliseconds: Int32 = 2000

  /// Its pid, and the group's number.
  let group: pid_t
  private let order: Int32

  /// - Throws: `TraceFailure.failed`
  init() throws(TraceFailure) {
    var order: Int32 = -1
    group = culprit_start_reaper(Reaper.patienceMilliseconds, &order)
    guard group > 0 else { throw .failed("no process for the trace: \(errorText(-group))") }
    self.order = order
  }

  /// Tells it that all is well; it ends without ending anybody. Whether the group is empty then.
  consuming func dismiss() -> Bool {
    var word: UInt8 = 0
    _ = write(order, &word, 1)
    close(order)
    while waitpid(group, nil, 0) < 0, errno == EINTR {}
    // The number can't be another's as long as anybody is left in the group.
    let isEmpty = kill(-group, 0) < 0 && errno == ESRCH
    discard self
    return isEmpty
  }

  deinit { close(order) }
}
