import CSystem
import Foundation
import Synchronization

/// The thread that starts all programs. They are killed when it ends (PR_SET_PDEATHSIG goes by
/// thread), which is when the test process does, however it ends: so none outlives the tests.
final class SpawnThread: Sendable {
  static let shared = SpawnThread()

  private let requests = Mutex<[@Sendable () -> Void]>([])
  private let waiting = DispatchSemaphore(value: 0)

  private init() {
    let thread = Thread { [self] in
      while true {
        waiting.wait()
        let next = requests.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        next?()
      }
    }
    thread.name = "spawn"
    thread.start()
  }

  /// Starts a program with its output into the two descriptors; the pid, or -errno.
  func spawn(
    _ arguments: [String], input: Int32 = -1, output: Int32, error: Int32
  ) -> pid_t {
    let result = SpawnResult()
    requests.withLock {
      $0.append {
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        result.finish(culprit_spawn(pointers, input, output, error, 1))
        for pointer in pointers { free(pointer) }
      }
    }
    waiting.signal()
    return result.wait()
  }
}

/// A pid on its way from the thread that forked to the one that asked.
private final class SpawnResult: Sendable {
  private let pid = Mutex<pid_t>(0)
  private let done = DispatchSemaphore(value: 0)

  func finish(_ pid: pid_t) {
    self.pid.withLock { $0 = pid }
    done.signal()
  }

  func wait() -> pid_t {
    done.wait()
    return pid.withLock { $0 }
  }
}
