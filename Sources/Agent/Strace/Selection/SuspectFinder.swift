import Bytes
import Records
import Sampling

/// Finds those that wait or move most just now: a second of sampling, with fast looks.
struct SuspectFinder {
  private static let spanNanoseconds: UInt64 = 1_000_000_000
  /// A task that passes through `D` waits for nothing.
  private static let leastWaitSeconds = 0.1
  /// Share of one CPU from which a process is named that moves no bytes.
  private static let busyShare = 0.05
  private static let rows = 200
  /// Parents of parents that are asked for one that is still there.
  private static let ancestorLimit = 8

  /// How long each waited, the longest seen, seconds.
  private var waits: [ProcessID: Double] = [:]
  private var sightings: [ProcessID: Int] = [:]
  private var looks = 0
  private var holders: [Int32] = []
  private var movers: [ProcessSample] = []

  /// Those first that hold what others wait for, then by turns who moves most and who waits longest: a
  /// disk's victims would come before the culprit otherwise.
  ///
  /// - Parameter countsChildren: whoever started those that came and went is named for them.
  static func pids(
    countsChildren: Bool, isStopped: () -> Bool
  ) throws(TraceFailure) -> [Int32] {
    var finder = SuspectFinder()
    do throws(EngineError) {
      try finder.look(countsChildren, isStopped)
    } catch {
      switch error {
      case .unavailable(let why): throw .failed("suspects can't be looked for: \(why)")
      case .failed(let call, let code):
        throw .failed("suspects can't be looked for: \(call): \(errorText(code))")
      }
    }
    return finder.ranked
  }

  private mutating func look(
    _ countsChildren: Bool, _ isStopped: () -> Bool
  ) throws(EngineError) {
    var settings = SamplerSettings()
    settings.looksAlways = true
    settings.rows = SuspectFinder.rows
    settings.intervalNanoseconds = SuspectFinder.spanNanoseconds
    var sampler = try Sampler(settings)
    var output = Sampler.Output()
    try sampler.sample(into: &output)
    let end = MonotonicClock.now &+ SuspectFinder.spanNanoseconds
    while MonotonicClock.now < end, !isStopped() {
      Pause.sleep(milliseconds: Int(sampler.lookNanoseconds / 1_000_000))
      var found: [WaitingTask] = []
      try sampler.look { found = $0 }
      see(found)
    }
    try sampler.sample(into: &output)
    see(output.tick.waiting)
    let processes = output.tick.processes
    movers =
      countsChildren ? SuspectFinder.there(processes) : processes.filter { !$0.hasEnded }
  }

  /// Those that are still there. What the others moved counts for whoever started them: they come and
  /// go, by the dozen a second, so that only their parent can be traced, and its children with it.
  static func there(_ processes: [ProcessSample]) -> [ProcessSample] {
    let parents = Dictionary(
      processes.filter(\.hasEnded).map { ($0.id.pid, $0.parentPID) }, uniquingKeysWith: { $1 })
    var there = processes.filter { !$0.hasEnded }
    var places = Dictionary(
      there.indices.map { (there[$0].id.pid, $0) }, uniquingKeysWith: { $1 })
    for child in processes where child.hasEnded && !child.isKernelThread {
      var parent = child.parentPID
      for _ in 1...ancestorLimit { parent = parents[parent] ?? parent }
      // Of init's children nobody knows who started them.
      guard parent > 1, parents[parent] == nil else { continue }
      let place = places[parent] ?? there.count
      if place == there.count {
        there.append(ProcessSample(id: ProcessID(pid: parent, startTicks: 0)))
        places[parent] = place
      }
      there[place].reaped += child.reaped
      if let io = child.io.value { there[place].reaped += io }
      there[place].cpuNanoseconds = there[place].cpuNanoseconds.addingSaturated(
        child.cpuNanoseconds)
    }
    return there
  }

  private mutating func see(_ waiting: [WaitingTask]) {
    looks += 1
    var seen: Set<ProcessID> = []
    for task in waiting {
      waits[task.process] = max(waits[task.process] ?? 0, task.waitSeconds)
      if seen.insert(task.process).inserted { sightings[task.process, default: 0] += 1 }
      for holder in task.holders where !holders.contains(holder) { holders.append(holder) }
    }
  }

  private var ranked: [Int32] {
    let waiting =
      waits
      .filter { id, seconds in
        seconds >= SuspectFinder.leastWaitSeconds || (sightings[id] ?? 0) * 4 >= looks
      }
      .sorted { ($1.value, $0.key.pid) < ($0.value, $1.key.pid) }.map(\.key.pid)
    let moving = movers.filter(isBusy).sorted { $0.comesBefore($1) }.map(\.id.pid)
    var pids = holders
    for place in 0..<max(waiting.count, moving.count) {
      if place < moving.count { pids.append(moving[place]) }
      if place < waiting.count { pids.append(waiting[place]) }
    }
    var seen: Set<Int32> = []
    return Array(
      pids.filter { seen.insert($0).inserted }.prefix(2 * Int(TraceRequest.mostProcesses)))
  }

  private func isBusy(_ process: ProcessSample) -> Bool {
    guard !process.isKernelThread else { return false }
    let share = Double(process.cpuNanoseconds) / Double(SuspectFinder.spanNanoseconds)
    return process.io.value?.deviceBytes ?? 0 > 0 || process.reaped.deviceBytes > 0
      || share >= SuspectFinder.busyShare
  }
}
