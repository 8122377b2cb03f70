import Records

/// From where on a figure is shown as trouble. `warning` asks for a look, `alarm` for one now.
enum ColumnTrouble {
  /// CPU time spent (`us` + `sy`), per cent, of the host.
  static let busyWarning: Int64 = 80
  static let busyAlarm: Int64 = 95
  static let ioWaitWarning: Int64 = 20
  static let ioWaitAlarm: Int64 = 50
  static let stolenWarning: Int64 = 5
  static let stolenAlarm: Int64 = 20
  /// Swapping, KiB/s: any is a warning.
  static let swapAlarm: Int64 = 1024

  /// How a figure of a row is shown. `cpus` is `nil` where the host didn't say; then `r` is not
  /// judged.
  static func role(of column: VmstatColumn, in row: VmstatRow, cpus: Int?) -> ColourRole {
    guard let value = row[column] else { return .plain }
    switch column {
    case .r:
      guard let cpus = cpus.map(Int64.init), cpus > 0 else { return .plain }
      return role(value, warning: cpus + 1, alarm: 2 * cpus + 1)
    case .b: return role(value, warning: 1, alarm: Int64(max(4, cpus ?? 4)))
    case .si, .so: return role(value, warning: 1, alarm: swapAlarm)
    case .us, .sy:
      let busy = (row[.us] ?? 0).addingReportingOverflow(row[.sy] ?? 0).partialValue
      return value == 0 ? .plain : role(busy, warning: busyWarning, alarm: busyAlarm)
    case .wa: return role(value, warning: ioWaitWarning, alarm: ioWaitAlarm)
    case .st: return role(value, warning: stolenWarning, alarm: stolenAlarm)
    default: return .plain
    }
  }

  /// How the one-minute load average is shown.
  static func role(ofLoad load: Double, cpus: Int?) -> ColourRole {
    guard let cpus, cpus > 0 else { return .plain }
    if load > 2 * Double(cpus) { return .alarm }
    return load > Double(cpus) ? .warning : .plain
  }

  /// Zeros and absent figures step back, so that what happens stands out.
  static func style(of column: VmstatColumn, in row: VmstatRow, cpus: Int?) -> Style {
    let role = role(of: column, in: row, cpus: cpus)
    return Style(role, bold: role == .alarm, dim: role == .plain && (row[column] ?? 0) == 0)
  }

  private static func role(_ value: Int64, warning: Int64, alarm: Int64) -> ColourRole {
    if value >= alarm { return .alarm }
    return value >= warning ? .warning : .plain
  }
}
