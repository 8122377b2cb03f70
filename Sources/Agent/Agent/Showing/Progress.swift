import Bytes
import Glibc
import Reports

/// How far a long look has come, on standard error where that is a terminal.
struct Progress {
  /// Who waits for less needn't be told.
  private static let patienceNanoseconds: UInt64 = 2_000_000_000

  private let start = MonotonicClock.now
  private let total: UInt64
  private let doing: String
  private let isShown: Bool

  init(totalNanoseconds: UInt64, doing: String = "looking") {
    total = totalNanoseconds
    self.doing = doing
    isShown = totalNanoseconds > Progress.patienceNanoseconds && isatty(2) == 1
  }

  func show() {
    guard isShown else { return }
    let seconds = (MonotonicClock.now - start) / 1_000_000_000
    write("\r\(doing): \(seconds) of \(DurationText.of(total))\u{1B}[K")
  }

  func clear() {
    if isShown { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(2, bytes, bytes.count)
  }
}
