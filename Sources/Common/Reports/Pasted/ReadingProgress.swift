import Bytes
import Glibc

/// How far the reading of a long file has come, on standard error where that is a terminal.
public struct ReadingProgress {
  /// Who waits for less needn't be told.
  private static let patienceNanoseconds: UInt64 = 2_000_000_000
  private static let stepNanoseconds: UInt64 = 200_000_000

  private let start: UInt64
  private var lastShown: UInt64 = 0
  private let isShown: Bool

  public init() {
    start = MonotonicClock.now
    isShown = isatty(STDERR_FILENO) == 1
  }

  /// - Parameter size: bytes that the file has, where that is known.
  public mutating func show(_ file: String, _ readBytes: UInt64, of size: UInt64?) {
    guard isShown else { return }
    let now = MonotonicClock.now
    guard now - start >= ReadingProgress.patienceNanoseconds,
      now - lastShown >= ReadingProgress.stepNanoseconds
    else { return }
    lastShown = now
    let whole = size.map { " of \(ByteFigure.text(Double($0)))" } ?? ""
    write(
      "\rreading \(Printable.text(file, limit: 40)): \(ByteFigure.text(Double(readBytes)))\(whole)"
        + "\u{1B}[K")
  }

  /// Takes the line away.
  public func clear() {
    if lastShown > 0 { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}
