/// Durations and sizes as people write them: `90s`, `5m`, `24h`, `14d`; `500MB`, `5GB`, `2GiB`.
public enum Quantity {
  public static let secondsHint = "a number with s, m, h, d or w, as in \"90s\" or \"14d\""
  public static let bytesHint =
    "a number with kB, MB, GB, TB or KiB, MiB, GiB, TiB, as in \"5GB\""

  /// Seconds; `nil` where the text is no duration, or longer than a hundred years.
  public static func seconds(_ text: String) -> Double? {
    let units: [String: Double] = [
      "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604_800,
    ]
    guard let (number, unit) = split(text), let factor = units[unit] else { return nil }
    let value = number * factor
    return value <= 3.2e9 ? value : nil
  }

  /// A duration of whole seconds from one second to an hour.
  public static func wholeSeconds(_ text: String) -> Int? {
    guard let value = seconds(text), value >= 1, value <= 3600, value.rounded() == value else {
      return nil
    }
    return Int(value)
  }

  /// Bytes; decimal (kB = 1000) and binary (KiB = 1024) units are what their names say.
  public static func bytes(_ text: String) -> Int64? {
    let units: [String: Double] = [
      "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
      "KiB": 1024, "MiB": 1_048_576, "GiB": 1_073_741_824, "TiB": 1_099_511_627_776,
    ]
    guard let (number, unit) = split(text), let factor = units[unit] else { return nil }
    let value = number * factor
    return value >= 1 && value < 9e18 ? Int64(value) : nil
  }

  private static func split(_ text: String) -> (Double, String)? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits), number.isFinite, number >= 0 else { return nil }
    let unit = text[digits.endIndex...].drop { $0 == " " }
    return (number, String(unit))
  }
}
