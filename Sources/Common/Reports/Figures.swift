import Bytes
import Records

/// A figure with `decimals` places, rounded.
func figure(_ value: Double, _ decimals: Int) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "?" }
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = Int64((value.magnitude * scale).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard decimals > 0 else { return "\(sign)\(scaled)" }
  let fraction = "\(scaled % Int64(scale))"
  return "\(sign)\(scaled / Int64(scale))."
    + String(repeating: "0", count: decimals - fraction.count) + fraction
}

/// Bytes as people read them: `0`, `512`, `1.5M`, in powers of 1024.
enum ByteFigure {
  static func text(_ bytes: Double) -> String {
    var value = bytes
    var unit = ""
    for next in ["K", "M", "G", "T"] where value >= 1000 {
      value /= 1024
      unit = next
    }
    return unit.isEmpty || value >= 100 ? figure(value, 0) + unit : figure(value, 1) + unit
  }
}

/// Spans of time as people read them.
public enum DurationText {
  /// `2 s`, `500 ms`.
  public static func of(_ nanoseconds: UInt64) -> String {
    nanoseconds % 1_000_000_000 == 0
      ? "\(nanoseconds / 1_000_000_000) s" : "\(nanoseconds / 1_000_000) ms"
  }

  /// `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`; whole ones, and never below 0.
  public static func long(seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    let whole = Int64(min(max(0, seconds), 1e12))
    let (minutes, hours, days) = (whole / 60, whole / 3600, whole / 86_400)
    if minutes == 0 { return "\(whole) s" }
    if hours == 0 { return "\(minutes) min" }
    if days == 0 { return minutes % 60 == 0 ? "\(hours) h" : "\(hours) h \(minutes % 60) min" }
    return hours % 24 == 0 ? "\(days) d" : "\(days) d \(hours % 24) h"
  }
}

/// What to say of tasks that the agent can't see.
public enum HiddenTasks {
  public static func text(_ count: Int) -> String {
    "\(count) tasks can't be seen here (hidepid, or a pid namespace); see culprit-agent doctor"
  }
}

/// A task's name, fit for a terminal.
func taskText(_ name: TaskName) -> String { Printable.text(name.bytes.span) }
