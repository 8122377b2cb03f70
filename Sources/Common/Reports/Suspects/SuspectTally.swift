import Bytes
import Records

/// What a while of sampling found: each waiting task as it was seen last, each process with all
/// that it moved.
public struct SuspectTally: Sendable {
  public struct Waiter: Sendable {
    public var task: WaitingTask
    /// Looks and ticks that saw it wait.
    public var sightings: Int
    /// Number of the look that saw it last.
    var lastLook: Int
  }

  private struct Key: Hashable {
    var process: ProcessID
    var tid: Int32
  }

  public private(set) var lastTick: HostTick?
  public private(set) var looks = 0
  public private(set) var ticks = 0
  /// Time that the processes' figures cover, nanoseconds.
  public private(set) var elapsedNanoseconds: UInt64 = 0
  public private(set) var identities: [ProcessID: ProcessIdentity] = [:]
  private var waiters: [Key: Waiter] = [:]
  private var movers: [ProcessID: ProcessSample] = [:]
  public private(set) var omittedIO = IOCounters()
  public private(set) var attribution = Attribution()
  public private(set) var hiddenTasks = 0
  /// Processes whose bytes we may not read.
  public var deniedProcesses: Int { movers.values.count { $0.io == .denied } }

  /// `before` is the tick that the first one added is compared with, where there was one.
  public init(identities: [ProcessID: ProcessIdentity] = [:], before: HostTick? = nil) {
    self.identities = identities
    lastTick = before
  }

  /// A tick, and who the processes are of whom nobody heard before.
  ///
  /// - Parameter hiddenTasks: how many tasks the agent can't see, where it says so.
  public mutating func add(
    _ tick: HostTick, identities newcomers: [ProcessIdentity], hiddenTasks: Int = 0
  ) {
    ticks += 1
    add(waiting: tick.waiting)
    for identity in newcomers { identities[identity.id] = identity }
    if lastTick != nil {
      elapsedNanoseconds = elapsedNanoseconds.addingSaturated(tick.intervalNanoseconds)
      for process in tick.processes { add(process) }
      omittedIO += tick.omittedIO
      add(tick.attribution)
    }
    lastTick = tick
    self.hiddenTasks = hiddenTasks
  }

  public mutating func add(waiting: [WaitingTask]) {
    looks += 1
    for task in waiting {
      let key = Key(process: task.process, tid: task.tid)
      var waiter = waiters[key] ?? Waiter(task: task, sightings: 0, lastLook: 0)
      // A look can't see who holds a lock: what a tick has found out stays.
      let holders = waiter.task.holders
      waiter.task = task
      if task.holders.isEmpty { waiter.task.holders = holders }
      waiter.sightings += 1
      waiter.lastLook = looks
      waiters[key] = waiter
    }
  }

  private mutating func add(_ process: ProcessSample) {
    guard var sum = movers[process.id] else {
      movers[process.id] = process
      return
    }
    if case .known(let io) = process.io {
      sum.io = .known((sum.io.value ?? IOCounters()) + io)
    }
    sum.reaped += process.reaped
    sum.cpuNanoseconds = sum.cpuNanoseconds.addingSaturated(process.cpuNanoseconds)
    sum.state = process.state
    sum.hasEnded = process.hasEnded
    movers[process.id] = sum
  }

  private mutating func add(_ part: Attribution) {
    attribution.read.add(part.read)
    attribution.write.add(part.write)
  }

  /// Those that wait, the longest first. A task that was passing through `D` in a single look of
  /// many waits for nothing.
  public var waiting: [Waiter] {
    waiters.values
      .filter { waiter in
        // Who sleeps for a lock or a FUSE server is looked for at ticks only.
        waiter.task.state != .uninterruptible || looks < 5 || waiter.sightings * 4 >= looks
          || waiter.task.waitSeconds >= 0.1
      }
      .sorted { left, right in
        if left.task.waitSeconds != right.task.waitSeconds {
          return left.task.waitSeconds > right.task.waitSeconds
        }
        return left.task.tid < right.task.tid
      }
  }

  /// Whether somebody is in trouble: `--check` isn't to cry for who passes through `D`, nor for a
  /// kernel thread's housekeeping.
  public var hasTrouble: Bool {
    waiting.contains { waiter in
      waiter.task.waitSeconds >= 0.5
        && !(waiter.task.reason.kind == .unknown
          && movers[waiter.task.process]?.isKernelThread == true)
    }
  }

  /// Share of one CPU from which a process is named that moves no bytes.
  private static let busyShare = 0.05

  /// Those that moved bytes to or from a device, the most first, and those that kept a CPU busy.
  public var moving: [ProcessSample] {
    movers.values
      .filter {
        ($0.io.value?.deviceBytes ?? 0) > 0 || $0.reaped.deviceBytes > 0
          || perSecond($0.cpuNanoseconds) / 1e9 >= SuspectTally.busyShare
      }
      .sorted { $0.comesBefore($1) }
  }

  /// The first `count` of those who move bytes, and the few busiest of the others: a CPU's load
  /// isn't to be hidden by a disk's.
  public func shown<Row>(_ movers: [Row], first count: Int, _ process: (Row) -> ProcessSample)
    -> [Row]
  {
    let others = movers.dropFirst(count)
      .filter { perSecond(process($0).cpuNanoseconds) / 1e9 >= SuspectTally.busyShare * 4 }
      .sorted { process($0).cpuNanoseconds > process($1).cpuNanoseconds }
    return Array(movers.prefix(count)) + Array(others.prefix(5))
  }

  /// What a process moved; `nil` where it did nothing that is known.
  public func process(_ id: ProcessID) -> ProcessSample? { movers[id] }

  /// Per second, of what was counted over the whole while.
  public func perSecond(_ count: UInt64) -> Double {
    elapsedNanoseconds == 0 ? 0 : Double(count) * 1e9 / Double(elapsedNanoseconds)
  }
}

extension Attribution.Bytes {
  fileprivate mutating func add(_ part: Attribution.Bytes) {
    processes = processes.addingSaturated(part.processes)
    reaped = reaped.addingSaturated(part.reaped)
    devices = devices.addingSaturated(part.devices)
  }
}
