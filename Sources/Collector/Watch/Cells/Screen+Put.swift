import Bytes

extension Screen {
  /// Puts text on a row from `column` on, at most up to `end` (default: the row's end), and
  /// returns the column after it. What has no room is cut, and a `…` says so.
  ///
  /// All text goes through here, and through `Printable`: no control character of a host
  /// reaches the terminal, and no name, however wide, leaves its place.
  @discardableResult
  mutating func put(
    _ text: some StringProtocol, row: Int, column: Int, end: Int? = nil, style: Style = .plain
  ) -> Int {
    let limit = min(end ?? columns, columns)
    guard (0..<rows).contains(row), column >= 0, column < limit else { return max(0, column) }
    if let place = putPlain(text, row: row, column: column, limit: limit, style: style) {
      return place
    }
    let glyphs = glyphs(of: text)
    let width = glyphs.reduce(0) { $0 + $1.width }
    let isCut = column + width > limit
    var place = column
    for glyph in glyphs {
      guard place + glyph.width <= (isCut ? limit - 1 : limit) else { break }
      place = set(glyph, row: row, column: place, style: style)
    }
    if isCut {
      place = set(ellipsis, row: row, column: place, style: style)
    }
    return place
  }

  /// Puts text so that it ends before `end`, and returns where it begins.
  @discardableResult
  mutating func put(
    _ text: some StringProtocol, row: Int, endingAt end: Int, from start: Int,
    style: Style = .plain
  ) -> Int {
    let column = max(start, end - width(of: text))
    put(text, row: row, column: column, end: end, style: style)
    return column
  }

  /// Gives the cells of a row one look.
  mutating func fill(row: Int, from start: Int = 0, to end: Int? = nil, style: Style) {
    guard (0..<rows).contains(row) else { return }
    for column in max(0, start)..<max(0, start, min(end ?? columns, columns)) {
      self[row, column].style = effective(style)
    }
  }

  /// Whether text is of printable ASCII alone, as nearly all of it is.
  private func isPlain(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { $0 &- 0x20 < 0x5F }
  }

  private func width(of text: some StringProtocol) -> Int {
    isPlain(text) ? text.utf8.count : glyphs(of: text).reduce(0) { $0 + $1.width }
  }

  /// The short way for printable ASCII that has room: a cell per byte. `nil` where it isn't that.
  private mutating func putPlain(
    _ text: some StringProtocol, row: Int, column: Int, limit: Int, style: Style
  ) -> Int? {
    guard column + text.utf8.count <= limit, isPlain(text) else { return nil }
    let style = effective(style)
    let end = column + text.utf8.count
    guard column < end else { return column }
    clearHalves(row: row, from: column, to: end)
    var cell = Cell(character: " ", marks: Marks(), width: 1, style: style)
    var place = column
    for byte in text.utf8 {
      cell.character = Unicode.Scalar(byte)
      self[row, place] = cell
      place += 1
    }
    return end
  }

  /// Gives what has no colour of its own in a part of a row another one.
  mutating func recolour(row: Int, from start: Int, to end: Int, _ role: ColourRole) {
    guard (0..<rows).contains(row), !colourless else { return }
    for column in max(0, start)..<max(0, start, min(end, columns)) {
      switch self[row, column].style.role {
      case .plain, .host:
        self[row, column].style.role = role
        self[row, column].style.dim = false
      default: break
      }
    }
  }

  /// Reverses what a pattern matches in a part of a row.
  mutating func highlight(_ pattern: LinePattern, row: Int, from start: Int, to end: Int) {
    guard (0..<rows).contains(row) else { return }
    var bytes: [UInt8] = []
    var places: [Int] = []
    for column in max(0, start)..<max(0, start, min(end, columns))
    where self[row, column].width > 0 {
      var text = String.UnicodeScalarView([self[row, column].character])
      text.append(contentsOf: self[row, column].marks.scalars)
      for byte in String(text).utf8 {
        bytes.append(byte)
        places.append(column)
      }
    }
    for range in pattern.ranges(in: bytes) {
      for column in places[range.lowerBound]...places[range.upperBound - 1] {
        self[row, column].style.reverse.toggle()
      }
    }
  }

  /// A character and its marks.
  struct Glyph {
    var character: Unicode.Scalar
    var marks = Marks()
    var width: Int
  }

  private var ellipsis: Glyph { Glyph(character: ascii ? "~" : "…", width: 1) }

  private func effective(_ style: Style) -> Style { colourless ? style.withoutColour() : style }

  private mutating func set(_ glyph: Glyph, row: Int, column: Int, style: Style) -> Int {
    clearHalves(row: row, from: column, to: column + glyph.width)
    let style = effective(style)
    self[row, column] = Cell(
      character: glyph.character, marks: glyph.marks, width: glyph.width, style: style)
    if glyph.width == 2 {
      self[row, column + 1] = Cell(character: " ", marks: Marks(), width: 0, style: style)
    }
    return column + glyph.width
  }

  /// Blanks the wide characters of which only one half is about to be overwritten.
  private mutating func clearHalves(row: Int, from start: Int, to end: Int) {
    if self[row, start].width == 0, start > 0 { self[row, start - 1] = .blank }
    if end < columns, self[row, end].width == 0 { self[row, end] = .blank }
  }

  private func glyphs(of text: some StringProtocol) -> [Glyph] {
    var glyphs: [Glyph] = []
    for scalar in Printable.text(text, limit: columns * 2).unicodeScalars {
      let width = DisplayWidth.of(scalar)
      if ascii, !scalar.isASCII {
        let stand: Unicode.Scalar = scalar == "…" ? "~" : "?"
        for _ in 0..<width { glyphs.append(Glyph(character: stand, width: 1)) }
      } else if width > 0 {
        glyphs.append(Glyph(character: scalar, width: width))
      } else if isMark(scalar), let last = glyphs.indices.last {
        glyphs[last].marks.append(scalar)
      }
    }
    return glyphs
  }

  /// Whether a character without width is drawn. Variation selectors aren't: they would make
  /// emoji of characters, and those are wider in some terminals and not in others.
  private func isMark(_ scalar: Unicode.Scalar) -> Bool {
    guard !(0xFE00...0xFE0F).contains(scalar.value), !(0xE0100...0xE01EF).contains(scalar.value)
    else { return false }
    return scalar.properties.generalCategory != .format
  }
}
