/// A moment of a clock that nobody sets: for ends and intervals, whatever the wall clock does.
struct SteadyTime: Comparable {
  private var instant: ContinuousClock.Instant?

  static let never = SteadyTime(instant: nil)

  static var now: SteadyTime { SteadyTime(instant: .now) }

  static func after(seconds: Double) -> SteadyTime {
    SteadyTime(instant: .now.advanced(by: .seconds(min(seconds, 1e9))))
  }

  var isPast: Bool { instant.map { $0 <= .now } ?? false }

  var secondsFromNow: Double {
    guard let instant else { return 1e9 }
    let parts = ContinuousClock.Instant.now.duration(to: instant).components
    return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
  }

  static func < (left: SteadyTime, right: SteadyTime) -> Bool {
    guard let first = left.instant else { return false }
    return right.instant.map { first < $0 } ?? true
  }
}
