import Records

/// The unit that `vmstat -S` was told to count memory in.
public enum MemoryUnit: String, CaseIterable, Sendable {
  /// `-S k`: 1000 bytes.
  case kilo = "k"
  /// `-S K`: 1024 bytes, what vmstat uses by default.
  case kibi = "K"
  /// `-S m`: 1,000,000 bytes.
  case mega = "m"
  /// `-S M`: 1,048,576 bytes.
  case mebi = "M"

  /// Bytes in one unit.
  var bytes: Int64 {
    switch self {
    case .kilo: 1000
    case .kibi: 1024
    case .mega: 1_000_000
    case .mebi: 1_048_576
    }
  }

  /// `value` of this unit in KiB, rounded down as vmstat rounds; `nil` where it doesn't fit.
  func kibibytes(_ value: Int64) -> Int64? {
    let (product, overflow) = value.multipliedReportingOverflow(by: bytes)
    return overflow ? nil : product / 1024
  }

  /// Turns the columns of `row` that `-S` changes into KiB; false where one is too large.
  ///
  /// Memory always. `si` and `so`: vmstat(8) says that they stay KiB/s, and procps 3.3.2 to 3.3
  /// keep to it, but procps 4 scales them too (`unitConvert` around pswpin in vmstat.c; so does
  /// the 4.0.2 of Debian 12). Only a `gu` column proves procps 4. Without it they are left
  /// absent where the two readings differ a thousandfold (`m`, `M`), and as printed for `k`.
  func convert(_ row: inout VmstatRow) -> Bool {
    guard self != .kibi else { return true }
    for column in VmstatColumn.memory {
      guard convert(column, of: &row) else { return false }
    }
    if row[.gu] != nil {
      return convert(.si, of: &row) && convert(.so, of: &row)
    }
    if self != .kilo {
      row[.si] = nil
      row[.so] = nil
    }
    return true
  }

  private func convert(_ column: VmstatColumn, of row: inout VmstatRow) -> Bool {
    guard let value = row[column] else { return true }
    guard let converted = kibibytes(value) else { return false }
    row[column] = converted
    return true
  }
}
