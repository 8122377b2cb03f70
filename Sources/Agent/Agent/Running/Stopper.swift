import Glibc

/// SIGINT, SIGTERM and SIGHUP end a loop at its next turn; waiting ends at once.
enum Stopper {
  /// Written by the signal handler, read by the loop: a word that can't be torn.
  nonisolated(unsafe) private static var isAsked: sig_atomic_t = 0

  static var isStopped: Bool { isAsked != 0 || Output.isClosed }

  static func stop() { isAsked = 1 }

  static func listen() {
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in Stopper.isAsked = 1 }
      // Without SA_RESTART: a sleep is to end.
      sigaction(number, &action, nil)
    }
  }

  /// Sleeps until `deadline` on CLOCK_MONOTONIC, or until it is stopped.
  static func sleep(until deadline: UInt64) {
    var time = timespec(
      tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
    while !isStopped, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
  }
}
