import Records

/// The groups that vmstat's own header has, shown or hidden together.
enum ColumnGroup: Character, CaseIterable, Sendable {
  case procs = "p"
  case load = "l"
  case memory = "m"
  case swap = "s"
  case io = "i"
  case system = "y"
  case cpu = "c"

  var title: String {
    switch self {
    case .procs: "procs"
    case .load: "load"
    case .memory: "memory"
    case .swap: "swap"
    case .io: "io"
    case .system: "system"
    case .cpu: "cpu"
    }
  }

  static func of(_ column: VmstatColumn) -> ColumnGroup {
    switch column {
    case .r, .b: .procs
    case .swpd, .free, .buff, .cache, .inact, .active: .memory
    case .si, .so: .swap
    case .bi, .bo: .io
    case .in, .cs: .system
    case .us, .sy, .id, .wa, .st, .gu: .cpu
    }
  }
}
