import Records

/// The introductions of processes that were at work of late, as frames: a client that connects
/// hears them first, for each is made only once.
///
/// Who was idle for longer than ``keptSeconds`` is introduced anew when it works again
/// (`IdentityBook`), so that what isn't here comes by itself.
struct IdentityShelf {
  private struct Entry {
    var frame: [UInt8]
    /// CLOCK_MONOTONIC, seconds.
    var seen: UInt64
  }

  static let keptSeconds: UInt64 = 600
  static let limit = 2048

  private var entries: [ProcessID: Entry] = [:]

  var count: Int { entries.count }

  mutating func put(_ frame: [UInt8], of process: ProcessID, at now: UInt64) {
    entries[process] = Entry(frame: frame, seen: now)
    guard entries.count > IdentityShelf.limit else { return }
    // Half of them, the longest idle, so that this is rare.
    let order = entries.sorted { $0.value.seen < $1.value.seen }
    for (idle, _) in order.prefix(entries.count / 2) where idle != process {
      entries.removeValue(forKey: idle)
    }
  }

  /// Those that a tick names are at work.
  mutating func see(_ tick: HostTick, at now: UInt64) {
    for process in tick.processes { see(process.id, now) }
    for task in tick.waiting { see(task.process, now) }
  }

  private mutating func see(_ process: ProcessID, _ now: UInt64) {
    guard let place = entries.index(forKey: process) else { return }
    entries.values[place].seen = now
  }

  /// The frames of those that worked in the last ten minutes, one behind the other.
  func frames(at now: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries.values where now &- entry.seen <= IdentityShelf.keptSeconds {
      bytes += entry.frame
    }
    return bytes
  }
}
