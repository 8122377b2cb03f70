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
    let width = glyphs(of: text).reduce(0) { $0 + $1.width }
    let column = max(start, end - width)
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

  /// A character and its marks.
  struct Glyph {
    var character: Unicode.Scalar
    var marks: [Unicode.Scalar] = []
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
      self[row, column + 1] = Cell(character: " ", marks: [], width: 0, style: style)
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
      } else if isMark(scalar), let last = glyphs.indices.last,
        glyphs[last].marks.count < Cell.marksLimit
      {
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
