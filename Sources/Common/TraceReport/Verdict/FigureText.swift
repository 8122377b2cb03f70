// Figures in sentences.

/// Counts: `7`, `12,000`.
enum CountText {
  static func of(_ count: UInt64) -> String {
    var text = ""
    for (place, digit) in String(count).reversed().enumerated() {
      if place > 0, place % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }

  /// To two digits: what was counted for a while is no exact rate.
  static func rounded(_ value: Double) -> String {
    guard value.isFinite, value < 1e15 else { return "?" }
    guard value >= 1 else { return SpanText.figure(value, 1) }
    var scale = 1.0
    while value / scale >= 100 { scale *= 10 }
    return of(UInt64((value / scale).rounded() * scale))
  }
}

/// Sizes: `512 bytes`, `4 KiB`, `1.5 MiB`.
enum SizeText {
  static func of(_ bytes: Double) -> String {
    guard bytes.isFinite, bytes >= 0 else { return "?" }
    if bytes < 1024 {
      return bytes == 1 ? "1 byte" : "\(CountText.of(UInt64(bytes.rounded()))) bytes"
    }
    var value = bytes
    var unit = ""
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] where value >= 1024 {
      value /= 1024
      unit = next
    }
    let isWhole = (value - value.rounded()).magnitude < 0.05 || value >= 100
    return isWhole
      ? "\(CountText.of(UInt64(min(value.rounded(), 1e15)))) \(unit)"
      : "\(SpanText.figure(value, 1)) \(unit)"
  }
}

/// Spans of time: `90 µs`, `12 ms`, `8.2 s`, `11 min`.
enum SpanText {
  static func of(_ nanoseconds: UInt64) -> String {
    let value = Double(nanoseconds)
    switch value {
    case ..<1_000_000: return "\(Int((value / 1000).rounded())) µs"
    case ..<1_000_000_000: return "\(Int((value / 1e6).rounded())) ms"
    case ..<100_000_000_000: return "\(figure(value / 1e9, 1)) s"
    default: return "\(CountText.of(UInt64((value / 60e9).rounded()))) min"
    }
  }

  /// With `decimals` places, rounded.
  static func figure(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "?" }
    let scaled = Int64((value * 10).rounded())
    return decimals == 0 || scaled % 10 == 0
      ? "\(scaled / 10)" : "\(scaled / 10).\(scaled.magnitude % 10)"
  }
}
