import TestSupport
import Records
import Wire

// Records with every field anywhere in its range, absences of all kinds, and texts of all sizes.

extension SeededGenerator {
  mutating func frame() -> Frame {
    switch count(upTo: 8) {
    case 0: .hello(hello())
    case 1: .tick(tick())
    case 2: .before(tick())
    case 3: .identity(identity())
    case 4: .burst(burst())
    case 5: .gap(gap())
    case 6: .request(request())
    case 7: .answer(answer())
    default:
      .notice(
        Notice(time: time(), severity: pick(Notice.Severity.allCases), text: text(upTo: 900)))
    }
  }

  mutating func request() -> Request {
    switch count(upTo: 7) {
    case 0:
      .introduction(
        Caller(user: text(upTo: 30), connection: text(upTo: 60), key: text(upTo: 100)))
    case 1: .stream
    case 2: .inventory
    case 3: .recent(seconds: UInt32(truncatingIfNeeded: number()))
    case 4: .process(pid: Int32(clamping: count(upTo: 4_000_000) + 1))
    case 6: .trace(traceRequest())
    case 7: .cancel(number: number())
    default:
      .fetch(span())
    }
  }

  private mutating func span() -> FrameSpan {
    let (one, other) = (number(), number())
    return FrameSpan(
      stream: stream(), first: min(one, other), last: max(one, other),
      byteLimit: UInt32(truncatingIfNeeded: number()))
  }

  mutating func answer() -> Answer {
    switch count(upTo: 8) {
    case 8: .accepted
    case 6: .traced(traced())
    case 7: .trace(trace(), processes: count(upTo: 500))
    case 0: .done
    case 5: .begins
    case 4: .process(report())
    case 1: .refused(text(upTo: 200))
    case 2: .fetched(Fetched(stream: stream(), through: number()))
    default:
      .inventory(
        SpoolInventory(
          usedBytes: number(), limitBytes: number(), spanSeconds: optional { $0.number() },
          problem: optional { $0.text(upTo: 200) },
          held: list(upTo: 5) { generator in
            let (one, other) = (generator.number(), generator.number())
            return SpoolInventory.Held(
              stream: generator.stream(), first: min(one, other), last: max(one, other),
              oldest: generator.time(), newest: generator.time())
          }))
    }
  }

  private mutating func stream() -> StreamID {
    StreamID(boot: BootID(high: next(), low: next()), number: next())
  }

  mutating func hello() -> Hello {
    Hello(
      stream: stream(), time: time(),
      agentVersion: text(upTo: 20), hostName: text(upTo: 60), kernelRelease: text(upTo: 60),
      engine: pick([.bpf, .proc, nil]), engineReason: text(upTo: 300),
      intervalNanoseconds: number(),
      ticksPerSecond: UInt32(truncatingIfNeeded: number()),
      pageBytes: UInt32(truncatingIfNeeded: number()), cpus: optional { $0.count(upTo: 5000) })
  }

  mutating func gap() -> Gap {
    let (one, other) = (number(), number())
    return Gap(
      first: min(one, other), last: max(one, other), reason: pick(GapReason.allCases))
  }

  mutating func tick() -> HostTick {
    var tick = HostTick(time: time(), engine: pick([.bpf, .proc]))
    tick.intervalNanoseconds = number()
    tick.pacedNanoseconds = number()
    for column in VmstatColumn.allCases where chance(80) { tick.row[column] = signed() }
    tick.load = optional {
      LoadAverage(
        oneMinute: $0.decimal(), fiveMinutes: $0.decimal(), fifteenMinutes: $0.decimal())
    }
    tick.cpus = optional { $0.count(upTo: 5000) }
    tick.pressure = Pressure(
      cpu: reading { $0.stall() }, io: reading { $0.stall() }, memory: reading { $0.stall() })
    tick.memory = MemoryFigures(
      dirtyKiB: reading { $0.number() }, writebackKiB: reading { $0.number() },
      swapTotalKiB: reading { $0.number() }, swapFreeKiB: reading { $0.number() })
    tick.disks = list(upTo: 5) { $0.disk() }
    tick.locks = list(upTo: 3) { $0.lock() }
    let shapes = list(upTo: 4) { $0.waiting() }
    tick.waiting = shapes
    for _ in 0..<(shapes.isEmpty ? 0 : count(upTo: 12)) {
      var task = pick(shapes)
      task.process = process()
      task.tid = int32()
      tick.waiting.append(task)
    }
    tick.processes = list(upTo: 20) { $0.sample() }
    tick.omittedProcesses = count(upTo: 30_000)
    tick.omittedIO = counters()
    tick.omittedWaiting = count(upTo: 3)
    tick.omittedDisks = count(upTo: 3)
    tick.omittedLocks = count(upTo: 3)
    tick.attribution = Attribution(read: attributed(), write: attributed())
    tick.processCount = count(upTo: 100_000)
    tick.ownCPUNanoseconds = number()
    return tick
  }

