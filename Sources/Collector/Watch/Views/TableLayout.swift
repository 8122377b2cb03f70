import Records

/// A column of figures in the table.
enum TableColumn: Hashable {
  /// Seconds since the last row.
  case age
  case load1
  case figure(VmstatColumn)

  var title: String {
    switch self {
    case .age: "age"
    case .load1: "load1"
    case .figure(let column): column.name
    }
  }

  /// The group with which it is shown or hidden; the age is always shown.
  var group: ColumnGroup? {
    switch self {
    case .age: nil
    case .load1: .load
    case .figure(let column): ColumnGroup.of(column)
    }
  }

  /// Cells it takes, without the blank before it.
  var width: Int {
    switch self {
    case .age, .figure(.r), .figure(.b): 3
    case .load1: 5
    case .figure(.us), .figure(.sy), .figure(.id), .figure(.wa), .figure(.st), .figure(.gu): 3
    case .figure(.cache): 5
    case .figure: 4
    }
  }

  /// In the order they stand.
  static let all: [TableColumn] = [
    .age, .figure(.r), .figure(.b), .load1, .figure(.swpd), .figure(.free), .figure(.buff),
    .figure(.cache), .figure(.si), .figure(.so), .figure(.bi), .figure(.bo), .figure(.in),
    .figure(.cs), .figure(.us), .figure(.sy), .figure(.id), .figure(.wa), .figure(.st),
  ]

  /// In the order they are given room: who is in trouble first, then what it waits for.
  static let byImportance: [TableColumn] = [
    .figure(.r), .figure(.b), .load1, .figure(.wa), .figure(.us), .figure(.si), .figure(.so),
    .figure(.sy), .figure(.bi), .figure(.bo), .age, .figure(.st), .figure(.id),
  ]

  /// Shown where the screen is wider than they need together with the rest.
  static let extra: [TableColumn] = [
    .figure(.free), .figure(.cache), .figure(.swpd), .figure(.in), .figure(.cs), .figure(.buff),
  ]
}

/// Who gets which part of a table line: pure arithmetic on the width.
struct TableLayout: Equatable {
  /// Cells of the name, which stands first.
  private(set) var hostWidth: Int
  private(set) var columns: [TableColumn] = []
  /// Cells of the sparkline, which stands last; 0 where it has no room.
  private(set) var sparkWidth = 0
  let width: Int

  static let leastSpark = 8
  static let usualHostWidth = 12
  static let largestHostWidth = 40

  /// `longestName` in cells.
  init(width: Int, longestName: Int, hidden: Set<ColumnGroup> = []) {
    self.width = width
    func isShown(_ column: TableColumn) -> Bool {
      column.group.map { !hidden.contains($0) } ?? true
    }
    let natural = min(max(4, longestName), TableLayout.largestHostWidth)
    hostWidth = min(natural, TableLayout.usualHostWidth, max(6, width / 3))
    var chosen: Set<TableColumn> = []
    add(TableColumn.byImportance.filter(isShown), to: &chosen)
    if room(chosen) >= TableLayout.leastSpark + 1 { sparkWidth = TableLayout.leastSpark }
    hostWidth += min(natural - hostWidth, max(0, room(chosen)))
    if sparkWidth > 0 {
      add(TableColumn.extra.filter(isShown), to: &chosen)
      sparkWidth += min(WatchedHost.pressureCapacity - sparkWidth, max(0, room(chosen)))
    }
    columns = TableColumn.all.filter(chosen.contains)
  }

  /// The column after the name.
  var afterHost: Int { min(width, hostWidth + 1) }

  /// Where the sparkline stands.
  var spark: Range<Int>? { sparkWidth > 0 ? (width - sparkWidth)..<width : nil }

  /// What a sentence may take in place of figures.
  var sentence: Range<Int> {
    let end = spark.map { $0.lowerBound - 1 } ?? width
    return afterHost..<max(afterHost, end)
  }

  /// Takes columns as long as they have room: the first without ends it, so that a more
  /// important one is never missing beside a lesser one.
  private mutating func add(_ wanted: [TableColumn], to chosen: inout Set<TableColumn>) {
    for column in wanted {
      guard room(chosen) >= column.width + 1 else { return }
      chosen.insert(column)
    }
  }

  private func room(_ chosen: Set<TableColumn>) -> Int {
    let figures = chosen.reduce(0) { $0 + $1.width + 1 }
    return width - hostWidth - figures - (sparkWidth > 0 ? sparkWidth + 1 : 0)
  }
}
