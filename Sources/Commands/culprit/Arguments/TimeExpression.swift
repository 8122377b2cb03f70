import ArgumentParser
import Bytes
import Collector
import Foundation
import Records

/// A moment as people say it: `03:12` (the latest one past), `-2h`, `2026-11-22 03:12`, RFC 3339,
/// `now`.
struct TimeExpression: ExpressibleByArgument, Equatable {
  enum Form: Equatable {
    case ago(seconds: Double)
    case clock(hour: Int, minute: Int, second: Int)
    case date(CivilTime)
    case moment(Timestamp)
  }

  var form: Form

  static let help =
    "03:12 (the latest one past), -2h, \"2026-11-22 03:12\", RFC 3339, or now"

  init(form: Form) {
    self.form = form
  }

  var defaultValueDescription: String {
    if case .ago(let seconds) = form { "\(Moments.span(seconds)) ago" } else { "" }
  }

  init?(argument: String) {
    let text = argument.trimmingCharacters(in: .whitespaces)
    let ago = text.hasPrefix("-") ? String(text.dropFirst()) : text
    if text == "now" {
      form = .ago(seconds: 0)
    } else if let seconds = Quantity.seconds(ago) {
      form = .ago(seconds: seconds)
    } else if let nanoseconds = RFC3339.nanoseconds(text) {
      form = .moment(Timestamp(nanoseconds: nanoseconds))
    } else if let clock = TimeExpression.clock(text) {
      form = .clock(hour: clock.hour, minute: clock.minute, second: clock.second)
    } else if let date = TimeExpression.date(text) {
      form = .date(date)
    } else {
      return nil
    }
  }

  /// The moment meant, for a viewer in `zone` at `now`.
  func moment(now: Timestamp, zone: TimeZone) -> Timestamp {
    switch form {
    case .moment(let moment): return moment
    case .ago(let seconds): return now.advanced(bySeconds: -seconds)
    case .date(let date): return TimeExpression.moment(of: date, zone: zone)
    case .clock(let hour, let minute, let second):
      let offset = TimeExpression.offset(of: now, zone: zone)
      var day = CivilTime(epochSeconds: now.seconds + offset)
      (day.hour, day.minute, day.second) = (hour, minute, second)
      let today = TimeExpression.moment(of: day, zone: zone)
      guard today > now else { return today }
      var yesterday = CivilTime(epochSeconds: now.seconds + offset - 86400)
      (yesterday.hour, yesterday.minute, yesterday.second) = (hour, minute, second)
      return TimeExpression.moment(of: yesterday, zone: zone)
    }
  }

  /// The UTC moment at which clocks in `zone` show `date`; of two the earlier.
  private static func moment(of date: CivilTime, zone: TimeZone) -> Timestamp {
    let asUTC = Timestamp(seconds: date.epochSeconds)
    let guess = Timestamp(seconds: asUTC.seconds - offset(of: asUTC, zone: zone))
    return Timestamp(seconds: asUTC.seconds - offset(of: guess, zone: zone))
  }

  private static func offset(of moment: Timestamp, zone: TimeZone) -> Int64 {
    Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment.seconds))))
  }

  private static func clock(_ text: String) -> CivilTime? {
    numbers(text, separators: ":", counts: 2...3).flatMap { parts in
      CivilTime(
        year: 2000, month: 1, day: 1, hour: parts[0], minute: parts[1],
        second: parts.count == 3 ? parts[2] : 0)
    }
  }

  /// `2026-11-22`, `2026-11-22 03:12`, `2026-11-22T03:12:30`.
  private static func date(_ text: String) -> CivilTime? {
    let halves = text.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "T" })
    guard let day = halves.first.flatMap({ numbers(String($0), separators: "-", counts: 3...3) })
    else { return nil }
    var time = CivilTime(year: 2000, month: 1, day: 1, hour: 0, minute: 0, second: 0)
    if halves.count == 2 { time = clock(String(halves[1])) }
    guard let time else { return nil }
    return CivilTime(
      year: day[0], month: day[1], day: day[2], hour: time.hour, minute: time.minute,
      second: time.second)
  }

  private static func numbers(
    _ text: String, separators: Character, counts: ClosedRange<Int>
  ) -> [Int]? {
    let parts = text.split(separator: separators, omittingEmptySubsequences: false)
    guard counts.contains(parts.count) else { return nil }
    let values = parts.compactMap { part in
      part.count <= 4 && part.allSatisfy { $0.isASCII && $0.isNumber } ? Int(part) : nil
    }
    return values.count == parts.count ? values : nil
  }
}
