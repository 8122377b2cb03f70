import Bytes

/// A time as strace(1) prints it in front of a call.
enum StraceTime: Equatable {
  /// `-ttt`: nanoseconds since 1970.
  case absolute(UInt64)
  /// `-t`, `-tt`: nanoseconds since midnight, wherever that was.
  case ofDay(UInt64)
  /// `-r`: nanoseconds since the line before.
  case sinceLast(UInt64)

  /// Whether it is precise enough for the length of a call to be told from two of them.
  struct Stamp: Equatable {
    var time: StraceTime
    var hasFraction: Bool
  }
}

extension Span<UInt8> {
  /// Largest pid of Linux (`PID_MAX_LIMIT`, 2^22): a larger number in front of a call is a time.
  static var largestPID: UInt64 { 4_194_304 }

  /// Moves `cursor` past the time at it, and the blanks behind; `nil` where there is none.
  func straceTime(_ cursor: inout Int) -> StraceTime.Stamp? {
    var here = cursor
    if here + 1 < count, self[here] == UInt8(ascii: "("), self[here + 1] == UInt8(ascii: "+") {
      return timeInBrackets(&cursor)
    }
    guard let first = digits(&here) else { return nil }
    guard here < count else { return nil }
    if self[here] == UInt8(ascii: ":") { return timeOfDay(hours: first, from: here, &cursor) }
    let fraction = fractionNanoseconds(&here)
    guard here < count, self[here] == UInt8(ascii: " ") || self[here] == UInt8(ascii: "\t"),
      fraction != nil || first > Span.largestPID
    else { return nil }
    skipBlanks(&here)
    cursor = here
    guard first < UInt64(Int32.max) * 4 else { return nil }
    let nanoseconds = first * 1_000_000_000 + (fraction ?? 0)
    // Nobody waits three years for the next call.
    return StraceTime.Stamp(
      time: first < 100_000_000 ? .sinceLast(nanoseconds) : .absolute(nanoseconds),
      hasFraction: fraction != nil)
  }

  /// `(+     0.000085447)`: how `-r` stands beside another time.
  private func timeInBrackets(_ cursor: inout Int) -> StraceTime.Stamp? {
    var here = cursor + 2
    skipBlanks(&here)
    guard let seconds = digits(&here), seconds < 100_000_000 else { return nil }
    let fraction = fractionNanoseconds(&here)
    guard here < count, self[here] == UInt8(ascii: ")") else { return nil }
    here += 1
    skipBlanks(&here)
    cursor = here
    return StraceTime.Stamp(
      time: .sinceLast(seconds * 1_000_000_000 + (fraction ?? 0)), hasFraction: fraction != nil)
  }

  private func timeOfDay(
    hours: UInt64, from start: Int, _ cursor: inout Int
  ) -> StraceTime.Stamp? {
    var here = start + 1
    guard hours < 24, let minutes = digits(&here), minutes < 60, here < count,
      self[here] == UInt8(ascii: ":")
    else { return nil }
    here += 1
    guard let seconds = digits(&here), seconds <= 60 else { return nil }
    let fraction = fractionNanoseconds(&here)
    guard here < count, self[here] == UInt8(ascii: " ") else { return nil }
    skipBlanks(&here)
    cursor = here
    let whole = (hours * 60 + minutes) * 60 + seconds
    return StraceTime.Stamp(
      time: .ofDay(whole * 1_000_000_000 + (fraction ?? 0)), hasFraction: fraction != nil)
  }

  /// The decimal digits at `cursor`, which moves past them; `nil` where there are none, or more than
  /// make a number.
  func digits(_ cursor: inout Int) -> UInt64? {
    let start = cursor
    var value: UInt64 = 0
    while cursor < count, self[cursor] &- UInt8(ascii: "0") <= 9 {
      guard cursor - start < 18 else { return nil }
      value = value * 10 + UInt64(self[cursor] &- UInt8(ascii: "0"))
      cursor += 1
    }
    return cursor > start ? value : nil
  }

  /// The digits behind a point at `cursor`, as nanoseconds; `nil` where there is no point.
  func fractionNanoseconds(_ cursor: inout Int) -> UInt64? {
    guard cursor + 1 < count, self[cursor] == UInt8(ascii: "."),
      self[cursor + 1] &- UInt8(ascii: "0") <= 9
    else { return nil }
    cursor += 1
    var value: UInt64 = 0
    var scale: UInt64 = 100_000_000
    while cursor < count, self[cursor] &- UInt8(ascii: "0") <= 9 {
      value += UInt64(self[cursor] &- UInt8(ascii: "0")) * scale
      scale /= 10
      cursor += 1
    }
    return value
  }

  /// What `-T` puts behind a call, `<0.000123>`, at the end of `range`, in nanoseconds; `range` then
  /// ends in front of it.
  func takeDuration(_ range: inout Range<Int>) -> UInt64? {
    var end = range.upperBound
    while end > range.lowerBound, self[end - 1] == UInt8(ascii: " ") { end -= 1 }
    range = range.lowerBound..<end
    guard end - range.lowerBound >= 3, self[end - 1] == UInt8(ascii: ">") else { return nil }
    var open = end - 2
    while open > range.lowerBound, self[open] != UInt8(ascii: "<") {
      let byte = self[open]
      guard byte &- UInt8(ascii: "0") <= 9 || byte == UInt8(ascii: ".") else { return nil }
      open -= 1
    }
    guard self[open] == UInt8(ascii: "<") else { return nil }
    var here = open + 1
    guard let seconds = digits(&here), let fraction = fractionNanoseconds(&here),
      here == end - 1, seconds < UInt64(Int32.max)
    else { return nil }
    while open > range.lowerBound, self[open - 1] == UInt8(ascii: " ") { open -= 1 }
    range = range.lowerBound..<open
    return seconds * 1_000_000_000 + fraction
  }
}

/// The clock that strace's lines are put on, nanoseconds since the first one's midnight or epoch, or
/// since the first line.
struct StraceClock {
  /// The newest time; `nil` where no line has one.
  private(set) var now: UInt64?
  /// Whether lengths of calls can be told from it.
  private(set) var isPrecise = false
  /// The first absolute time, nanoseconds since 1970.
  private(set) var firstAbsolute: UInt64?
  private var days: UInt64 = 0
  private var lastOfDay: UInt64 = 0

  private static let day: UInt64 = 86_400_000_000_000
  /// Midnights that are believed: a century.
  private static let dayLimit: UInt64 = 36_525

  mutating func take(_ stamp: StraceTime.Stamp) {
    isPrecise = stamp.hasFraction
    switch stamp.time {
    case .absolute(let nanoseconds):
      if firstAbsolute == nil { firstAbsolute = nanoseconds }
      now = nanoseconds
    case .ofDay(let nanoseconds):
      // Lines of several threads may stand a little out of order; half a day is midnight.
      if nanoseconds + StraceClock.day / 2 < lastOfDay {
        days = min(days + 1, StraceClock.dayLimit)
      }
      lastOfDay = nanoseconds
      now = days * StraceClock.day + nanoseconds
    case .sinceLast(let nanoseconds):
      now = (now ?? 0).addingSaturated(nanoseconds)
    }
  }

  /// Where lines have the time of the day and date, it is that late by now.
  mutating func advance(to end: UInt64) {
    guard firstAbsolute != nil, let now, end > now else { return }
    self.now = end
  }
}
