import Records

/// A figure that hosts can be sorted by.
enum SortFigure: Hashable, Sendable {
  case column(VmstatColumn)
  case load1
  /// `us` + `sy`, `si` + `so`, `bi` + `bo`.
  case sum(VmstatColumn, VmstatColumn)

  func value(_ row: VmstatRow, load: Double?) -> Double? {
    switch self {
    case .column(let column): row[column].map(Double.init)
    case .load1: load
    case .sum(let one, let other):
      row[one] == nil && row[other] == nil
        ? nil : Double(row[one] ?? 0) + Double(row[other] ?? 0)
    }
  }
}

/// What the table is sorted by.
enum SortKey: CaseIterable, Sendable {
  case trouble, name, runnable, blocked, load, ioWait, busy, swap, disk

  var title: String {
    switch self {
    case .trouble: "trouble"
    case .name: "name"
    case .runnable: "r"
    case .blocked: "b"
    case .load: "load1"
    case .ioWait: "wa"
    case .busy: "us+sy"
    case .swap: "si+so"
    case .disk: "bi+bo"
    }
  }

  var figure: SortFigure? {
    switch self {
    case .trouble, .name: nil
    case .runnable: .column(.r)
    case .blocked: .column(.b)
    case .load: .load1
    case .ioWait: .column(.wa)
    case .busy: .sum(.us, .sy)
    case .swap: .sum(.si, .so)
    case .disk: .sum(.bi, .bo)
    }
  }

  func next(_ step: Int) -> SortKey {
    let all = SortKey.allCases
    let index = (all.firstIndex(of: self) ?? 0) + step
    return all[(index + all.count) % all.count]
  }
}

/// How the table's lines are arranged.
struct Arrangement: Equatable, Sendable {
  var sort = SortKey.trouble
  var filter = LineFilter()
  /// Whether quiet hosts are folded.
  var isFolded = false
  /// How processes are; `nil` while nobody looks at them.
  var processes: ProcessOrder?
}
