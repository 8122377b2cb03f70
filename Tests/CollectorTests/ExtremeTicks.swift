import Records
import TestSupport
import Wire

/// What a host may say that no host should: figures at the ends of their ranges, in any order.
struct ExtremeTicks {
  static let stream = StreamID(boot: BootID(high: .max, low: 1), number: .max)
  private var random: SeededGenerator
  private let now: Timestamp

  init(seed: UInt64, now: Timestamp) {
    random = SeededGenerator(seed: seed)
    self.now = now
  }

  private mutating func pick<Value>(_ values: [Value], else usual: Value) -> Value {
    values.randomElement(using: &random) ?? usual
  }

  private static let counts: [UInt64] =
    [0, 1, 5, UInt64(Int64.max), .max - 1, .max]
    + [31, 32, 46, 52, 53, 62, 63].map { UInt64(1) << UInt64($0) }
  private static let doubles: [Double] = [
    0, -0.0, 1, 1e-300, -1, 999.999, 1e15, 9.3e18, -9.3e18, 1e300, .infinity, -.infinity, .nan,
  ]

  mutating func count() -> UInt64 { pick(Self.counts, else: 0) }

  mutating func integer() -> Int64 { Int64(truncatingIfNeeded: count()) }

  mutating func double() -> Double { pick(Self.doubles, else: 0) }

  /// Mostly such as are stored, and so that ticks share their ten seconds.
  mutating func time() -> Timestamp {
    let century: Int64 = 90 * 365 * 86_400 * 1_000_000_000
    let far: [Int64] = [
      .min, .min + 5, -1, 0, .max - 7, .max, now.nanoseconds - century, century / 2,
    ]
    guard Int.random(in: 0..<4, using: &random) == 0 else {
      return Timestamp(
        nanoseconds: now.nanoseconds + Int64.random(in: 0..<8_000_000_000, using: &random))
    }
    return Timestamp(nanoseconds: pick(far, else: 0))
  }

  private mutating func io() -> IOCounters {
    IOCounters(
      readCharacters: count(), writeCharacters: count(), readCalls: count(), writeCalls: count(),
      readBytes: count(), writeBytes: count(), cancelledWriteBytes: count())
  }

  private mutating func id() -> ProcessID {
    ProcessID(
      pid: pick([0, 1, 42, -1, .min, .max], else: 0), startTicks: pick([7, .max], else: 7))
  }

  private mutating func stall() -> Reading<Stall> {
    pick([true, false], else: true)
      ? .known(Stall(someMicroseconds: count(), fullMicroseconds: count())) : .denied
  }

  mutating func tick() -> HostTick {
    var tick = HostTick(time: time(), engine: .proc)
    tick.intervalNanoseconds = pick([1, 1_000_000_000, .max, 1 << 62], else: 1)
    tick.pacedNanoseconds = count()
    for column in VmstatColumn.allCases { tick.row[column] = integer() }
    tick.load = LoadAverage(
      oneMinute: double(), fiveMinutes: double(), fifteenMinutes: double())
    tick.cpus = Int(integer())
    tick.pressure = Pressure(cpu: stall(), io: stall(), memory: stall())
    tick.memory = MemoryFigures(
      dirtyKiB: .known(count()), writebackKiB: .known(count()), swapTotalKiB: .known(count()),
      swapFreeKiB: .known(count()))
    tick.attribution = Attribution(
      read: .init(processes: count(), reaped: count(), devices: count()),
      write: .init(processes: count(), reaped: count(), devices: count()))
    tick.processCount = Int(integer())
    tick.omittedProcesses = Int(integer())
    tick.omittedWaiting = Int(integer())
    tick.omittedDisks = Int(integer())
    tick.omittedLocks = Int(integer())
    tick.omittedIO = io()
    tick.disks = (0..<3).map { disk($0) }
    tick.processes = (0..<pick([3, 300], else: 3)).map { _ in process() }
    tick.waiting = (0..<3).map { _ in task() }
    return tick
  }

  private mutating func disk(_ number: Int) -> DiskSample {
    DiskSample(
      name: "sd\(number)", layer: .physical, reads: count(), writes: count(),
      readBytes: count(), writeBytes: count(), readMilliseconds: count(),
      writeMilliseconds: count(), inFlight: count(), busyMilliseconds: count())
  }

  private mutating func process() -> ProcessSample {
    ProcessSample(
      id: id(), parentPID: pick([1, -1, .max], else: 1), name: TaskName("p"),
      hasEnded: pick([true, false], else: true),
      io: pick([true, true, false], else: true) ? .known(io()) : .denied, reaped: io(),
      cpuNanoseconds: count(), blockDelayNanoseconds: .known(count()))
  }

  private mutating func task() -> WaitingTask {
    WaitingTask(
      process: id(), tid: pick([1, -1, .min, .max], else: 1), name: TaskName("p"),
      state: .uninterruptible, reason: WaitReason(name: "file lock", kind: .lock),
      waitSeconds: double(), holders: [.min, .max])
  }

  mutating func identity() -> ProcessIdentity {
    ProcessIdentity(
      id: id(), name: TaskName("p"), userID: .known(.max), user: pick(["root", nil], else: nil),
      commandLine: .known("p -x"), ancestors: [.init(pid: .min, name: TaskName("q"))])
  }

  mutating func burst() -> Burst {
    let counts = (0..<20).map { _ in
      Burst.Count(
        process: id(), name: TaskName("p"), reason: .unknown, looks: Int(integer()),
        tasks: Int(integer()))
    }
    return Burst(
      trigger: .ioPressure, start: time(), end: time(), isOver: pick([true, false], else: true),
      looks: Int(integer()), counts: counts, omittedCounts: Int(integer()))
  }
}
