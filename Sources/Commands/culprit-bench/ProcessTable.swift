import CPeerLoop
import Foundation

/// One process as proc_pid_stat(5) shows it.
struct ProcessEntry {
  var pid: pid_t
  var parent: pid_t
  var name: String
  /// CPU time of children that ended and were waited for (fields 16 and 17), clock ticks.
  var reapedTicks: Int
}

/// All processes of a moment, by pid.
struct ProcessTable {
  private(set) var entries: [pid_t: ProcessEntry] = [:]
  private var children: [pid_t: [pid_t]] = [:]

  static func now() -> ProcessTable {
    var table = ProcessTable()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    for case let pid? in names.map({ pid_t($0) }) {
      guard let entry = ProcessTable.read(pid) else { continue }
      table.entries[pid] = entry
      table.children[entry.parent, default: []].append(pid)
    }
    return table
  }

  func descendants(of roots: [pid_t]) -> [ProcessEntry] {
    var found: [ProcessEntry] = []
    var open = roots.flatMap { children[$0] ?? [] }
    while let pid = open.popLast() {
      if let entry = entries[pid] { found.append(entry) }
      open += children[pid] ?? []
    }
    return found
  }

  /// CPU seconds that the processes and their descendants have used so far: each one's CPU clock
  /// (nanoseconds, all threads), and what it waited for (clock ticks).
  func cpuSeconds(ofTrees roots: [pid_t]) throws -> Double {
    let own = try roots.map { root in
      guard let entry = entries[root] else { throw BenchError.vanished(pid: root) }
      return entry
    }
    let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    return (own + descendants(of: roots)).reduce(0) { sum, entry in
      let clock = culprit_peer_cpu_nanoseconds(entry.pid)
      return sum + Double(max(0, clock)) / 1e9 + Double(entry.reapedTicks) / ticksPerSecond
    }
  }

  /// Which pages count.
  enum Memory: String {
    /// Proportional set size: a page shared by n processes counts as an nth in each (Linux 4.14).
    case pss = "Pss:"
    /// The anonymous part of it, heap and stacks, whose size doesn't depend on who else has the
    /// same libraries loaded (Linux 5.4).
    case anonymousPSS = "Pss_Anon:"
  }

  /// Memory of the processes and their descendants, KiB (/proc/PID/smaps_rollup).
  func kilobytes(_ memory: Memory, ofTrees roots: [pid_t]) -> Int {
    (roots + descendants(of: roots).map(\.pid)).reduce(0) {
      $0 + (ProcessTable.kilobytes(memory.rawValue, in: "/proc/\($1)/smaps_rollup") ?? 0)
    }
  }

  /// The most memory a process ever had resident, KiB (`VmHWM`).
  static func peakResidentKilobytes(of pid: pid_t) -> Int? {
    kilobytes("VmHWM:", in: "/proc/\(pid)/status")
  }

  private static func kilobytes(_ key: String, in path: String) -> Int? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix(key) {
      return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }
    return nil
  }

  private static func read(_ pid: pid_t) -> ProcessEntry? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    // The name may hold anything, ")" too: it ends at the last one.
    guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else {
      return nil
    }
    let fields = text[text.index(after: close)...].split(separator: " ")
    // fields[0] is field 3 of the man page.
    guard fields.count > 14, let parent = pid_t(fields[1]), let user = Int(fields[13]),
      let system = Int(fields[14])
    else { return nil }
    let name = String(text[text.index(after: open)..<close])
    return ProcessEntry(pid: pid, parent: parent, name: name, reapedTicks: user + system)
  }
}
