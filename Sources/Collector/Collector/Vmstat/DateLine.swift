import Bytes
import Records

/// A line that is a date and nothing else, as `date` prints it before a run.
///
/// `Wed Aug 28 16:02:01 IST 2019`, `Wed 28 Aug 2019 04:02:01 PM IST`, `2019-08-28T16:02:01+05:30`,
/// `1567000921`. English names only.
struct DateLine: Equatable {
  enum Zone: Equatable {
    /// Seconds east of Greenwich.
    case offset(Int64)
    /// A word that doesn't tell which zone; `nil`: none was printed.
    case unclear(String?)
  }

  var time: CivilTime
  var zone: Zone

  /// Longest line that is looked at.
  private static let lengthLimit = 64

  init?(_ line: Span<UInt8>) {
    let length = line.trimmedCount
    guard length > 0, length <= DateLine.lengthLimit else { return nil }
    var parts = Parts()
    var cursor = 0
    let text = line.extracting(0..<length)
    while let word = text.nextWord(&cursor) {
      if let epoch = LogDecoration.epoch(text, word), word.count == length {
        self = DateLine(utc: epoch)
        return
      }
      guard parts.take(text, word) else {
        guard let exact = DateLine(rfc3339: text) else { return nil }
        self = exact
        return
      }
    }
    guard let date = parts.date else {
      guard let exact = DateLine(rfc3339: text) else { return nil }
      self = exact
      return
    }
    self = date
  }

  init(time: CivilTime, zone: Zone) {
    self.time = time
    self.zone = zone
  }

  private init(utc: Timestamp) {
    self.init(time: CivilTime(epochSeconds: utc.seconds), zone: .offset(0))
  }

  private init?(rfc3339 line: Span<UInt8>) {
    if let time = CivilTime(vmstatStamp: line), line.count == CivilTime.vmstatStampLength {
      self.init(time: time, zone: .unclear(nil))
      return
    }
    guard let nanoseconds = RFC3339.nanoseconds(Printable.text(line)) else { return nil }
    self.init(utc: Timestamp(nanoseconds: nanoseconds))
  }
}

extension DateLine {
  /// The words of a date, in whatever order a locale prints them.
  private struct Parts {
    private var month: Int?
    private var day: Int?
    private var year: Int?
    private var clock: (hour: Int, minute: Int, second: Int)?
    private var isAfternoon: Bool?
    private var zone: Zone?
    private var hasWeekday = false

    var date: DateLine? {
      guard let month, let day, let year, var clock else { return nil }
      if let isAfternoon {
        guard (1...12).contains(clock.hour) else { return nil }
        clock.hour = clock.hour % 12 + (isAfternoon ? 12 : 0)
      }
      return CivilTime(
        year: year, month: month, day: day, hour: clock.hour, minute: clock.minute,
        second: clock.second
      ).map { DateLine(time: $0, zone: zone ?? .unclear(nil)) }
    }

    /// Whether `word` is a part of a date that was still missing.
    mutating func take(_ line: Span<UInt8>, _ word: Range<Int>) -> Bool {
      let isComma = line[word.upperBound - 1] == UInt8(ascii: ",")
      let word = isComma ? word.lowerBound..<(word.upperBound - 1) : word
      if !hasWeekday, Parts.index(of: line, word, in: Parts.weekdays) != nil {
        hasWeekday = true
        return true
      }
      if month == nil, let index = Parts.index(of: line, word, in: Parts.months) {
        month = index + 1
        return true
      }
      if line.isNumber(word), let number = line.decimal(in: word) {
        return takeNumber(Int(number), digits: word.count)
      }
      return takeClock(line, word) || takeHalf(line, word) || takeZone(line, word)
    }

    private mutating func takeNumber(_ number: Int, digits: Int) -> Bool {
      if digits == 4, year == nil {
        year = number
      } else if digits <= 2, day == nil {
        day = number
      } else {
        return false
      }
      return true
    }

    private mutating func takeClock(_ line: Span<UInt8>, _ word: Range<Int>) -> Bool {
      let start = word.lowerBound
      guard clock == nil, word.count == 8, line[start + 2] == UInt8(ascii: ":"),
        line[start + 5] == UInt8(ascii: ":"), let hour = line.decimal(in: start..<(start + 2)),
        let minute = line.decimal(in: (start + 3)..<(start + 5)),
        let second = line.decimal(in: (start + 6)..<(start + 8))
      else { return false }
      clock = (Int(hour), Int(minute), Int(second))
      return true
    }

    private mutating func takeHalf(_ line: Span<UInt8>, _ word: Range<Int>) -> Bool {
      guard clock != nil, isAfternoon == nil else { return false }
      if line.equals("PM", in: word) { isAfternoon = true }
      if line.equals("AM", in: word) { isAfternoon = false }
      return isAfternoon != nil
    }

    /// `IST`, `UTC`, `+0530`, `-03`, `+05:30`; only behind the time of day.
    private mutating func takeZone(_ line: Span<UInt8>, _ word: Range<Int>) -> Bool {
      guard clock != nil, zone == nil, (1...6).contains(word.count) else { return false }
      if VmstatZone.isUTC(line, word) {
        zone = .offset(0)
      } else if let offset = VmstatZone.offset(line, word) {
        zone = .offset(offset)
      } else if VmstatZone.isName(line, word) {
        zone = .unclear(Printable.text(line.extracting(word)))
      }
      return zone != nil
    }

    private static let weekdays: [StaticString] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months: [StaticString] = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func index(
      of line: Span<UInt8>, _ word: Range<Int>, in names: [StaticString]
    ) -> Int? {
      names.firstIndex { line.equals($0, in: word) }
    }
  }
}

/// The words for a time zone in dates and headers.
enum VmstatZone {
  /// Whether a word means UTC wherever it is printed.
  static func isUTC(_ line: Span<UInt8>, _ word: Range<Int>) -> Bool {
    line.equals("UTC", in: word) || line.equals("GMT", in: word) || line.equals("Z", in: word)
  }

  static func isUTC(_ word: String) -> Bool { word == "UTC" || word == "GMT" || word == "Z" }

  /// Seconds east of Greenwich of `+0530`, `+05:30` or `-03`.
  static func offset(_ line: Span<UInt8>, _ word: Range<Int>) -> Int64? {
    let start = word.lowerBound
    let isWest = line[start] == UInt8(ascii: "-")
    guard isWest || line[start] == UInt8(ascii: "+"), word.count >= 3,
      line.isNumber((start + 1)..<(start + 3)),
      let hours = line.decimal(in: (start + 1)..<(start + 3)), hours <= 14
    else { return nil }
    let hasColon = word.count == 6 && line[start + 3] == UInt8(ascii: ":")
    let rest = (start + (hasColon ? 4 : 3))..<word.upperBound
    guard rest.isEmpty || (rest.count == 2 && line.isNumber(rest)) else { return nil }
    let minutes = rest.isEmpty ? 0 : line.decimal(in: rest) ?? 0
    guard minutes < 60 else { return nil }
    return (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
  }

  /// Whether a word is made as zone names are: capital letters.
  static func isName(_ line: Span<UInt8>, _ word: Range<Int>) -> Bool {
    for index in word where line[index] &- UInt8(ascii: "A") >= 26 { return false }
    return true
  }
}
