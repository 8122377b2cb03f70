import Dispatch
import Foundation
import Synchronization

/// Says on standard error, where that is a terminal, that something takes long, and for how long
/// it has: who waits for less than two seconds needn't be told.
final class WaitNotice: Sendable {
  private static let patienceSeconds = 2

  private struct State {
    var hasEnded = false
    var isShown = false
    var seconds = 0
  }

  private let what: String
  /// How long it is to take at least; `nil` where nobody knows.
  private let seconds: Double?
  private let state = Mutex(State())

  init(_ what: String, seconds: Double? = nil) {
    (self.what, self.seconds) = (what, seconds)
    guard isatty(STDERR_FILENO) == 1 else { return }
    next()
  }

  /// Takes the line away.
  func end() {
    let isShown = state.withLock { state in
      state.hasEnded = true
      return state.isShown
    }
    if isShown { write("\r\u{1B}[K") }
  }

  private func next() {
    DispatchQueue.global().asyncAfter(deadline: .now() + 1) { [weak self] in self?.tick() }
  }

  private func tick() {
    let hasEnded = state.withLock { state in
      guard !state.hasEnded else { return true }
      state.seconds += 1
      guard state.seconds >= WaitNotice.patienceSeconds else { return false }
      state.isShown = true
      // Written with the lock held, so that nothing comes after the line was taken away.
      write("\r\(what): \(text(after: state.seconds))\u{1B}[K")
      return false
    }
    if !hasEnded { next() }
  }

  private func text(after passed: Int) -> String {
    guard let seconds else { return "\(passed) s" }
    let left = Int(seconds.rounded(.up)) - passed
    return left > 0 ? "\(left) s to go" : "time is up, waiting for the reports"
  }

  private func write(_ text: String) {
    try? StandardOutput.write(Array(text.utf8), to: STDERR_FILENO)
  }
}
