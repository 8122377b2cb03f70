import Foundation
import Watch

/// Measures what watching costs, for the viewer who asks.
struct OwnCostMeter {
  private(set) var rows = 0
  var frames = 0
  /// The rate is of this long at least.
  private static let windowSeconds = 5.0

  private var last: (time: ContinuousClock.Instant, rows: Int, cpuSeconds: Double)
  private var rowsPerSecond = 0.0
  private var cpuPercent = 0.0

  init() { last = (.now, 0, OwnCostMeter.cpuSeconds) }

  mutating func take(rows: Int) { self.rows += rows }

  mutating func read(receivedBytes: Int64?) -> OwnCost {
    let now = ContinuousClock.Instant.now
    let cpu = OwnCostMeter.cpuSeconds
    let parts = last.time.duration(to: now).components
    let seconds = Double(parts.seconds) + Double(parts.attoseconds) / 1e18
    if seconds > 0 {
      rowsPerSecond = Double(rows - last.rows) / seconds
      cpuPercent = (cpu - last.cpuSeconds) / seconds * 100
    }
    if seconds >= OwnCostMeter.windowSeconds { last = (now, rows, cpu) }
    return OwnCost(
      rows: rows, rowsPerSecond: rowsPerSecond, receivedBytes: receivedBytes, cpuSeconds: cpu,
      cpuPercent: cpuPercent, residentBytes: OwnCostMeter.residentBytes, frames: frames)
  }

  /// User and system time of the process: getrusage(2).
  private static var cpuSeconds: Double {
    var usage = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  /// The second figure of /proc/self/statm, pages (proc(5)).
  private static var residentBytes: Int64? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
      return nil
    }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Int64(fields[1]) else { return nil }
    return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
  }
}
