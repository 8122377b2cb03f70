import Glibc
import Synchronization

private let pending = Atomic<Bool>(false)

/// Ctrl-C and SIGTERM: noted by the handler, thrown by the next wait, so that every `defer` runs.
enum Interruption {
  static func install() {
    // Touched here, so that the handler finds the global made.
    pending.store(false, ordering: .relaxed)
    let handler: @convention(c) (Int32) -> Void = { _ in pending.store(true, ordering: .relaxed) }
    signal(SIGINT, handler)
    signal(SIGTERM, handler)
    signal(SIGPIPE, SIG_IGN)
  }

  static func check() throws {
    if pending.load(ordering: .relaxed) { throw BenchError.interrupted }
  }
}

/// Time and waiting.
enum Pause {
  /// Seconds on a clock that only goes forward.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func sleep(_ seconds: Double) throws {
    let end = now + seconds
    while case let left = end - now, left > 0 {
      try Interruption.check()
      usleep(UInt32(min(left, 0.1) * 1e6))
    }
    try Interruption.check()
  }

  /// Asks `condition` every `step` seconds until it holds; `false` where time ran out first.
  static func until(
    _ timeout: Double, step: Double = 0.05, _ condition: () throws -> Bool
  ) throws -> Bool {
    let end = now + timeout
    while try !condition() {
      guard now < end else { return false }
      try sleep(step)
    }
    return true
  }
}
