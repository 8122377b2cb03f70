/// What a person sees: a terminal that understands what terminfo's `xterm-256color` makes ncurses
/// send. Anything it doesn't understand is kept in `surprises`.
public struct EmulatedScreen: Sendable {
  public private(set) var columns: Int
  public private(set) var rows: Int
  public private(set) var surprises: [String] = []
  /// Private modes that are on: 1049 is the alternate screen, 1000 the mouse.
  public private(set) var modes: Set<Int> = []
  private var cells: [[Character]]
  private var row = 0
  private var column = 0
  private var top = 0
  private var bottom: Int
  private var saved = (row: 0, column: 0)
  private var pending: [UInt8] = []
  private var last: Character = " "
  private let width: @Sendable (Unicode.Scalar) -> Int

  /// `width`: how many cells a character takes, 0 for marks.
  public init(
    columns: Int, rows: Int,
    width: @escaping @Sendable (Unicode.Scalar) -> Int = EmulatedScreen.usualWidth
  ) {
    self.width = width
    self.columns = columns
    self.rows = rows
    bottom = rows - 1
    cells = EmulatedScreen.blank(columns, rows)
  }

  /// Enough for names in Chinese, Japanese and Korean.
  public static let usualWidth: @Sendable (Unicode.Scalar) -> Int = { scalar in
    if scalar.properties.generalCategory == .nonspacingMark { return 0 }
    return (0x1100...0x115F).contains(scalar.value) || (0x2E80...0xFF60).contains(scalar.value)
      ? 2 : 1
  }

  private static func blank(_ columns: Int, _ rows: Int) -> [[Character]] {
    Array(repeating: Array(repeating: " ", count: columns), count: rows)
  }

  /// The rows as text; the second half of a wide character is not there.
  public var text: [String] {
    cells.map { line in
      var text = String(line.filter { $0 != "\0" })
      while text.last == " " { text.removeLast() }
      return text
    }
  }

  public mutating func resize(columns: Int, rows: Int) {
    let modes = modes
    self = EmulatedScreen(columns: columns, rows: rows, width: width)
    self.modes = modes
  }

  public mutating func feed(_ bytes: [UInt8]) {
    pending += bytes
    var place = 0
    while place < pending.count, let used = take(pending[place...]) { place += used }
    pending.removeFirst(place)
  }

  /// How many bytes make the next thing; `nil`: more are needed.
  private mutating func take(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard let first = bytes.first else { return nil }
    switch first {
    case 0x1B: return takeEscape(bytes)
    case 0x0D: column = 0
    case 0x0A: lineFeed()
    case 0x08: column = max(0, column - 1)
    case 0x09: column = min(columns - 1, (column / 8 + 1) * 8)
    case 0x0E, 0x0F: break
    case 0..<0x20, 0x7F: surprises.append("control \(first)")
    default: return takeCharacter(bytes)
    }
    return 1
  }

  private mutating func takeCharacter(_ bytes: ArraySlice<UInt8>) -> Int? {
    let lead = bytes[bytes.startIndex]
    let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    guard bytes.count >= length else { return nil }
    let text = String(decoding: bytes.prefix(length), as: UTF8.self)
    for scalar in text.unicodeScalars {
      if (0x80..<0xA0).contains(scalar.value) { surprises.append("C1 \(scalar.value)") }
      put(Character(scalar))
    }
    return length
  }

  private mutating func put(_ character: Character) {
    guard let scalar = character.unicodeScalars.first, width(scalar) > 0 else { return }
    if column >= columns {
      column = 0
      lineFeed()
    }
    cells[row][column] = character
    column += 1
    if width(scalar) == 2, column < columns {
      cells[row][column] = "\0"
      column += 1
    }
    last = character
  }

  private mutating func lineFeed() {
    if row == bottom { scroll(by: 1) } else { row = min(rows - 1, row + 1) }
  }

  private mutating func scroll(by lines: Int) {
    for _ in 0..<abs(lines) {
      cells.remove(at: lines > 0 ? top : bottom)
      cells.insert(
        Array(repeating: " ", count: columns), at: lines > 0 ? bottom : top)
    }
  }

