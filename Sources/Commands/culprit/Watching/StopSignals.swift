import Dispatch
import Foundation
import Synchronization

/// SIGINT, SIGTERM and SIGHUP, taken as requests instead of a sudden end.
///
/// The sources have a queue of their own: on a machine with one CPU the concurrency pool has one
/// thread, which a command that blocks would keep from them. A second SIGINT or SIGTERM ends the
/// program at once.
final class StopSignals: @unchecked Sendable {
  // Invariant of @unchecked: `sources` is written once, in init, and only kept alive by it.
  private struct State {
    var wantsStop = false
    var wantsReload = false
  }

  private let state = Mutex(State())
  private let arrival = DispatchSemaphore(value: 0)
  private let queue = DispatchQueue(label: "culprit.signals")
  private let sources: [any DispatchSourceSignal]

  /// From here on the signals are ours. With `reloads`, SIGHUP asks to read the configuration
  /// again; without, it asks to stop, for the terminal is gone.
  init(reloads: Bool) {
    sources = [SIGINT, SIGTERM, SIGHUP].map { [queue] number in
      signal(number, SIG_IGN)
      return DispatchSource.makeSignalSource(signal: number, queue: queue)
    }
    for (source, number) in zip(sources, [SIGINT, SIGTERM, SIGHUP]) {
      source.setEventHandler { [weak self] in self?.take(number, reloads: reloads) }
      source.resume()
    }
  }

  private func take(_ number: Int32, reloads: Bool) {
    let isRepeated = state.withLock { state in
      if number == SIGHUP, reloads {
        state.wantsReload = true
        return false
      }
      defer { state.wantsStop = true }
      return state.wantsStop
    }
    // exit() gives a terminal back by way of atexit.
    if isRepeated { exit(1) }
    arrival.signal()
  }

  var wantsStop: Bool { state.withLock { $0.wantsStop } }

  /// Whether a reload was asked for since the last call.
  func takeReload() -> Bool {
    state.withLock { state in
      defer { state.wantsReload = false }
      return state.wantsReload
    }
  }

  /// Blocks the thread until a signal comes, or for `seconds`, or until `end`: a blocked thread
  /// costs less than one that looks several times a second.
  func wait(seconds: Double, until end: SteadyTime) {
    _ = arrival.wait(timeout: .now() + min(seconds, max(0, end.secondsFromNow)))
  }
}
