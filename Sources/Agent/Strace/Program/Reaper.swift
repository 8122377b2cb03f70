import CSystem
import Glibc

/// The process that ends all strace of ours should we die or stand still, and leads the group they are
/// in. It holds no descriptor of ours, and what it works with stays in memory.
///
/// PR_SET_PDEATHSIG does the same at our death, at once; but the kernel forgets that where strace has
/// capabilities of its own (execve(2)), and who is stopped with Ctrl-Z, or hangs with a disk, isn't
/// dead: the straces would wait for us with the processes that they have stopped.
struct Reaper: ~Copyable {
  /// It must hear of us so often.
  private static let silenceMilliseconds: Int32 = 5000
  /// It kills those that it asked to end after so long.
  private static let patienceMilliseconds: Int32 = 2000

  /// How it ended, and what is left.
  enum End {
    case empty
    /// It had to end the group, since we stood still.
    case wasNeeded
    /// Somebody is left in the group.
    case notEmpty
  }

  /// Its pid, and the group's number.
  let group: pid_t
  private let order: Int32

  /// - Throws: `TraceFailure.failed`
  init() throws(TraceFailure) {
    var order: Int32 = -1
    group = culprit_start_reaper(
      Reaper.silenceMilliseconds, Reaper.patienceMilliseconds, &order)
    guard group > 0 else { throw .failed("no process for the trace: \(errorText(-group))") }
    self.order = order
  }

  /// Says that we are alive and go on.
  func reassure() { say(1) }

  private func say(_ word: UInt8) {
    var word = word
    // SIGPIPE is ignored; where it has ended, its end will tell.
    _ = write(order, &word, 1)
  }

  /// Says that all is over; it ends without ending anybody.
  consuming func dismiss() -> End {
    say(0)
    // As long as its end isn't taken the group's number is nobody else's.
    var about = siginfo_t()
    while waitid(P_PID, id_t(group), &about, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    // Where strace is a script that runs strace, that one is left.
    kill(-group, SIGKILL)
    var status: Int32 = 0
    while waitpid(group, &status, 0) < 0, errno == EINTR {}
    let isEmpty = isEmptySoon
    return isEmpty ? (status == 0 ? .empty : .wasNeeded) : .notEmpty
  }

  /// Who was killed is gone in a moment, unless it is in `D`.
  private var isEmptySoon: Bool {
    for _ in 0..<Reaper.emptyLooks {
      if kill(-group, 0) < 0, errno == ESRCH { return true }
      Pause.sleep(milliseconds: 10)
    }
    return false
  }

  /// Looks, 10 ms apart, for who is left after all were killed.
  private static let emptyLooks = 50

  deinit { close(order) }
}
