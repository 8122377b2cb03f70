import Records

/// The columns of a row that a verdict is made of, as non-negative numbers of sane size.
///
/// An absent column counts as 0 here: it can make no row hot. What is *shown* of a column that
/// was never there stays absent (`Episode.runnablePeak`).
struct RowFigures {
  var runnable: Double
  var blocked: Double
  /// KiB/s.
  var swapIn: Double
  var swapOut: Double
  var blocksIn: Double
  var blocksOut: Double
  /// Per cent of CPU time: in user code and guests, in the kernel, stolen by the hypervisor.
  var user: Double
  var kernel: Double
  var stolen: Double

  /// Per cent of CPU time that was spent or wanted. Stolen time is time somebody wanted.
  var busy: Double { min(100, user + kernel + stolen) }
  /// KiB/s, both ways.
  var traffic: Double { blocksIn + blocksOut }
  /// KiB/s, both ways.
  var swapping: Double { swapIn + swapOut }
  /// Tasks that ran or waited, as vmstat shows them.
  var queue: Double { runnable + blocked }

  init(_ row: VmstatRow) {
    runnable = Self.read(row, .r)
    blocked = Self.read(row, .b)
    swapIn = Self.read(row, .si)
    swapOut = Self.read(row, .so)
    blocksIn = Self.read(row, .bi)
    blocksOut = Self.read(row, .bo)
    user = min(100, Self.read(row, .us) + Self.read(row, .gu))
    kernel = min(100, Self.read(row, .sy))
    stolen = min(100, Self.read(row, .st))
  }

  private static func read(_ row: VmstatRow, _ column: VmstatColumn) -> Double {
    min(max(0, Double(row[column] ?? 0)), 1e12)
  }
}
