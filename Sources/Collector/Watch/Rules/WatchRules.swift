import Records

/// The viewer's own colours and keys.
public struct WatchRules: Sendable {
  /// From where on a figure has a colour.
  struct Threshold: Sendable {
    let figure: SortFigure
    let comparison: Comparison
    let value: Double
    let role: ColourRole
  }

  enum Comparison: String, CaseIterable, Sendable {
    case atLeast = ">="
    case more = ">"
    case atMost = "<="
    case less = "<"
    case equal = "="

    func holds(_ left: Double, _ right: Double) -> Bool {
      switch self {
      case .atLeast: left >= right
      case .more: left > right
      case .atMost: left <= right
      case .less: left < right
      case .equal: left == right
      }
    }
  }

  /// The colour of lines that match.
  struct LineColour: Sendable {
    let pattern: LinePattern
    let role: ColourRole
  }

  var thresholds: [Threshold] = []
  var lines: [LineColour] = []
  var keymap = Keymap.standard

  /// Neither colours nor keys of one's own.
  public static let standard = WatchRules()

  /// The colour that the viewer gave a figure: the last rule that holds. `nil` where no rule
  /// names the column at all; then the usual colours stand.
  func role(of figure: SortFigure, value: Double?) -> ColourRole? {
    guard !thresholds.isEmpty else { return nil }
    var role: ColourRole?
    for threshold in thresholds where threshold.figure == figure {
      if role == nil { role = .plain }
      if let value, threshold.comparison.holds(value, threshold.value) { role = threshold.role }
    }
    return role
  }

  /// How a figure of a row is shown.
  func style(of column: VmstatColumn, in row: VmstatRow, cpus: Int?) -> Style {
    guard let role = role(of: .column(column), value: row[column].map(Double.init)) else {
      return ColumnTrouble.style(of: column, in: row, cpus: cpus)
    }
    return Style(role, bold: role == .alarm, dim: role == .plain && (row[column] ?? 0) == 0)
  }

  func style(ofLoad load: Double, cpus: Int?) -> Style {
    let role =
      role(of: .load1, value: load) ?? ColumnTrouble.role(ofLoad: load, cpus: cpus)
    return Style(role, bold: role == .alarm)
  }

  /// The colour of a whole line: the last rule that matches. `text` is asked for only where
  /// there are rules.
  func role(ofLine text: () -> String) -> ColourRole? {
    guard !lines.isEmpty else { return nil }
    let text = text()
    return lines.last { $0.pattern.matches(text) }?.role
  }
}
