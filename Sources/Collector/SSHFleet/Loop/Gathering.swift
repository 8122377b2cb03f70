import Glibc

/// Lets rows gather before a loop looks for them: many in one wake-up cost far less than a
/// wake-up each, and a row that comes a tenth of a second later is no later to a person.
///
/// A loop with few events never waits, and one with logins under way hardly does.
struct Gathering {
  /// Events a second from which on it pays.
  static let threshold = 30
  static let calmMicroseconds: UInt32 = 100_000
  /// A login is about seven round trips; it becomes this much longer for each.
  static let busyMicroseconds: UInt32 = 10_000

  private var events = 0
  private var isWorthIt = false
  private var secondBegan = monotonicNow()

  mutating func count(_ new: Int) {
    events += new
    let now = monotonicNow()
    guard now - secondBegan >= second else { return }
    isWorthIt = events >= Gathering.threshold
    events = 0
    secondBegan = now
  }

  func pause(isBusy: Bool) {
    guard isWorthIt else { return }
    usleep(isBusy ? Gathering.busyMicroseconds : Gathering.calmMicroseconds)
  }
}
