import Bytes
import Records

/// The columns of a table, as its header line names them.
///
/// Names come first. A word that is no known name may be the time zone that `-t` puts over its
/// column, or a name in another language; which of the two shows in the first row, so the
/// columns are settled there (`settle`).
struct VmstatHeader: Sendable {
  /// Most words a header may have: procps 4 with `-t` prints 19.
  static let wordLimit = 24

  private(set) var wordCount = 0
  /// By word: its column, `nil` where the word is unknown or a column that is read over.
  private var names = InlineArray<24, VmstatColumn?>(repeating: nil)
  /// Bit per word: no column of any Linux vmstat has this name.
  private var unknown: UInt32 = 0
  /// Whether unknown words may be taken for the columns that stand at their place.
  private var trustsPlaces = false
  /// Whether the two memory columns are those of `-a`; `nil` where the words don't tell.
  private var showsActive: Bool?
  /// The last word where it is unknown: perhaps a time zone.
  private var lastWord: String?

  /// Numbers that each row has; 0 until the first row has settled it.
  private(set) var columnCount = 0
  /// Whether each row ends with a date and a time of day.
  private(set) var hasStamps = false
  /// By number of a row: where it goes; `nil` for one that is read over.
  private(set) var columns = InlineArray<24, VmstatColumn?>(repeating: nil)

  var isSettled: Bool { columnCount > 0 }

  /// The zone word over the times, where there is one.
  var zoneWord: String? { hasStamps && columnCount < wordCount ? lastWord : nil }

  /// Columns that a row should have, for a message.
  var likelyColumnCount: Int {
    isSettled ? columnCount : wordCount - (lastWord == nil ? 0 : 1)
  }

  /// Whether the other header names the same columns; the zone word may differ (PST, PDT).
  func hasSameColumns(as other: VmstatHeader) -> Bool {
    guard wordCount == other.wordCount, unknown == other.unknown else { return false }
    for index in 0..<wordCount where names[index] != other.names[index] { return false }
    return true
  }

  /// Settles the columns by a table's first row: `numbers` of them, and a time or none.
  mutating func settle(numbers: Int, isStamped: Bool) throws(UnreadableReason) {
    let lastIsUnknown = lastWord != nil
    let isZoneOver = isStamped && lastIsUnknown && numbers == wordCount - 1
    guard numbers == wordCount || isZoneOver else {
      if !isStamped, lastIsUnknown, numbers == wordCount - 1 { throw .timeMissing }
      throw .countMismatch(numbers: numbers, columns: likelyColumnCount)
    }
    columnCount = numbers
    hasStamps = isStamped
    columns = names
    guard trustsPlaces, (16...18).contains(numbers) else { return }
    for index in 0..<numbers where unknown & (1 << UInt32(index)) != 0 {
      columns[index] = columnAt(place: index)
    }
  }

  private func columnAt(place: Int) -> VmstatColumn? {
    switch (place, showsActive) {
    case (4, false?): .buff
    case (5, false?): .cache
    case (4, true?): .inact
    case (5, true?): .active
    case (4...5, nil): nil
    case (17, _): .gu
    default: VmstatColumn.standard[place]
    }
  }
}

// MARK: - Reading a header line

extension VmstatHeader {
  /// The columns that `line` names. `followsGroups`: the line before it was the line of groups
  /// (`procs ---memory--- …`), so that it may be a header in another language.
  init(_ line: Span<UInt8>, followsGroups: Bool) throws(UnreadableReason) {
    var cursor = 0
    var last = 0..<0
    while let word = line.nextWord(&cursor) {
      guard wordCount < VmstatHeader.wordLimit else { throw .headerUnknown }
      add(line, word)
      last = word
    }
    if unknown & (1 << UInt32(wordCount - 1)) != 0 {
      lastWord = Printable.text(line.extracting(last), limit: 32)
    }
    showsActive = VmstatHeader.showsActive(line)
    trustsPlaces = followsGroups && agreesWithPlaces
    guard trustsPlaces || namesEnough else {
      throw followsGroups && wordCount >= 16 ? .headerUnknown : .headerBroken
    }
  }

