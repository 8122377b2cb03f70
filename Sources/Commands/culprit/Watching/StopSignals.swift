import Dispatch
import Foundation
import Synchronization
import UnixSignals

/// SIGINT, SIGTERM and SIGHUP, taken as requests instead of a sudden end.
final class StopSignals: Sendable {
  private struct State {
    var wantsStop = false
    var wantsReload = false
  }

  private let state = Mutex(State())
  private let arrival = DispatchSemaphore(value: 0)

  /// From here on the signals are ours. With `reloads`, SIGHUP asks to read the configuration
  /// again; without, it asks to stop, for the terminal is gone.
  init(reloads: Bool) async {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
    Task { [weak self] in
      for await signal in signals {
        self?.state.withLock { state in
          if signal == .sighup, reloads { state.wantsReload = true } else { state.wantsStop = true }
        }
        self?.arrival.signal()
      }
    }
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
  func wait(seconds: Double, until end: Date) {
    let limit = min(seconds, max(0, end.timeIntervalSinceNow))
    _ = arrival.wait(timeout: .now() + limit)
  }
}
