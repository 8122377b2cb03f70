/// Exponential backoff with full jitter: the n-th delay is drawn evenly from 0 to
/// min(cap, first · 2ⁿ), so that a fleet that fell together doesn't return together.
struct Backoff: Sendable {
  static let firstSeconds = 1.0
  static let capSeconds = 300.0

  private(set) var attempts = 0

  /// The next delay, seconds; never below a tenth, so that a refusal can't become a storm.
  mutating func next(using generator: inout some RandomNumberGenerator) -> Double {
    let ceiling = min(Backoff.capSeconds, Backoff.firstSeconds * Double(1 << min(attempts, 10)))
    attempts += 1
    return max(0.1, Double.random(in: 0...ceiling, using: &generator))
  }

  mutating func reset() {
    attempts = 0
  }
}
