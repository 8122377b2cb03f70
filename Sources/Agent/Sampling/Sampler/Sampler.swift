import ProcFS
import Records
import WaitReasons

/// Reads the host, tick by tick: the host's figures, what processes did, who waits for what.
public struct Sampler: ~Copyable {
  /// What a tick gave. Used again from tick to tick.
  public struct Output: Sendable {
    public var tick: HostTick
    /// Who the processes are that are named for the first time.
    public var identities: [ProcessIdentity] = []
    public var change = BurstWatch.Change.none
    /// When a burst began: what the ticks before it had no place for, the oldest first.
    public var past: [HostTick] = []
    /// At a burst's begin, every five seconds and at its end: what its looks have seen.
    public var burst: Burst?
    /// Tasks that the kernel counts and `/proc` doesn't show: `hidepid`, or a pid namespace.
    public var hiddenTasks = 0

    public init() { tick = HostTick(time: Timestamp(nanoseconds: 0), engine: .proc) }
  }

  private let settings: SamplerSettings
  private var engine: ChosenEngine
  private var host: HostSampler
  private var identities: IdentityBook
  private var waits: WaitBook
  private var findings = TaskFindings()
  private var watch: BurstWatch
  private var counter: BurstCounter?
  /// When a burst was told last, and how often it is told; CLOCK_MONOTONIC, nanoseconds.
  private var burstTold: UInt64 = 0
  private static let burstNanoseconds: UInt64 = 4_900_000_000
  private var past = PastRing()
  public private(set) var pace: Pace
  private var lastMonotonic: UInt64 = 0
  private var lastOwnCPU: UInt64 = 0

  public init(_ settings: SamplerSettings) throws(EngineError) {
    let engine = try ChosenEngine(settings.engine)
    do throws(ProcError) {
      let host = try HostSampler()
      let identities = try IdentityBook(policy: settings.commandLine)
      let waits = try WaitBook()
      self.init(settings, engine, host, identities, waits)
    } catch {
      throw .unavailable("\(error)")
    }
  }

  private init(
    _ settings: SamplerSettings, _ engine: consuming ChosenEngine, _ host: consuming HostSampler,
    _ identities: consuming IdentityBook, _ waits: consuming WaitBook
  ) {
    self.settings = settings
    self.engine = engine
    self.host = host
    self.identities = identities
    self.waits = waits
    watch = BurstWatch(settings.triggers)
    pace = Pace(wantedNanoseconds: settings.intervalNanoseconds, share: settings.ownShare)
    lastOwnCPU = Clocks.ownCPU
  }

  public var engineKind: EngineKind { engine.kind }
  /// Why it is this engine.
  public var engineReason: String { engine.reason }
  /// Whether the bytes of processes that come and go between two ticks are known.
  public var seesEnds: Bool { engine.seesEnds }
  /// Whether fast looks are wanted now.
  public var wantsLooks: Bool {
    settings.looksPerSecond > 0 && (counter != nil || settings.looksAlways)
  }
  /// Nanoseconds between two looks.
  public var lookNanoseconds: UInt64 {
    1_000_000_000 / UInt64(max(settings.looksPerSecond, 1))
  }

  /// A tick. The first one has nothing to compare with: no rates, no processes.
  public mutating func sample(into output: inout Output) throws(EngineError) {
    let monotonic = Clocks.monotonic
    output.tick.time = Clocks.now
    output.tick.engine = engine.kind
    output.tick.intervalNanoseconds = lastMonotonic == 0 ? 0 : monotonic &- lastMonotonic
    output.tick.pacedNanoseconds = pace.intervalNanoseconds
    lastMonotonic = monotonic
    host.sample(into: &output.tick)
    try engine.read(into: &findings)
    swap(&output.tick.waiting, &findings.waiting)
    swap(&output.tick.processes, &findings.processes)
    output.tick.processCount = findings.processCount
    output.hiddenTasks = hiddenTasks
    findWaiters(&output.tick)
    attribute(&output.tick)
    ProcessRanking.select(&output.tick.processes, first: PastRing.rowLimit)
    let kept = orderRows(&output.tick)
    followBurst(&output)
    past.keep(output.tick, from: kept, at: monotonic)
    cutRows(&output.tick, to: kept)
    identities.introduce(output.tick, into: &output.identities)
    let ownCPU = Clocks.ownCPU
    output.tick.ownCPUNanoseconds = ownCPU &- lastOwnCPU
    lastOwnCPU = ownCPU
    _ = pace.spend(
      cpuNanoseconds: output.tick.ownCPUNanoseconds,
      wallNanoseconds: output.tick.intervalNanoseconds)
  }

