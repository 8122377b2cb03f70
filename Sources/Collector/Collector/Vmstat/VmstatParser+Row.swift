import Bytes
import Records

// A line of numbers: one pass over its bytes, no allocation.

extension VmstatParser {
  /// Most digits of a number that is read: 18 nines fit 64 bits.
  static let digitLimit = 18

  /// The numbers at the start of a line.
  private struct Numbers {
    /// How many words were numbers.
    var count = 0
    /// Where the words after them begin.
    var end = 0
    var isTooLarge = false

    /// Reads them, and puts into `row` those that have a column.
    init(_ line: Span<UInt8>, _ columns: InlineArray<24, VmstatColumn?>, into row: inout VmstatRow)
    {
      var cursor = 0
      line.skipBlanks(&cursor)
      while cursor < line.count {
        let start = cursor
        var value: Int64 = 0
        while cursor < line.count {
          let digit = line[cursor] &- UInt8(ascii: "0")
          guard digit <= 9 else { break }
          // Wraps only past the digits that are refused below.
          value = value &* 10 &+ Int64(digit)
          cursor += 1
        }
        guard cursor > start, cursor == line.count || line.isBlank(cursor) else { break }
        if cursor - start > VmstatParser.digitLimit { isTooLarge = true }
        if count < VmstatHeader.wordLimit, let column = columns[count] { row[column] = value }
        count += 1
        line.skipBlanks(&cursor)
        end = cursor
      }
    }
  }

  mutating func parseNumbers(_ line: Span<UInt8>) -> Line {
    var row = VmstatRow()
    let numbers = Numbers(line, header.columns, into: &row)
    let rest = line.extracting(numbers.end..<line.count)
    let stamp = CivilTime(vmstatStamp: rest)
    guard rest.isEmpty || stamp != nil else { return parseMixed(line) }
    switch table {
    case .known: break
    case .none: return .other(numbers.count >= 12 ? .rowBeforeHeader : nil)
    case .broken(let reason):
      return .other(numbers.count >= VmstatParser.leastNumbersOfRow ? reason : nil)
    }
    guard numbers.count >= VmstatParser.leastNumbersOfRow else { return .other(nil) }
    do throws(UnreadableReason) {
      if try settle(numbers, isStamped: stamp != nil) {
        _ = Numbers(line, header.columns, into: &row)
      }
      guard memoryUnit.convert(&row) else { throw .numberTooLarge }
      if stamp != nil { noteZone(rest) }
      return .row(row, stamp)
    } catch {
      return .other(error)
    }
  }

  /// Whether this row was the one that settled the columns; throws where it doesn't fit them.
  private mutating func settle(
    _ numbers: Numbers, isStamped: Bool
  ) throws(UnreadableReason) -> Bool {
    guard !numbers.isTooLarge else { throw .numberTooLarge }
    guard header.isSettled else {
      try header.settle(numbers: numbers.count, isStamped: isStamped)
      return true
    }
    guard numbers.count == header.columnCount else {
      throw .countMismatch(numbers: numbers.count, columns: header.columnCount)
    }
    // A time where none was is a row of another table; the rest of its line can't be trusted.
    guard isStamped == header.hasStamps else { throw isStamped ? .notANumber : .timeMissing }
    return false
  }

  /// Numbers, then words that are no time: `vmstat -s` and its like, an uptime line, a bad row.
  private mutating func parseMixed(_ line: Span<UInt8>) -> Line {
    var isKnown = false
    if case .known = table { isKnown = true }
    if !isKnown, let format = ForeignFormat.ofCount(line) { return refuse(format) }
    guard Features(line).numbers >= leastNumbersOfDamaged else { return .other(nil) }
    if case .broken(let reason) = table { return .other(reason) }
    return .other(damage(line))
  }

  /// Keeps the zone that stands behind a row's time, where it has changed.
  private mutating func noteZone(_ stamp: Span<UInt8>) {
    guard stamp.count > CivilTime.vmstatStampLength + 1 else { return }
    let zone = stamp.extracting((CivilTime.vmstatStampLength + 1)..<stamp.count)
    if let rowZone, rowZone.utf8.count == zone.count {
      var index = 0
      var isSame = true
      for byte in rowZone.utf8 {
        isSame = isSame && byte == zone[index]
        index += 1
      }
      if isSame { return }
    }
    rowZone = Printable.text(zone, limit: 32)
  }
}

extension CivilTime {
  /// Length of `2026-11-23 03:12:00`.
  static let vmstatStampLength = 19

  /// The time at the end of a row: `2026-11-23 03:12:00`, and the zone word that procps 3.2
  /// printed behind it. `nil` where `text` is anything else.
  init?(vmstatStamp text: Span<UInt8>) {
    let length = CivilTime.vmstatStampLength
    guard text.count >= length, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
      text[10] == UInt8(ascii: " "), text[13] == UInt8(ascii: ":"),
      text[16] == UInt8(ascii: ":"), CivilTime.endsInZone(text),
      let year = text.decimal(in: 0..<4), let month = text.decimal(in: 5..<7),
      let day = text.decimal(in: 8..<10), let hour = text.decimal(in: 11..<13),
      let minute = text.decimal(in: 14..<16), let second = text.decimal(in: 17..<19)
    else { return nil }
    self.init(
      year: Int(year), month: Int(month), day: Int(day), hour: Int(hour), minute: Int(minute),
      second: Int(second))
  }

  /// Whether nothing, or one short word, follows the time.
  private static func endsInZone(_ text: Span<UInt8>) -> Bool {
    guard text.count > vmstatStampLength else { return true }
    guard text.count > vmstatStampLength + 1, text.isBlank(vmstatStampLength) else { return false }
    var cursor = vmstatStampLength + 1
    guard let zone = text.nextWord(&cursor) else { return false }
    return zone.lowerBound == vmstatStampLength + 1 && cursor == text.count && zone.count <= 20
  }
}
