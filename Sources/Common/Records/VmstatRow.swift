/// A column of `vmstat`, by the name vmstat(8) prints.
///
/// The first seventeen are the row as procps prints it by default; `gu` came with procps 4,
/// `inact` and `active` stand in place of `buff` and `cache` under `vmstat -a`.
public enum VmstatColumn: UInt8, CaseIterable, Sendable {
  /// Tasks running or waiting for a CPU.
  case r
  /// Tasks blocked in I/O wait (`procs_blocked` of proc_stat(5); not every task in `D`).
  case b
  /// Swap in use, KiB.
  case swpd
  /// Idle memory, KiB.
  case free
  /// Memory used as buffers, KiB.
  case buff
  /// Memory used as page cache, KiB.
  case cache
  /// Swapped in from disk, KiB/s.
  case si
  /// Swapped out to disk, KiB/s.
  case so
  /// Read from block devices, KiB/s.
  case bi
  /// Written to block devices, KiB/s.
  case bo
  /// Interrupts per second.
  case `in`
  /// Context switches per second.
  case cs
  /// CPU time in user code, per cent.
  case us
  /// CPU time in the kernel, per cent.
  case sy
  /// CPU time idle, per cent.
  case id
  /// CPU time idle while I/O is outstanding, per cent. For show: never a trigger (proc_stat(5)).
  case wa
  /// CPU time stolen by the hypervisor, per cent. Absent before Linux 2.6.11.
  case st
  /// CPU time running guests, per cent. Since procps 4.
  case gu
  /// Inactive memory, KiB (`vmstat -a`).
  case inact
  /// Active memory, KiB (`vmstat -a`).
  case active

  /// The seventeen columns of a row as vmstat prints it by default, in its order.
  public static let standard: [VmstatColumn] = [
    .r, .b, .swpd, .free, .buff, .cache, .si, .so, .bi, .bo, .in, .cs, .us, .sy, .id, .wa, .st,
  ]

  /// The memory columns, which `vmstat -S` counts in another unit. (procps 4 scales `si` and `so`
  /// too, against its own man page.)
  public static let memory: [VmstatColumn] = [.swpd, .free, .buff, .cache, .inact, .active]

  /// The name vmstat prints, which is also its name in JSON and SQL.
  public var name: String { String(describing: self) }
}

/// One row of `vmstat`: what the host did during the interval that ended with it.
///
/// A column that the host's vmstat doesn't print is absent (`nil`), never 0.
/// The values live inside the struct, so that a row costs no allocation.
public struct VmstatRow: Equatable, Sendable {
  private var values: InlineArray<20, Int64> = InlineArray(repeating: 0)
  private var present: UInt32 = 0

  public init() {}

  public subscript(column: VmstatColumn) -> Int64? {
    get {
      present & (1 << UInt32(column.rawValue)) == 0 ? nil : values[Int(column.rawValue)]
    }
    set {
      let bit = UInt32(1) << UInt32(column.rawValue)
      values[Int(column.rawValue)] = newValue ?? 0
      present = newValue == nil ? present & ~bit : present | bit
    }
  }

  /// Whether no column was set.
  public var isEmpty: Bool { present == 0 }

  public static func == (left: VmstatRow, right: VmstatRow) -> Bool {
    guard left.present == right.present else { return false }
    for index in left.values.indices where left.values[index] != right.values[index] {
      return false
    }
    return true
  }
}

/// The three load averages of proc_loadavg(5): tasks running, waiting for a CPU or in `D`.
public struct LoadAverage: Equatable, Sendable {
  public var oneMinute: Double
  public var fiveMinutes: Double
  public var fifteenMinutes: Double

  public init(oneMinute: Double, fiveMinutes: Double, fifteenMinutes: Double) {
    self.oneMinute = oneMinute
    self.fiveMinutes = fiveMinutes
    self.fifteenMinutes = fifteenMinutes
  }
}