  private mutating func add(_ line: Span<UInt8>, _ word: Range<Int>) {
    names[wordCount] = VmstatHeader.column(line, word)
    // `w` counted swapped-out tasks in Linux 2.4; it has been gone since 2.6.
    if names[wordCount] == nil, !line.equals("w", in: word) {
      unknown |= 1 << UInt32(wordCount)
    }
    wordCount += 1
  }

  /// Whether the names alone make a Linux table: the columns that every version printed.
  private var namesEnough: Bool {
    let needed: [VmstatColumn] = [.r, .b, .swpd, .free, .si, .so, .bi, .bo, .cs, .us, .sy, .id]
    return unknown.nonzeroBitCount <= 2 && needed.allSatisfy { occurrences(of: $0) == 1 }
      && VmstatColumn.allCases.allSatisfy { occurrences(of: $0) <= 1 }
  }

  /// Whether every known name stands at its usual place, and enough are known to say so: only
  /// then may the unknown ones be told by their place. Swedish, the most thoroughly translated
  /// procps, leaves four (`b bi sy st`).
  private var agreesWithPlaces: Bool {
    guard (16...19).contains(wordCount) else { return false }
    var known = 0
    for index in 0..<wordCount {
      guard let name = names[index] else {
        if unknown & (1 << UInt32(index)) == 0 { return false }
        continue
      }
      guard VmstatHeader.place(of: name) == index else { return false }
      known += 1
    }
    return known >= 4
  }

  private func occurrences(of column: VmstatColumn) -> Int {
    var count = 0
    for index in 0..<wordCount where names[index] == column { count += 1 }
    return count
  }

  private static func place(of column: VmstatColumn) -> Int {
    switch column {
    case .inact: 4
    case .active: 5
    case .gu: 17
    default: Int(column.rawValue)
    }
  }

  private static func column(_ line: Span<UInt8>, _ word: Range<Int>) -> VmstatColumn? {
    switch word.count {
    case 1: shortName(line, word)
    case 2: pairName(line, word)
    default: longName(line, word)
    }
  }

  private static func shortName(_ line: Span<UInt8>, _ word: Range<Int>) -> VmstatColumn? {
    if line.equals("r", in: word) { return .r }
    return line.equals("b", in: word) ? .b : nil
  }

  private static func pairName(_ line: Span<UInt8>, _ word: Range<Int>) -> VmstatColumn? {
    switch (line[word.lowerBound], line[word.lowerBound + 1]) {
    case (UInt8(ascii: "s"), UInt8(ascii: "i")): .si
    case (UInt8(ascii: "s"), UInt8(ascii: "o")): .so
    case (UInt8(ascii: "b"), UInt8(ascii: "i")): .bi
    case (UInt8(ascii: "b"), UInt8(ascii: "o")): .bo
    case (UInt8(ascii: "i"), UInt8(ascii: "n")): .in
    case (UInt8(ascii: "c"), UInt8(ascii: "s")): .cs
    case (UInt8(ascii: "u"), UInt8(ascii: "s")): .us
    case (UInt8(ascii: "s"), UInt8(ascii: "y")): .sy
    case (UInt8(ascii: "i"), UInt8(ascii: "d")): .id
    case (UInt8(ascii: "w"), UInt8(ascii: "a")): .wa
    case (UInt8(ascii: "s"), UInt8(ascii: "t")): .st
    case (UInt8(ascii: "g"), UInt8(ascii: "u")): .gu
    default: nil
    }
  }

  private static func longName(_ line: Span<UInt8>, _ word: Range<Int>) -> VmstatColumn? {
    if line.equals("swpd", in: word) { return .swpd }
    if line.equals("free", in: word) { return .free }
    if line.equals("buff", in: word) { return .buff }
    if line.equals("cache", in: word) { return .cache }
    if line.equals("inact", in: word) { return .inact }
    return line.equals("active", in: word) ? .active : nil
  }
}
