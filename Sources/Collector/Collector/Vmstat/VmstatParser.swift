import Bytes
import Records

/// Reads the text of `vmstat` line by line: learns the columns from header lines and turns the
/// rows after them into `VmstatRow`.
///
/// It takes the table of every procps: 16 columns (Linux 2.5 and 2.6), 17 with `st`, 18 with
/// `gu`, the `w` of Linux 2.4, `-a`, `-n`, `-S`, `-t`, `-w`, in any order and language. Columns
/// are found by name; only in a translated header by place. The first row of every run is the
/// average since boot: to leave it out is the caller's part, who knows where a run begins.
///
/// Nothing is allocated for a row. Whatever a host sends, a line costs no more than its length.
public struct VmstatParser: Sendable {
  /// What a line is.
  public enum Line: Equatable, Sendable {
    case blank
    /// `procs -----------memory---------- …`
    case groupHeader
    /// The columns are known now.
    case header
    /// A row, and the time that `-t` prints at its end: as printed, its zone not resolved.
    case row(VmstatRow, CivilTime?)
    /// Output of another system's vmstat, or of another mode of vmstat. Rows are unknown again.
    case foreign(ForeignFormat)
    /// Anything else: without a reason plain noise (a prompt, a note), with one a line that
    /// looks like vmstat's and can't be read.
    case other(UnreadableReason?)
  }

  enum Table: Sendable {
    /// No header yet, or one of another system.
    case none
    case broken(UnreadableReason)
    case known
  }

  /// Fewer numbers than this are a note or a page number, not a damaged row.
  static let leastNumbersOfRow = 6

  let memoryUnit: MemoryUnit
  var table = Table.none
  var header = VmstatHeader()
  /// Whether the line before was a line of groups.
  private var followsGroups = false
  /// The zone that procps 3.2 (RHEL 5 and 6) printed behind each row's time.
  var rowZone: String?

  /// `memoryUnit`: what `vmstat -S` was given; rows are in KiB whatever it was.
  public init(memoryUnit: MemoryUnit = .kibi) {
    self.memoryUnit = memoryUnit
  }

  /// The zone word that `-t` printed over its column or behind each time (`UTC`, `PDT`), made
  /// printable, at most 32 characters; `nil` before the first row and where there is none.
  public var zoneName: String? { rowZone ?? header.zoneWord }

  /// Reads one line, without its line end.
  public mutating func parse(_ line: Span<UInt8>) -> Line {
    let text = line.extracting(0..<line.trimmedCount)
    let isAfterGroups = followsGroups
    followsGroups = false
    var start = 0
    text.skipBlanks(&start)
    guard start < text.count else { return .blank }
    if text.isDigit(start) || (text[start] == UInt8(ascii: "-") && text.isDigit(start + 1)) {
      return parseNumbers(text)
    }
    return parseWords(text.extracting(start..<text.count), isAfterGroups: isAfterGroups)
  }

  private mutating func parseWords(_ line: Span<UInt8>, isAfterGroups: Bool) -> Line {
    if VmstatParser.isGroupLine(line) {
      if line.starts(with: "disk-") { return foreign(.disks) }
      followsGroups = true
      return .groupHeader
    }
    let features = Features(line)
    if features.startsAsHeader || (isAfterGroups && features.mayBeHeader) {
      return learn(line, isAfterGroups: isAfterGroups, features)
    }
    if case .known = table {
      return .other(features.numbers >= leastNumbersOfDamaged ? damage(line) : nil)
    }
    if let format = ForeignFormat.ofWords(line) { return foreign(format) }
    return .other(nil)
  }

  private mutating func learn(
    _ line: Span<UInt8>, isAfterGroups: Bool, _ features: Features
  ) -> Line {
    if let format = ForeignFormat.ofColumnHeader(line) ?? ForeignFormat.ofWords(line) {
      return foreign(format)
    }
    do throws(UnreadableReason) {
      header = try VmstatHeader(line, followsGroups: isAfterGroups)
      table = .known
      rowZone = nil
      return .header
    } catch {
      // A note below a line of dashes is no header.
      guard features.startsAsHeader || features.words >= 12 else { return .other(nil) }
      table = .broken(error)
      return .other(error)
    }
  }

  private mutating func foreign(_ format: ForeignFormat) -> Line {
    table = .none
    return .foreign(format)
  }

  mutating func refuse(_ format: ForeignFormat) -> Line { foreign(format) }
}

// MARK: - What kind of line it is

extension VmstatParser {
  /// What tells a header from a note.
  struct Features {
    private(set) var words = 0
    private(set) var numbers = 0
    /// `r b …`, whatever follows; OpenBSD prints `r s`.
    private(set) var startsAsHeader = false

    init(_ line: Span<UInt8>) {
      var cursor = 0
      var startsWithR = false
      var secondIsState = false
      while let word = line.nextWord(&cursor) {
        if words == 0 { startsWithR = line.equals("r", in: word) }
        if words == 1 { secondIsState = line.equals("b", in: word) || line.equals("s", in: word) }
        if line.isNumber(word) { numbers += 1 }
        words += 1
      }
      startsAsHeader = startsWithR && secondIsState && numbers == 0
    }

    /// Whether it may be a header in another language.
    var mayBeHeader: Bool { numbers == 0 && words >= 9 }
  }

  /// `procs ---memory--- …` in any language, and `procs  memory  swap …` as before procps 3.2.
  static func isGroupLine(_ line: Span<UInt8>) -> Bool {
    var cursor = 0
    guard let first = line.nextWord(&cursor) else { return false }
    if line.equals("procs", in: first) || line.equals("kthr", in: first) {
      if let second = line.nextWord(&cursor), line.equals("memory", in: second) { return true }
    }
    return groupsBetweenDashes(line) >= 3
  }

  /// How many words have three dashes or more at their ends (`---swap--`). A group's name may
  /// be two words, with the dashes at its outer ends.
  private static func groupsBetweenDashes(_ line: Span<UInt8>) -> Int {
    var groups = 0
    var cursor = 0
    while let word = line.nextWord(&cursor) {
      var first = word.lowerBound
      var last = word.upperBound - 1
      while first < last, line[first] == UInt8(ascii: "-") { first += 1 }
      while last > first, line[last] == UInt8(ascii: "-") { last -= 1 }
      let dashes = first - word.lowerBound + word.upperBound - 1 - last
      if dashes >= 3, VmstatParser.isLetter(line[first]) { groups += 1 }
    }
    return groups
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (byte | 0x20) &- UInt8(ascii: "a") < 26
  }

  /// A line with this many numbers, and words among them, is a damaged row.
  var leastNumbersOfDamaged: Int {
    var columns = 16
    if case .known = table { columns = header.likelyColumnCount }
    return max(VmstatParser.leastNumbersOfRow, columns / 2)
  }

  /// What is wrong with a line that has numbers and something else.
  func damage(_ line: Span<UInt8>) -> UnreadableReason {
    var cursor = 0
    while let word = line.nextWord(&cursor) {
      guard !line.isNumber(word) else {
        if word.count > VmstatParser.digitLimit { return .numberTooLarge }
        continue
      }
      let rest = (word.lowerBound + 1)..<word.upperBound
      if line[word.lowerBound] == UInt8(ascii: "-"), line.isNumber(rest) { return .negative }
      return .notANumber
    }
    return .notANumber
  }
}
