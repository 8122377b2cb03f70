/// What the fleet's processes are sorted by.
enum ProcessSort: CaseIterable, Sendable {
  case bytes, read, write, cpu, host

  var title: String {
    switch self {
    case .bytes: "bytes"
    case .read: "READ/s"
    case .write: "WRITE/s"
    case .cpu: "CPU%"
    case .host: "host"
    }
  }

  func next(_ step: Int) -> ProcessSort {
    let all = ProcessSort.allCases
    let index = (all.firstIndex(of: self) ?? 0) + step
    return all[(index + all.count) % all.count]
  }
}

/// How the fleet's processes are arranged.
struct ProcessOrder: Equatable, Sendable {
  var sort = ProcessSort.bytes
  var isReversed = false
  /// Whether processes that do next to nothing have lines, too.
  var showsQuiet = false

  /// By what a process is compared first and second; the higher comes first.
  func rank(_ rates: ProcessRates, place: Int) -> (Double, Double) {
    let rank: (Double, Double) =
      switch sort {
      case .bytes: (rates.bytes, rates.cpuPercent)
      case .read: (rates.readBytes, rates.bytes)
      case .write: (rates.writeBytes, rates.bytes)
      case .cpu: (rates.cpuPercent, rates.bytes)
      case .host: (-Double(place), rates.bytes)
      }
    return isReversed ? (-rank.0, sort == .host ? rank.1 : -rank.1) : rank
  }
}

/// The first so many of a great many, without sorting them all.
struct FirstRanked {
  struct Key {
    let rank: (Double, Double)
    /// The host's place in the fleet, the process's pid, and its place among the host's.
    let host: Int
    let pid: Int32
    let place: Int

    static func comesBefore(_ left: Key, _ right: Key) -> Bool {
      if left.rank.0 != right.rank.0 { return left.rank.0 > right.rank.0 }
      if left.rank.1 != right.rank.1 { return left.rank.1 > right.rank.1 }
      return left.host == right.host ? left.pid < right.pid : left.host < right.host
    }
  }

  let limit: Int
  /// Keys that were offered.
  private(set) var count = 0
  private var keys: [Key] = []
  /// The last of the first `limit` so far: who comes after it can't be one of them.
  private var bar: Key?

  init(limit: Int) {
    self.limit = max(1, limit)
    keys.reserveCapacity(2 * self.limit)
  }

  mutating func offer(_ key: Key) {
    count += 1
    if let bar, !Key.comesBefore(key, bar) { return }
    keys.append(key)
    if keys.count >= 2 * limit { cut() }
  }

  mutating func sorted() -> [Key] {
    cut()
    return keys
  }

  private mutating func cut() {
    keys.sort(by: Key.comesBefore)
    guard keys.count >= limit else { return }
    keys.removeSubrange(limit...)
    bar = keys.last
  }
}