  /// A fast look: who is in `D` just now. `sample` takes its turn as usual.
  public mutating func look(_ body: ([WaitingTask]) -> Void = { _ in }) throws(EngineError) {
    try engine.look(into: &findings)
    waits.name(&findings.waiting, at: Clocks.monotonic, areAll: false)
    counter?.count(findings.waiting, at: Clocks.now)
    body(findings.waiting)
  }

  /// The kernel's count is of another moment than ours: a few more or less are nobody hidden.
  private var hiddenTasks: Int {
    guard let seen = findings.taskCount, let all = host.taskCount.map({ Int(clamping: $0) }),
      all - seen > max(20, all / 10)
    else { return 0 }
    return all - seen
  }

  /// Those that wait without being in `D`, and why all of them wait.
  private mutating func findWaiters(_ tick: inout HostTick) {
    for lock in tick.locks {
      for waiter in lock.waiters {
        for tid in waits.lockWaiters(of: waiter) { addSleeper(pid: waiter, tid: tid, to: &tick) }
      }
    }
    for task in waits.tasksAwaitingFUSE(host.fuseWaiting, at: lastMonotonic) {
      addSleeper(pid: task.pid, tid: task.tid, to: &tick)
    }
    waits.name(&tick.waiting, at: lastMonotonic, areAll: true)
    waits.nameHolders(&tick.waiting, of: tick.locks)
  }

  private mutating func addSleeper(pid: Int32, tid: Int32, to tick: inout HostTick) {
    guard tick.waiting.count < WaitBook.limit,
      !tick.waiting.contains(where: { $0.process.pid == pid && $0.tid == tid }),
      let task = waits.sleeper(pid: pid, tid: tid, at: lastMonotonic)
    else { return }
    tick.waiting.append(task)
  }

  /// Sums what all processes moved, named or not.
  private func attribute(_ tick: inout HostTick) {
    var (own, reaped) = (IOCounters(), IOCounters())
    for process in tick.processes {
      if case .known(let io) = process.io { own += io }
      reaped += process.reaped
    }
    tick.attribution.read.processes = own.readBytes
    tick.attribution.read.reaped = reaped.readBytes
    tick.attribution.write.processes = own.writeBytes
    tick.attribution.write.reaped = reaped.writeBytes
  }

  /// Brings the rows that are told to the front: the first ones, and those of processes that wait,
  /// whatever they moved. How many these are.
  private func orderRows(_ tick: inout HostTick) -> Int {
    ProcessRanking.order(&tick.processes, first: settings.rows)
    var kept = min(settings.rows, tick.processes.count)
    for index in kept..<tick.processes.count {
      let id = tick.processes[index].id
      guard tick.waiting.contains(where: { $0.process == id }) else { continue }
      tick.processes.swapAt(index, kept)
      kept += 1
    }
    return kept
  }

  private func cutRows(_ tick: inout HostTick, to kept: Int) {
    tick.omittedIO = IOCounters()
    for process in tick.processes[kept...] { tick.omittedIO += process.io.value ?? IOCounters() }
    tick.omittedProcesses = tick.processes.count - kept
    tick.processes.removeLast(tick.omittedProcesses)
    for index in tick.processes.indices { tick.processes[index].cpuNanoseconds.round() }
  }

  private mutating func followBurst(_ output: inout Output) {
    output.past.removeAll(keepingCapacity: true)
    output.burst = nil
    output.change = watch.see(output.tick)
    switch output.change {
    case .began(let trigger):
      counter = BurstCounter(trigger: trigger, start: output.tick.time)
      counter?.count(output.tick.waiting, at: output.tick.time)
      output.past = past.takeTicks(before: lastMonotonic)
      output.burst = counter?.report(isOver: false)
      burstTold = lastMonotonic
    case .none:
      counter?.count(output.tick.waiting, at: output.tick.time)
      guard counter != nil, lastMonotonic &- burstTold >= Sampler.burstNanoseconds else { return }
      burstTold = lastMonotonic
      output.burst = counter?.report(isOver: false)
    case .ended:
      output.burst = counter?.report(isOver: true)
      counter = nil
    }
  }
}

extension UInt64 {
  /// To whole microseconds, but never to nothing. What is finer is no more than noise, and would be
  /// a tenth of a busy host's spool.
  fileprivate mutating func round() {
    if self >= 1000 { self = (self &+ 500) / 1000 * 1000 }
  }
}
