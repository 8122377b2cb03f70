import ArgumentParser

/// A length of time on the command line: `30s`, `2m`, `500ms`, or seconds without a unit.
struct Seconds: ExpressibleByArgument {
  var value: Double

  init(_ value: Double) { self.value = value }

  init?(argument: String) {
    let unit = Seconds.units.first { argument.hasSuffix($0.suffix) }
    let digits = argument.dropLast(unit?.suffix.count ?? 0)
    guard let number = Double(digits), number.isFinite, number > 0 else { return nil }
    value = number * (unit?.seconds ?? 1)
  }

  /// `ms` before the `s` that it also ends in.
  private static let units: [(suffix: String, seconds: Double)] = [
    ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600),
  ]

  var defaultValueDescription: String { "\(fixed(value, 0))s" }
}
