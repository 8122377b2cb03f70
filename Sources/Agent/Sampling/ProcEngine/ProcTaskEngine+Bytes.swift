import ProcFS
import Records

/// What processes moved.
extension ProcTaskEngine {
  /// Ticks after which a refused `io` is asked for again: the process may have changed its user.
  private static let deniedPatience = 60

  /// Reads `io` of each process that is active.
  ///
  /// This comes before `stat` is read: a child that is waited for in between then shows in `stat`
  /// and not yet in `io`, and never the other way round.
  mutating func readBytes() {
    let table = table
    requests.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    for process in table.processes.indices {
      let entry = table.processes[process]
      guard entry.isAlive, entry.isActive || entry.bytesState == .unread else { continue }
      if case .denied(let wait) = entry.bytesState, wait > 0 {
        table.processes[process].bytesState = .denied(retryIn: wait - 1)
        continue
      }
      requests.append(
        TaskFileRequest(pid: entry.id.pid, file: .io, startTicks: entry.id.startTicks))
      places.append(process)
    }
    let places = places
    guarded.read(requests) { index, outcome, bytes in
      table.processes[places[index]].take(outcome, bytes, deniedPatience: Self.deniedPatience)
    }
  }

  /// What the live tasks of a process have moved themselves; `nil` where one couldn't be read.
  mutating func liveBytes(of process: Int) -> IOCounters? {
    let entry = table.processes[process]
    guard entry.isAlive, !entry.hasExited else { return IOCounters() }
    requests.removeAll(keepingCapacity: true)
    var place = entry.firstTask
    while place >= 0 {
      let tid = table.tasks[Int(place)].tid
      requests.append(
        TaskFileRequest(
          pid: entry.id.pid, tid: tid, file: .io, startTicks: entry.id.startTicks))
      place = table.tasks[Int(place)].next
    }
    var sum = IOCounters()
    var isWhole = true
    guarded.read(requests) { _, outcome, bytes in
      if outcome == .read(.bytes), let io = TaskIO.counters(bytes) {
        sum += io
      } else if outcome != .read(.vanished) {
        isWhole = false
      }
    }
    return isWhole ? sum : nil
  }
}

extension ProcessEntry {
  fileprivate mutating func take(
    _ outcome: GuardedOutcome, _ bytes: Span<UInt8>, deniedPatience: Int
  ) {
    lacksBytesFile = false
    // What hangs now is charged when it has come.
    guard case .read(let outcome) = outcome else { return }
    switch outcome {
    case .bytes:
      newIO = TaskIO.counters(bytes)
      guard newIO != nil else { return }
      // One that was found too late to be read then may have slept since.
      isActive = true
      if stat.state == .zombie { isFinal = true }
    case .denied: bytesState = .denied(retryIn: deniedPatience)
    // Where the process itself has gone its `stat` will say so.
    case .vanished: lacksBytesFile = true
    case .failed: break
    }
  }
}