  mutating func identity() -> ProcessIdentity {
    ProcessIdentity(
      id: process(), name: name(), userID: reading { UInt32(truncatingIfNeeded: $0.number()) },
      user: optional { $0.text(upTo: 30) }, commandLine: reading { $0.text(upTo: 2000) },
      controlGroup: reading { $0.text(upTo: 300) }, unit: optional { $0.text(upTo: 80) },
      container: optional { $0.text(upTo: 64) },
      ancestors: list(upTo: ProcessIdentity.ancestorLimit) {
        ProcessIdentity.Ancestor(pid: $0.int32(), name: $0.name())
      })
  }

  mutating func burst() -> Burst {
    Burst(
      trigger: pick(BurstTrigger.allCases), start: time(), end: time(), isOver: chance(50),
      looks: count(upTo: 10_000),
      counts: list(upTo: 30) {
        Burst.Count(
          process: $0.process(), name: $0.name(), reason: $0.reason(),
          looks: $0.count(upTo: 500), tasks: $0.count(upTo: 500))
      }, omittedCounts: count(upTo: 100))
  }

  mutating func waiting() -> WaitingTask {
    WaitingTask(
      process: process(), tid: int32(), name: name(), state: pick(TaskState.allCases),
      reason: reason(), waitSeconds: decimal(), waitChannel: reading { $0.symbol() },
      systemCall: reading { $0.symbol() },
      stack: reading { $0.list(upTo: WaitingTask.stackLimit) { $0.symbol() } },
      holders: list(upTo: 5) { $0.int32() })
  }

  private mutating func sample() -> ProcessSample {
    ProcessSample(
      id: process(), parentPID: int32(), name: name(), state: pick(TaskState.allCases),
      threads: int32(), isKernelThread: chance(20), hasEnded: chance(20),
      io: reading { $0.counters() }, reaped: chance(20) ? counters() : IOCounters(),
      cpuNanoseconds: number(), blockDelayNanoseconds: reading { $0.number() },
      swapDelayNanoseconds: reading { $0.number() })
  }

  private mutating func disk() -> DiskSample {
    DiskSample(
      name: text(upTo: 32), layer: pick([.physical, .stacked, .memory]), reads: sparse(),
      writes: sparse(), readBytes: sparse(), writeBytes: sparse(), readMilliseconds: sparse(),
      writeMilliseconds: sparse(), inFlight: sparse(), busyMilliseconds: sparse())
  }

  mutating func lock() -> FileLock {
    FileLock(
      kind: pick(FileLock.Kind.allCases), isExclusive: chance(50),
      holder: optional { $0.int32() }, waiters: list(upTo: 9) { $0.int32() },
      file: text(upTo: 40), path: optional { $0.text(upTo: 500) },
      client: optional { $0.text(upTo: 100) })
  }

  mutating func reading<Value>(_ body: (inout Self) -> Value) -> Reading<Value> {
    switch count(upTo: 7) {
    case 0: .denied
    case 1: .disabled
    case 2: .unsupported
    case 3: .gap
    default: .known(body(&self))
    }
  }

  private mutating func sparse() -> UInt64 { chance(60) ? number() : 0 }

  mutating func counters() -> IOCounters {
    IOCounters(
      readCharacters: sparse(), writeCharacters: sparse(), readCalls: sparse(),
      writeCalls: sparse(), readBytes: sparse(), writeBytes: sparse(),
      cancelledWriteBytes: sparse())
  }

  private mutating func stall() -> Stall {
    Stall(someMicroseconds: sparse(), fullMicroseconds: sparse())
  }

  private mutating func attributed() -> Attribution.Bytes {
    Attribution.Bytes(processes: sparse(), reaped: sparse(), devices: sparse())
  }

  mutating func process() -> ProcessID { ProcessID(pid: int32(), startTicks: number()) }

  private mutating func reason() -> WaitReason {
    WaitReason(name: symbol(), kind: pick(WaitClass.allCases))
  }

  mutating func time() -> Timestamp { Timestamp(nanoseconds: signed()) }

  /// A few, so that they are shared; the empty one too.
  mutating func symbol() -> String {
    pick(["", "ext4 journal commit", "folio_wait_bit", "äöü", "x"]) + (chance(30) ? "2" : "")
  }

  /// Hundredths, or any pattern that is a number.
  private mutating func decimal() -> Double {
    switch count(upTo: 3) {
    case 0: return Double(count(upTo: 100_000)) / 100
    case 1: return -Double(count(upTo: 1000)) / 1000
    case 2: return pick([0, -0.0, 1e12, -1e12, .infinity, .leastNonzeroMagnitude, 0.1 + 0.2])
    default:
      let value = Double(bitPattern: next())
      return value.isNaN ? 1 : value
    }
  }

  /// Any bytes but NUL.
  mutating func name() -> TaskName {
    let bytes = list(upTo: TaskName.limit) { UInt8.random(in: 1...255, using: &$0) }
    return TaskName(bytes.span)
  }

  /// What is printable already: what isn't doesn't come back as it was.
  mutating func text(upTo limit: Int) -> String {
    let letters = Array("abc /-_.:=,0123äß→漢🦊")
    // A fox has four bytes.
    return String(list(upTo: limit / 4) { $0.pick(letters) })
  }
}
