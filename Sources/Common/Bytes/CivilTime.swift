/// A date and time of day in the proleptic Gregorian calendar, without a zone.
///
/// The arithmetic is Howard Hinnant's `days_from_civil` ("chrono-Compatible Low-Level Date
/// Algorithms"), so that neither Foundation nor libc's zone data is needed.
public struct CivilTime: Equatable, Sendable {
  public var year: Int
  /// 1…12
  public var month: Int
  /// 1…31
  public var day: Int
  public var hour: Int
  public var minute: Int
  /// 0…60 (a leap second is read as the second after it)
  public var second: Int

  /// `nil` where a field is out of its range.
  public init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    guard (1678...2261).contains(year), (1...12).contains(month),
      (1...CivilTime.days(inMonth: month, of: year)).contains(day),
      (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// The UTC date and time `seconds` after 1970-01-01T00:00:00Z.
  public init(epochSeconds seconds: Int64) {
    let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
    let rest = Int(seconds - days * 86400)
    let shifted = Int(days) + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = rest / 3600
    minute = rest / 60 % 60
    second = rest % 60
  }

  /// Seconds since 1970-01-01T00:00:00Z, were this UTC.
  public var epochSeconds: Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = Int64(era * 146_097 + dayOfEra - 719_468)
    return days * 86400 + Int64(hour * 3600 + minute * 60 + second)
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// RFC 3339 times, as JSON and SQL show them.
public enum RFC3339 {
  /// `2026-11-23T03:12:00Z`; a fraction is written only where there is one.
  public static func string(nanoseconds: Int64) -> String {
    var seconds = nanoseconds / 1_000_000_000
    var fraction = nanoseconds % 1_000_000_000
    if fraction < 0 {
      seconds -= 1
      fraction += 1_000_000_000
    }
    let time = CivilTime(epochSeconds: seconds)
    let date = "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
    let clock = "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
    guard fraction != 0 else { return "\(date)T\(clock)Z" }
    return "\(date)T\(clock).\(padded(Int(fraction), 9))Z"
  }

  /// Nanoseconds since the epoch of `2026-11-23T03:12:00Z`, `…03:12:00.5+01:00`; a space or a
  /// small `t` may stand for the `T`. `nil` where it is no such time, or has no zone.
  public static func nanoseconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    let span = bytes.span
    guard bytes.count >= 20, let time = civilTime(span) else { return nil }
    var cursor = 19
    var fraction: Int64 = 0
    if bytes[cursor] == UInt8(ascii: ".") {
      let start = cursor + 1
      cursor = start
      while cursor < bytes.count, bytes[cursor] &- UInt8(ascii: "0") <= 9 { cursor += 1 }
      let digits = min(cursor - start, 9)
      guard digits > 0, let value = span.decimal(in: start..<(start + digits)) else { return nil }
      fraction = value
      for _ in digits..<9 { fraction *= 10 }
    }
    guard let offset = offsetSeconds(span, from: cursor) else { return nil }
    return (time.epochSeconds - offset) * 1_000_000_000 + fraction
  }

  /// `YYYY-MM-DD?HH:MM:SS` at the start of `span`, whatever the separator is.
  static func civilTime(_ span: Span<UInt8>) -> CivilTime? {
    guard span.count >= 19, span[4] == UInt8(ascii: "-"), span[7] == UInt8(ascii: "-"),
      [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(span[10]),
      span[13] == UInt8(ascii: ":"), span[16] == UInt8(ascii: ":"),
      let year = span.decimal(in: 0..<4), let month = span.decimal(in: 5..<7),
      let day = span.decimal(in: 8..<10), let hour = span.decimal(in: 11..<13),
      let minute = span.decimal(in: 14..<16), let second = span.decimal(in: 17..<19)
    else { return nil }
    return CivilTime(
      year: Int(year), month: Int(month), day: Int(day),
      hour: Int(hour), minute: Int(minute), second: Int(second))
  }

  private static func offsetSeconds(_ span: Span<UInt8>, from cursor: Int) -> Int64? {
    let rest = span.count - cursor
    if rest == 1, span[cursor] == UInt8(ascii: "Z") || span[cursor] == UInt8(ascii: "z") {
      return 0
    }
    guard rest == 6, span[cursor + 3] == UInt8(ascii: ":"),
      span[cursor] == UInt8(ascii: "+") || span[cursor] == UInt8(ascii: "-"),
      let hours = span.decimal(in: (cursor + 1)..<(cursor + 3)), (0...23).contains(hours),
      let minutes = span.decimal(in: (cursor + 4)..<(cursor + 6)), (0...59).contains(minutes)
    else { return nil }
    let offset = hours * 3600 + minutes * 60
    return span[cursor] == UInt8(ascii: "-") ? -offset : offset
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
