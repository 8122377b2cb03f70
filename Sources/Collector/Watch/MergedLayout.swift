import Records

/// Where time, host and vmstat's columns stand in a line of the merged scroll.
///
/// The columns are as wide as vmstat makes them, or as the widest number on the screen: rows of
/// machines of every size stand under one header.
struct MergedLayout {
  struct Field {
    let column: VmstatColumn
    let cells: Range<Int>
  }

  /// `nil` where the screen is too narrow for more than host and figures.
  let time: Range<Int>?
  let host: Range<Int>
  let fields: [Field]

  static let timeWidth = 8
  static let timeFromWidth = 40
  static let usualHostWidth = 10
  static let largestHostWidth = 24

  /// What goes first where there is no room for all: memory, then what tells least of who waits.
  static let leastImportantFirst: [VmstatColumn] = [
    .inact, .active, .buff, .swpd, .cache, .in, .free, .gu, .cs, .st, .id, .bi, .bo, .sy, .so,
    .si, .us, .wa,
  ]

  /// `longestName` in cells; `lines` are those on the screen.
  init(width: Int, longestName: Int, lines: [MergedLine]) {
    let natural = min(max(4, longestName), MergedLayout.largestHostWidth)
    time = width >= MergedLayout.timeFromWidth ? 0..<MergedLayout.timeWidth : nil
    let start = time.map { $0.upperBound + 1 } ?? 0
    let least = min(natural, MergedLayout.usualHostWidth, max(6, width / 4))

    let rows = lines.compactMap { line -> VmstatRow? in
      guard case .row(let row, _) = line.content else { return nil }
      return row
    }
    let columns = VmstatLayout.columns(present: rows)
    let widths = columns.map { MergedLayout.width(of: $0, in: rows) }
    let kept = MergedLayout.kept(columns, widths, room: width - start - least)
    let used = kept.reduce(0) { $0 + widths[$1] + 1 }
    let hostWidth = min(natural, max(least, width - start - used))
    host = start..<min(width, start + hostWidth)
    fields = MergedLayout.fields(kept.map { (columns[$0], widths[$0]) }, from: host.upperBound)
  }

  private static func width(of column: VmstatColumn, in rows: [VmstatRow]) -> Int {
    let widest = rows.lazy.map { VmstatLayout.text($0[column]).utf8.count }.max() ?? 0
    return max(VmstatLayout.width(of: column), widest)
  }

  /// Which columns have room, as places in `columns`; each takes a blank before it.
  private static func kept(_ columns: [VmstatColumn], _ widths: [Int], room: Int) -> [Int] {
    var kept = Array(columns.indices)
    for column in leastImportantFirst {
      guard kept.reduce(0, { $0 + widths[$1] + 1 }) > room else { break }
      kept.removeAll { columns[$0] == column }
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
