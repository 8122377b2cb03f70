import Records

/// What a host's processes and devices do, as its agent tells it each tick.
///
/// Rates of processes are means over the last ticks: of one tick alone, lines would jump.
struct HostWork: Sendable {
  /// The newest tick, without its processes: those stand in `processes`.
  private(set) var newest: HostActivity?
  /// When it came, on the viewer's clock.
  private(set) var arrival: Timestamp?
  private(set) var processes: [WatchedProcess] = []
  /// Processes that found no room in the newest tick, and what such ones moved per second.
  private(set) var omitted = (processes: 0, readBytes: 0.0, writeBytes: 0.0)
  private var places: [ProcessID: Int] = [:]
  private var intervals = WatchedProcess.Slots(repeating: 0)
  private var omittedReads = WatchedProcess.Slots(repeating: 0)
  private var omittedWrites = WatchedProcess.Slots(repeating: 0)
  private var ticks = 0

  /// Most processes kept of a host; an agent names fewer.
  static let processesLimit = 1000
  /// After a hole of so many seconds the means begin anew.
  static let holeSeconds = 30.0
  /// What a tick says is news for so many of its intervals, and for so many seconds at least.
  static let validIntervals = 3.0
  static let validSeconds = 10.0

  /// Ticks that the rates are means of.
  var averagedTicks: Int { min(ticks, WatchedProcess.ticksAveraged) }

  /// Whether it tells of `now`.
  func isValid(at now: Timestamp) -> Bool {
    guard let newest, let arrival else { return false }
    let seconds = Double(newest.intervalNanoseconds) / 1e9
    return now.elapsed(since: arrival) <= max(Self.validSeconds, seconds * Self.validIntervals)
  }

  mutating func take(_ activity: HostActivity, at now: Timestamp) {
    guard activity.intervalNanoseconds > 0, isNext(activity.time, at: now) else { return }
    let slot = ticks % WatchedProcess.ticksAveraged
    ticks += 1
    intervals[slot] = activity.intervalNanoseconds
    omittedReads[slot] = activity.omittedIO.readBytes
    omittedWrites[slot] = activity.omittedIO.writeBytes
    for place in processes.indices { processes[place].clear(slot: slot) }
    for process in activity.processes.prefix(Self.processesLimit) { take(process, slot) }
    newest = activity
    newest?.processes = []
    arrival = now
    settle(activity)
  }

  /// Passes over a tick of before the newest one, unless that came long ago: then the host's
  /// clock was set back. A hole begins the means anew.
  private mutating func isNext(_ time: Timestamp, at now: Timestamp) -> Bool {
    guard let newest, let arrival else { return true }
    let step = time.elapsed(since: newest.time)
    if step <= 0, now.elapsed(since: arrival) <= Self.validSeconds { return false }
    if step <= 0 || step > Self.holeSeconds + Double(newest.intervalNanoseconds) / 1e9 {
      self = HostWork()
    }
    return true
  }

  private mutating func take(_ process: ProcessActivity, _ slot: Int) {
    if let place = places[process.id] {
      processes[place].take(process, slot: slot)
    } else {
      guard processes.count < Self.processesLimit else { return }
      places[process.id] = processes.count
      processes.append(WatchedProcess(process))
      processes[processes.count - 1].take(process, slot: slot)
    }
  }

  /// Forgets who has done nothing for as long as is looked at, and takes the means of the rest.
  private mutating func settle(_ activity: HostActivity) {
    var place = 0
    while place < processes.count {
      guard processes[place].isForgotten else {
        processes[place].average(over: intervals)
        place += 1
        continue
      }
      places[processes[place].activity.id] = nil
      processes.swapAt(place, processes.count - 1)
      processes.removeLast()
      if place < processes.count { places[processes[place].activity.id] = place }
    }
    var (read, write, seconds) = (0.0, 0.0, 0.0)
    for slot in 0..<WatchedProcess.ticksAveraged where intervals[slot] > 0 {
      seconds += Double(intervals[slot]) / 1e9
      read += Double(omittedReads[slot])
      write += Double(omittedWrites[slot])
    }
    omitted = (max(0, activity.omittedProcesses), read / seconds, write / seconds)
  }

  /// What the filter says of a process; asked once of each.
  mutating func passes(_ place: Int, _ filter: LineFilter, number: Int, host: String) -> Bool {
    if processes[place].verdict.filter != number {
      let passes = filter.passes(processes[place].text(host: host))
      processes[place].verdict = (number, passes)
    }
    return processes[place].verdict.passes
  }

  /// Those that move the most, for a host shown alone.
  func busiest(_ limit: Int) -> [WatchedProcess] {
    processes.filter { !$0.rates.isQuiet }
      .sorted { left, right in
        if left.rates.bytes != right.rates.bytes { return left.rates.bytes > right.rates.bytes }
        if left.rates.cpuPercent != right.rates.cpuPercent {
          return left.rates.cpuPercent > right.rates.cpuPercent
        }
        return left.activity.id.pid < right.activity.id.pid
      }
      .prefix(limit).map(\.self)
  }
}
