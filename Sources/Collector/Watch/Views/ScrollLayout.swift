import Records

/// Where time, host and vmstat's columns stand in a line of a scroll.
///
/// The columns are as wide as vmstat makes them, or as the widest number on the screen: rows of
/// machines of every size stand under one header.
struct ScrollLayout {
  struct Field {
    let column: VmstatColumn
    let cells: Range<Int>
  }

  /// `nil` where the screen is too narrow for more than host and figures.
  let time: Range<Int>?
  /// `nil` in the scroll of one host.
  let host: Range<Int>?
  let fields: [Field]
  /// What a sentence takes in place of figures.
  let sentence: Range<Int>

  static let timeWidth = 8
  static let timeFromWidth = 36
  static let usualHostWidth = 10
  static let largestHostWidth = 24

  /// What goes first where there is no room for all: memory, then what tells least of who waits.
  static let leastImportantFirst: [VmstatColumn] = [
    .inact, .active, .buff, .swpd, .cache, .in, .free, .gu, .cs, .st, .id, .bi, .bo, .sy, .so,
    .si, .us, .wa,
  ]

  /// `area`: the cells of a line. `longestName` in cells, `nil` for no names at all; `lines` are
  /// those on the screen.
  init(
    area: Range<Int>, longestName: Int?, lines: [ScrollLine], hidden: Set<ColumnGroup> = []
  ) {
    let width = area.count
    let natural = longestName.map { min(max(4, $0), ScrollLayout.largestHostWidth) } ?? 0
    time =
      width >= ScrollLayout.timeFromWidth
      ? area.lowerBound..<(area.lowerBound + ScrollLayout.timeWidth) : nil
    let start = time.map { $0.upperBound - area.lowerBound + 1 } ?? 0
    let least = min(natural, ScrollLayout.usualHostWidth, max(6, width / 4))

    let rows = lines.compactMap { line -> VmstatRow? in
      guard case .row(let row, _, _) = line.content else { return nil }
      return row
    }
    let columns = VmstatLayout.columns(present: rows)
      .filter { !hidden.contains(ColumnGroup.of($0)) }
    let widths = columns.map { ScrollLayout.width(of: $0, in: rows) }
    let kept = ScrollLayout.kept(columns, widths, room: width - start - least)
    let used = kept.reduce(0) { $0 + widths[$1] + 1 }
    let hostWidth = min(natural, max(least, width - start - used))
    let place = area.lowerBound + start
    let end = min(area.upperBound, place + hostWidth)
    host = longestName == nil ? nil : place..<end
    // Without names the first field begins where a name would, not a blank further.
    fields = ScrollLayout.fields(
      kept.map { (columns[$0], widths[$0]) }, from: longestName == nil ? place - 1 : end)
    let sentenceStart = longestName == nil ? place : end + 1
    sentence = min(sentenceStart, area.upperBound)..<area.upperBound
  }

  private static func width(of column: VmstatColumn, in rows: [VmstatRow]) -> Int {
    let widest = rows.lazy.map { VmstatLayout.cells($0[column]) }.max() ?? 0
    return max(VmstatLayout.width(of: column), widest)
  }

  /// Which columns have room, as places in `columns`; each takes a blank before it.
  private static func kept(_ columns: [VmstatColumn], _ widths: [Int], room: Int) -> [Int] {
    var kept = Array(columns.indices)
    for column in leastImportantFirst {
      guard kept.reduce(0, { $0 + widths[$1] + 1 }) > room else { break }
      kept.removeAll { columns[$0] == column }
    }
    while kept.reduce(0, { $0 + widths[$1] + 1 }) > max(0, room), kept.count > 1 {
      kept.removeLast()
    }
    return kept
  }

  private static func fields(_ columns: [(VmstatColumn, Int)], from start: Int) -> [Field] {
    var place = start
    return columns.map { column, width in
      defer { place += width + 1 }
      return Field(column: column, cells: (place + 1)..<(place + 1 + width))
    }
  }
}
