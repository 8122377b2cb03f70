import Glibc
import Synchronization

/// Straces that couldn't be killed in time, since they waited for a disk that hung: their ends are taken
/// when they have come, or a resident agent would gather the dead.
enum LateEnds {
  private static let pids = Mutex<[pid_t]>([])
  /// A disk that hangs has one trace after the other refused long before.
  private static let limit = 1024

  static func await(_ pid: pid_t) {
    pids.withLock { if $0.count < limit { $0.append(pid) } }
  }

  /// Takes those that have come.
  static func take() {
    pids.withLock { pids in
      pids.removeAll { pid in
        var status: Int32 = 0
        let result = waitpid(pid, &status, WNOHANG)
        return result == pid || result < 0 && errno == ECHILD
      }
    }
  }
}
