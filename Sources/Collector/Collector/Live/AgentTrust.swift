import Bytes
import Records

/// Whether a host's agent is asked for rows. One that is there and of no use isn't, for a while:
/// vmstat is, so that the host is seen all the same.
struct AgentTrust {
  /// How long it isn't asked, seconds: at first, and at most, since it doubles each time.
  static let firstPause = 60.0
  static let longestPause = 3600.0
  /// Sessions in a row that end without a tick. One may be an agent that is just being replaced.
  static let strikeLimit = 2

  /// What was wrong with it when it was asked last; `nil` where nothing was.
  private(set) var problem: String?
  private var pause = AgentTrust.firstPause
  private var until = ContinuousClock.Instant.now
  private var strikes = 0

  /// Rows are to come through vmstat.
  var isLost: Bool { problem != nil && .now < until }

  /// What it sends can't be used.
  mutating func lose(_ why: String) {
    // At the next trial one session without a tick is enough.
    (problem, strikes) = (why, AgentTrust.strikeLimit - 1)
    until = .now + .seconds(pause)
    pause = min(2 * pause, AgentTrust.longestPause)
  }

  /// It ended, or went silent, without a tick.
  mutating func strike(_ why: String) {
    strikes += 1
    if strikes >= AgentTrust.strikeLimit { lose(why) }
  }

  /// A tick came.
  mutating func win() {
    guard problem != nil || strikes > 0 else { return }
    self = AgentTrust()
  }

  /// It is asked again at once: there are no rows without it either.
  mutating func end() { until = .now }

  /// Why rows come through vmstat.
  var words: String {
    let seconds = max(0, Double(ContinuousClock.now.duration(to: until).components.seconds) + 1)
    let time = RFC3339.string(
      nanoseconds: Timestamp.now.advanced(bySeconds: seconds).nanoseconds
    ).dropFirst(11).prefix(8)
    return "its agent is of no use: \(problem ?? "?"); it is tried again at \(time) UTC"
  }
}
