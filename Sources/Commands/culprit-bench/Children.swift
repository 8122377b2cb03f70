import CPeerLoop
import CSystem
import Glibc

/// The processes this run started, and what they left behind: each is ended by its pid.
final class Children {
  private var names: [pid_t: String] = [:]

  init() {
    // An orphan of ours comes back to us, so that `endAll` finds it.
    _ = culprit_peer_adopt_orphans()
  }

  /// Starts a program without input, in a process group of its own; it dies with this one.
  func start(_ arguments: [String], output: Int32, error: Int32) throws -> pid_t {
    let pid = withArgumentVector(arguments) { culprit_spawn($0, -1, output, error, 1) }
    guard pid > 0 else { throw BenchError.system(call: arguments[0], reason: -pid) }
    names[pid] = arguments[0]
    return pid
  }

  /// The same with pipes for input and output: for a server that ends when its input does.
  func startServer(
    _ arguments: [String], input: Int32, output: Int32, error: Int32
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in [input, output, error].enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var pid: pid_t = 0
    let reason = withArgumentVector(arguments) {
      posix_spawnp(&pid, arguments[0], &actions, &attributes, $0, environ)
    }
    guard reason == 0 else { throw BenchError.system(call: arguments[0], reason: reason) }
    names[pid] = arguments[0]
    return pid
  }

  func isRunning(_ pid: pid_t) -> Bool {
    var information = siginfo_t()
    guard names[pid] != nil,
      waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0
    else { return false }
    // waitid leaves si_signo at 0 where nothing has ended.
    return information.si_signo == 0
  }

  /// Asks the processes to end (SIGTERM), after `grace` seconds makes them, and returns the CPU
  /// seconds that they and their children used (wait4(2)).
  @discardableResult
  func end(_ pids: [pid_t], grace: Double = 10) -> Double {
    for pid in pids where names[pid] != nil { kill(pid, SIGTERM) }
    var seconds = 0.0
    let deadline = Pause.now + grace
    for pid in pids where names.removeValue(forKey: pid) != nil {
      seconds += reap(pid, deadline: deadline)
    }
    return seconds
  }

  /// Ends everything, whoever of our descendants it is.
  func endAll() {
    end(Array(names.keys), grace: 5)
    // Grandchildren turn up as their parents go.
    for _ in 0..<20 {
      let left = ProcessTable.now().descendants(of: [getpid()])
      if left.isEmpty { return }
      for process in left { kill(process.pid, SIGKILL) }
      for process in left { waitpid(process.pid, nil, WNOHANG) }
      usleep(20_000)
    }
  }

  private func reap(_ pid: pid_t, deadline: Double) -> Double {
    var usage = rusage()
    while wait4(pid, nil, WNOHANG, &usage) == 0 {
      if Pause.now > deadline { kill(pid, SIGKILL) }
      usleep(10_000)
    }
    return usage.ru_utime.inSeconds + usage.ru_stime.inSeconds
  }

  private func withArgumentVector<Result>(
    _ arguments: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    let vector = arguments.map { strdup($0) } + [nil]
    defer { for pointer in vector { free(pointer) } }
    return vector.withUnsafeBufferPointer { buffer in
      // Never empty: it ends in nil.
      withExtendedLifetime(vector) { body(buffer.baseAddress.unsafelyUnwrapped) }
    }
  }
}

extension timeval {
  var inSeconds: Double { Double(tv_sec) + Double(tv_usec) / 1e6 }
}
