/// A column of the processes, but for the host, which stands first, and the command, which
/// stands last.
enum ProcessColumn: Hashable, CaseIterable {
  case pid, user, read, write, cpu, wait, place

  var title: String {
    switch self {
    case .pid: "PID"
    case .user: "USER"
    case .read: "READ/s"
    case .write: "WRITE/s"
    case .cpu: "CPU%"
    case .wait: "WAITS FOR"
    case .place: "UNIT"
    }
  }

  /// Cells it takes, without the blank before it.
  var width: Int {
    switch self {
    case .pid: 7
    case .user, .read, .write: 8
    case .cpu: 5
    case .wait: 22
    case .place: 20
    }
  }

  var isFigure: Bool {
    switch self {
    case .pid, .read, .write, .cpu: true
    case .user, .wait, .place: false
    }
  }

  /// Cells that must be left for the command beside it.
  var leastCommand: Int {
    switch self {
    case .pid, .read, .write: 4
    case .user, .cpu: 16
    case .wait, .place: 40
    }
  }

  static let byImportance: [ProcessColumn] = [.write, .read, .pid, .user, .cpu, .wait, .place]
}

/// Who gets which part of a process's line: pure arithmetic on the width.
struct ProcessLayout: Equatable {
  /// Cells of the host's name, which stands first.
  let hostWidth: Int
  let columns: [ProcessColumn]
  /// Where the command begins.
  let command: Int
  let width: Int

  static let leastHostWidth = 6
  static let largestHostWidth = 24

  /// `longestName` in cells; 0 where the host isn't named.
  init(width: Int, longestName: Int) {
    self.width = width
    let natural = longestName == 0 ? 0 : min(max(4, longestName), Self.largestHostWidth)
    hostWidth = min(natural, max(Self.leastHostWidth, width / 5))
    var room = width - hostWidth
    var chosen: Set<ProcessColumn> = []
    for column in ProcessColumn.byImportance {
      guard room - column.width - 1 >= column.leastCommand else { break }
      chosen.insert(column)
      room -= column.width + 1
    }
    columns = ProcessColumn.allCases.filter(chosen.contains)
    command = min(width, width - room + (hostWidth > 0 || !chosen.isEmpty ? 1 : 0))
  }

  func has(_ column: ProcessColumn) -> Bool { columns.contains(column) }

  /// Each column and its cells.
  var fields: [(column: ProcessColumn, cells: Range<Int>)] {
    var place = hostWidth == 0 ? -1 : hostWidth
    return columns.map { column in
      defer { place += column.width + 1 }
      return (column, (place + 1)..<(place + 1 + column.width))
    }
  }
}
