import Bytes
import Glibc
import Records

/// The time zone of who looks: the screen shows every time in it.
public struct ViewerZone: Sendable {
  /// Seconds east of UTC at a moment. A function, because summer time changes it.
  public var secondsEast: @Sendable (Timestamp) -> Int

  public init(secondsEast: @escaping @Sendable (Timestamp) -> Int) {
    self.secondsEast = secondsEast
  }

  public static let utc = ViewerZone { _ in 0 }

  /// The zone of this machine: TZ or /etc/localtime, see tzset(3).
  public static var local: ViewerZone {
    tzset()
    return ViewerZone { moment in
      var seconds = time_t(moment.seconds)
      var parts = tm()
      guard localtime_r(&seconds, &parts) != nil else { return 0 }
      return parts.tm_gmtoff
    }
  }

  /// `03:12:04`
  func clock(_ moment: Timestamp) -> String {
    let time = civilTime(moment)
    return "\(padded(time.hour)):\(padded(time.minute)):\(padded(time.second))"
  }

  /// `2026-11-23 04:12:04`
  func date(_ moment: Timestamp) -> String {
    let text = dateAndClock(moment)
    return "\(text.prefix(10)) \(clock(moment))"
  }

  /// `2026-11-23T04:12:04+01:00`: RFC 3339 to the second.
  func dateAndClock(_ moment: Timestamp) -> String {
    let shifted = moment.seconds + Int64(secondsEast(moment))
    let (nanoseconds, overflow) = shifted.multipliedReportingOverflow(by: 1_000_000_000)
    let time = RFC3339.string(nanoseconds: overflow ? moment.nanoseconds : nanoseconds)
    return secondsEast(moment) == 0 ? time : time.dropLast() + label(moment)
  }

  /// `UTC`, or the offset: `+01:00`.
  func label(_ moment: Timestamp) -> String {
    let offset = secondsEast(moment)
    guard offset != 0 else { return "UTC" }
    let minutes = abs(offset) / 60
    return "\(offset < 0 ? "-" : "+")\(padded(minutes / 60)):\(padded(minutes % 60))"
  }

  private func civilTime(_ moment: Timestamp) -> CivilTime {
    CivilTime(epochSeconds: moment.seconds + Int64(secondsEast(moment)))
  }

  private func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Timestamp {
  /// Seconds from `earlier`, for any two moments: a host's clock may say what it likes.
  func elapsed(since earlier: Timestamp) -> Double {
    (Double(nanoseconds) - Double(earlier.nanoseconds)) / 1e9
  }
}
