import Records

// The columns a row has are its mask, by their raw values; those of a newer agent come last.

extension VmstatRow {
  /// `VmstatColumn.allCases` would be an array for every tick.
  private static let columns: Range<UInt8> = 0..<20

  func write(to row: inout RowWriter) {
    for raw in VmstatRow.columns {
      guard let column = VmstatColumn(rawValue: raw), let value = self[column] else { continue }
      row.signed(Int(raw), value)
    }
  }

  init(row bytes: Span<UInt8>) throws(PayloadFault) {
    self.init()
    var row = try RowReader(bytes)
    for raw in VmstatRow.columns {
      guard let value = try row.signed(Int(raw), bytes) else { continue }
      if let column = VmstatColumn(rawValue: raw) { self[column] = value }
    }
  }
}
