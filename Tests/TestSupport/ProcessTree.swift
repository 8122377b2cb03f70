import Foundation

/// What /proc tells of other processes.
public enum ProcessTree {
  /// The children of `pid`, theirs, and so on, in no particular order.
  public static func descendants(of pid: pid_t) -> [pid_t] {
    var children: [pid_t: [pid_t]] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let number = pid_t(name), let parent = parent(of: number) else { continue }
      children[parent, default: []].append(number)
    }
    var found: [pid_t] = []
    var next = [pid]
    while let parent = next.popLast() {
      let those = children[parent] ?? []
      found += those
      next += those
    }
    return found
  }

  public static func children(of pid: pid_t) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { parent(of: $0) == pid }
  }

  /// The processes whose command line holds `text`.
  public static func pids(whoseCommandHolds text: String) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter {
      TestFolder.text("/proc/\($0)/cmdline").contains(text)
    }
  }

  /// The name of the program, as in proc_pid_stat(5).
  public static func name(of pid: pid_t) -> String {
    TestFolder.text("/proc/\(pid)/comm").trimmingCharacters(in: .newlines)
  }

  /// Its threads.
  public static func tasks(of pid: pid_t) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
    return names.compactMap { pid_t($0) }.sorted()
  }

  /// How many descriptors a process has open.
  public static func descriptorCount(of pid: pid_t) -> Int {
    descriptors(of: pid).count
  }

  /// What its descriptors stand for, as `3: socket:[1234]`.
  public static func descriptors(of pid: pid_t) -> [String] {
    let folder = "/proc/\(pid)/fd"
    let numbers = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return numbers.sorted().map { number in
      let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(number)")
      return "\(number): \(place ?? "gone")"
    }
  }

  /// The fourth field of proc_pid_stat(5), after the name, which may hold anything.
  private static func parent(of pid: pid_t) -> pid_t? {
    let text = TestFolder.text("/proc/\(pid)/stat")
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    return fields.count > 1 ? pid_t(fields[1]) : nil
  }
}
