/// Figures in few cells. The unit's letter says what was rounded away; nothing is cut.
enum CompactNumber {
  /// A count in at most three or four cells: 999, 1k, 12k, 1M; 9999, 1.2M.
  static func count(_ value: Int64, cells: Int) -> String {
    shortened(value, step: 1000, units: ["", "k", "M", "G", "T", "P", "E"], cells: cells)
  }

  /// An amount of KiB in at most four cells: 9999, 9.8M, 120M, 1.2G.
  static func kibibytes(_ value: Int64) -> String {
    shortened(value, step: 1024, units: ["", "M", "G", "T", "P", "E"], cells: 4)
  }

  /// One decimal: 0.4, 12.0.
  static func tenths(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "-" }
    let tenths = Int((abs(value) * 10).rounded())
    return "\(value < 0 ? "-" : "")\(tenths / 10).\(tenths % 10)"
  }

  /// An amount of bytes with its unit: 512 B, 12.3 MiB.
  static func bytes(_ value: Int64) -> String {
    var rest = Double(value)
    for unit in ["B", "KiB", "MiB", "GiB"] {
      guard abs(rest) >= 1024 else { return unit == "B" ? "\(value) B" : "\(tenths(rest)) \(unit)" }
      rest /= 1024
    }
    return "\(tenths(rest)) TiB"
  }

  /// Bytes per second in at most six cells, as the agent has them: 512, 1.5K, 120M. What is
  /// more than nothing never looks like it.
  static func byteRate(_ bytes: Double) -> String {
    guard bytes.isFinite, bytes > 0 else { return "0" }
    guard bytes >= 1 else { return "<1" }
    var rest = bytes
    for unit in ["", "K", "M", "G", "T", "P"] {
      if rest < 999.5 || unit == "P" {
        let whole = Int64(min(rest.rounded(), 99_999))
        return unit.isEmpty || rest >= 99.95 ? "\(whole)\(unit)" : "\(tenths(rest))\(unit)"
      }
      rest /= 1024
    }
    return "-"
  }

  /// A count with its thousands set apart: 1,204.
  static func grouped(_ count: UInt64) -> String {
    var digits = Array(String(count))
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: place)
      place -= 3
    }
    return String(digits)
  }

  /// A load average in at most five cells: 0.42, 12.50, 104.2, 1234.
  static func load(_ value: Double) -> String {
    guard value.isFinite, value >= 0, value < 99_999 else { return value > 0 ? "99999" : "-" }
    let hundredths = Int((value * 100).rounded())
    if hundredths < 10_000 {
      let fraction = hundredths % 100
      return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
    let tenths = Int((value * 10).rounded())
    return tenths < 10_000 ? "\(tenths / 10).\(tenths % 10)" : "\(Int(value.rounded()))"
  }

  /// An age in at most three cells: 0s, 59s, 5m, 2h, 3d.
  static func age(seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "0s" }
    let whole = Int(min(seconds, 8e9))
    switch whole {
    case ..<60: return "\(whole)s"
    case ..<3600: return "\(whole / 60)m"
    case ..<86_400: return "\(whole / 3600)h"
    case ..<(86_400 * 100): return "\(whole / 86_400)d"
    default: return "old"
    }
  }

  private static func shortened(
    _ value: Int64, step: Double, units: [String], cells: Int
  ) -> String {
    let exact = String(value)
    if exact.utf8.count <= cells { return exact }
    var rest = Double(value)
    for unit in units.dropFirst() {
      rest /= step
      let tenths = (rest * 10).rounded()
      if cells > 3, tenths > 0, tenths < 100 {
        return "\(Int(tenths) / 10).\(Int(tenths) % 10)\(unit)"
      }
      let text = "\(Int(rest.rounded()))\(unit)"
      if text.utf8.count <= cells { return text }
    }
    return value < 0 ? "-" : String(repeating: "9", count: cells)
  }
}
