/// How often the agent samples: as often as asked, unless that costs too much. Over its share of
/// one CPU for a minute, the interval doubles; at a quarter of it for ten minutes it halves again.
public struct Pace: Equatable, Sendable {
  /// What was asked for, nanoseconds.
  public let wantedNanoseconds: UInt64
  public private(set) var intervalNanoseconds: UInt64
  private let share: Double
  private var minuteCPU: UInt64 = 0
  private var minuteWall: UInt64 = 0
  private var cheapMinutes = 0

  /// The interval never grows beyond this.
  public static let longestNanoseconds: UInt64 = 60_000_000_000
  private static let minute: UInt64 = 60_000_000_000

  public init(wantedNanoseconds: UInt64, share: Double) {
    self.wantedNanoseconds = wantedNanoseconds
    intervalNanoseconds = wantedNanoseconds
    self.share = share
  }

  /// Whether the agent samples less often than it was asked to.
  public var isSlowed: Bool { intervalNanoseconds > wantedNanoseconds }

  /// Takes in what a tick cost. Returns whether the interval changed.
  public mutating func spend(cpuNanoseconds: UInt64, wallNanoseconds: UInt64) -> Bool {
    minuteCPU &+= cpuNanoseconds
    minuteWall &+= wallNanoseconds
    guard minuteWall >= Pace.minute else { return false }
    let spent = Double(minuteCPU) / Double(minuteWall)
    (minuteCPU, minuteWall) = (0, 0)
    if spent > share {
      cheapMinutes = 0
      guard intervalNanoseconds < Pace.longestNanoseconds else { return false }
      intervalNanoseconds = min(intervalNanoseconds &* 2, Pace.longestNanoseconds)
      return true
    }
    cheapMinutes = spent < share / 4 ? cheapMinutes + 1 : 0
    guard isSlowed, cheapMinutes >= 10 else { return false }
    cheapMinutes = 0
    intervalNanoseconds = max(intervalNanoseconds / 2, wantedNanoseconds)
    return true
  }
}
