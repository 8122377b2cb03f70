import Records

/// The columns as vmstat(8) lays them out (procps 3.3 and 4.0: `%2u %2u %6u …`): right-aligned,
/// one space between, and a number too wide for its column pushes what follows.
enum VmstatLayout {
  static func width(of column: VmstatColumn) -> Int {
    switch column {
    case .r, .b, .us, .sy, .id, .wa, .st, .gu: 2
    case .swpd, .free, .buff, .cache, .inact, .active: 6
    case .si, .so, .in, .cs: 4
    case .bi, .bo: 5
    }
  }

  /// vmstat's standard columns, and those of the others that a row here has: `gu` at its end,
  /// `inact` and `active` before `si`.
  static func columns(present rows: some Sequence<VmstatRow>) -> [VmstatColumn] {
    var hasGuest = false
    var hasActive = false
    for row in rows {
      if row[.gu] != nil { hasGuest = true }
      if row[.inact] != nil || row[.active] != nil { hasActive = true }
    }
    return columns(guest: hasGuest, active: hasActive)
  }

  static func columns(guest: Bool, active: Bool) -> [VmstatColumn] {
    var columns = VmstatColumn.standard
    if active {
      let place = columns.firstIndex(of: .si) ?? columns.count
      columns.insert(contentsOf: [.inact, .active], at: place)
    }
    if guest { columns.append(.gu) }
    return columns
  }

  /// What stands in a column: the number, or `-` where the host's vmstat has none.
  static func text(_ value: Int64?) -> String { value.map(String.init) ?? "-" }

  /// How many cells that takes.
  static func cells(_ value: Int64?) -> Int {
    guard let value else { return 1 }
    var rest = value.magnitude / 10
    var cells = value < 0 ? 2 : 1
    while rest > 0 {
      cells += 1
      rest /= 10
    }
    return cells
  }
}