  private mutating func takeEscape(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard bytes.count >= 2 else { return nil }
    switch bytes[bytes.startIndex + 1] {
    case UInt8(ascii: "["): return takeSequence(bytes)
    case UInt8(ascii: "("), UInt8(ascii: ")"): return bytes.count >= 3 ? 3 : nil
    case UInt8(ascii: "="), UInt8(ascii: ">"): break
    case UInt8(ascii: "7"): saved = (row, column)
    case UInt8(ascii: "8"): (row, column) = saved
    case UInt8(ascii: "M"):
      if row == top { scroll(by: -1) } else { row = max(0, row - 1) }
    default: surprises.append("escape \(bytes[bytes.startIndex + 1])")
    }
    return 2
  }

  private mutating func takeSequence(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard let end = bytes.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else {
      return nil
    }
    let body = String(decoding: bytes[(bytes.startIndex + 2)..<end], as: UTF8.self)
    act(Character(Unicode.Scalar(bytes[end])), body)
    return end - bytes.startIndex + 1
  }

  private mutating func act(_ final: Character, _ body: String) {
    if body.hasPrefix("?") { return setModes(final, body) }
    let numbers = body.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) }
    func number(_ index: Int, _ usual: Int = 1) -> Int {
      index < numbers.count ? numbers[index] ?? usual : usual
    }
    let count = max(1, number(0))
    switch final {
    case "H", "f": move(number(0) - 1, number(1) - 1)
    case "A": move(row - count, column)
    case "B": move(row + count, column)
    case "C": move(row, column + count)
    case "D": move(row, column - count)
    case "G": move(row, count - 1)
    case "d": move(count - 1, column)
    case "J": eraseScreen(number(0, 0))
    case "K": erase(number(0, 0))
    case "X": blank(row, column..<min(columns, column + count))
    case "P":
      cells[row].removeSubrange(column..<min(columns, column + count))
      cells[row] += Array(repeating: " ", count: columns - cells[row].count)
    case "@":
      cells[row].insert(contentsOf: Array(repeating: " ", count: count), at: column)
      cells[row].removeLast(cells[row].count - columns)
    case "L", "M": shiftLines(count, isInsert: final == "L")
    case "S": scroll(by: count)
    case "T": scroll(by: -count)
    case "b": for _ in 0..<count { put(last) }
    case "r":
      (top, bottom) = (number(0) - 1, min(rows, number(1, rows)) - 1)
      move(0, 0)
    case "m", "h", "l", "t", "c": break
    default: surprises.append("CSI \(body)\(final)")
    }
  }

  private mutating func setModes(_ final: Character, _ body: String) {
    for mode in body.dropFirst().split(separator: ";").compactMap({ Int($0) }) {
      if final == "h" { modes.insert(mode) } else { modes.remove(mode) }
    }
  }

  private mutating func move(_ toRow: Int, _ toColumn: Int) {
    row = min(max(0, toRow), rows - 1)
    column = min(max(0, toColumn), columns - 1)
  }

  private mutating func blank(_ row: Int, _ range: Range<Int>) {
    for column in range { cells[row][column] = " " }
  }

  private mutating func erase(_ mode: Int) {
    let start = mode == 0 ? min(column, columns) : 0
    blank(row, start..<(mode == 1 ? min(columns, column + 1) : columns))
  }

  private mutating func eraseScreen(_ mode: Int) {
    erase(mode)
    for other in cells.indices where mode == 2 || (mode == 0 ? other > row : other < row) {
      blank(other, 0..<columns)
    }
  }

  private mutating func shiftLines(_ count: Int, isInsert: Bool) {
    guard (top...bottom).contains(row) else { return }
    for _ in 0..<min(count, bottom - row + 1) {
      cells.remove(at: isInsert ? bottom : row)
      cells.insert(Array(repeating: " ", count: columns), at: isInsert ? row : bottom)
    }
  }
}
