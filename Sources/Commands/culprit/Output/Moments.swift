import Bytes
import Foundation
import Records

/// Moments and spans as people read them.
enum Moments {
  /// `2026-11-23 03:12:04`, in the viewer's zone.
  static func date(_ moment: Timestamp, _ zone: TimeZone) -> String {
    formatted(moment, zone, "yyyy-MM-dd HH:mm:ss")
  }

  /// `03:12:04`
  static func clock(_ moment: Timestamp, _ zone: TimeZone) -> String {
    formatted(moment, zone, "HH:mm:ss")
  }

  /// `48s`, `5m12s`, `2h03m`
  static func span(_ seconds: Double) -> String {
    // A host may say that a task waits for ever.
    let whole = Int(Int64(bounding: max(0, seconds)))
    if whole < 60 { return "\(whole)s" }
    if whole < 3600 { return "\(whole / 60)m\(twoDigits(whole % 60))s" }
    if whole < 86400 { return "\(whole / 3600)h\(twoDigits(whole / 60 % 60))m" }
    return "\(whole / 86400)d\(twoDigits(whole / 3600 % 24))h"
  }

  private static func twoDigits(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }

  private static func formatted(_ moment: Timestamp, _ zone: TimeZone, _ format: String) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = zone
    formatter.dateFormat = format
    return formatter.string(from: Date(timeIntervalSince1970: Double(moment.seconds)))
  }
}
