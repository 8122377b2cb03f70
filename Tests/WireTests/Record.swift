import Records
import Testing
import Wire

/// One record of each kind, as an agent might send it. The golden files show their bytes: change
/// a record and its file, but never the bytes of a record that stays.
struct Record: CustomTestStringConvertible {
  var name: String
  var frame: Frame

  var testDescription: String { name }

  static let all = [
    Record(name: "hello", frame: .hello(hello)),
    Record(name: "tick-calm", frame: .tick(calmTick)),
    Record(name: "tick-busy", frame: .tick(busyTick)),
    Record(name: "before", frame: .before(beforeTick)),
    Record(name: "identity", frame: .identity(identity)),
    Record(name: "burst", frame: .burst(burst)),
    Record(name: "gap", frame: .gap(Gap(first: 7_000, last: 9_123, reason: .spoolFull))),
    Record(
      name: "notice",
      frame: .notice(
        Notice(time: night, severity: .warning, text: "interval doubled: over 1 % of a core"))),
    Record(
      name: "request-introduction",
      frame: .request(
        .introduction(
          Caller(user: "culprit", connection: "10.0.0.9 50122 10.0.0.1 22", key: "SHA256:abc")))),
    Record(name: "request-stream", frame: .request(.stream)),
    Record(
      name: "request-fetch",
      frame: .request(
        .fetch(FrameSpan(stream: Stream.id, first: 7_000, last: 9_123, byteLimit: 262_144)))),
    Record(name: "request-process", frame: .request(.process(pid: 4_711))),
    Record(name: "request-trace", frame: .request(.trace(traceRequest))),
    Record(
      name: "request-trace-pids",
      frame: .request(.trace(TraceRequest(.pids([1, 4_711]), isDryRun: true)))),
    Record(name: "request-cancel", frame: .request(.cancel(number: 1 << 32))),
    Record(name: "answer-begins", frame: .answer(.begins)),
    Record(name: "answer-accepted", frame: .answer(.accepted)),
    Record(name: "answer-inventory", frame: .answer(.inventory(inventory))),
    Record(
      name: "answer-fetched",
      frame: .answer(.fetched(Fetched(stream: Stream.id, through: 8_001)))),
    Record(name: "answer-process", frame: .answer(.process(report))),
    Record(name: "answer-traced", frame: .answer(.traced(traced))),
    Record(name: "answer-trace", frame: .answer(.trace(trace, processes: 1))),
    Record(name: "answer-refused", frame: .answer(.refused("control is off here"))),
  ]

  static let inventory = SpoolInventory(
    usedBytes: 12_345_678, limitBytes: 67_108_864, spanSeconds: 172_800, problem: nil,
    held: [
      SpoolInventory.Held(
        stream: Stream.id, first: 1, last: 9_123, oldest: Timestamp(seconds: 1_795_400_000),
        newest: night)
    ])

  /// 2026-11-23T03:12:00.25Z
  static let night = Timestamp(nanoseconds: 1_795_403_520_250_000_000)

  static let hello = Hello(
    stream: Stream.id, time: night, agentVersion: "0.4.0", hostName: "db1.example.org",
    kernelRelease: "6.18.0-1-amd64", engine: .proc,
    engineReason: "no BTF: /sys/kernel/btf/vmlinux is missing", cpus: 16)

  /// A database server of 16 CPUs at night: a few daemons woke up.
  static let calmTick: HostTick = {
    var tick = HostTick(time: night, engine: .bpf)
    tick.pacedNanoseconds = 1_000_000_000
    tick.intervalNanoseconds = 1_000_083_412
    tick.row = row([
      1, 0, 524_288, 3_912_344, 1_204_112, 48_213_004, 0, 0, 12, 384, 2_913, 4_127, 1, 1, 98, 0, 0,
    ])
    tick.load = LoadAverage(oneMinute: 0.42, fiveMinutes: 0.37, fifteenMinutes: 1.04)
    tick.cpus = 16
    tick.pressure = Pressure(
      cpu: .known(Stall(someMicroseconds: 1_843, fullMicroseconds: 0)),
      io: .known(Stall(someMicroseconds: 912, fullMicroseconds: 877)),
      memory: .known(Stall(someMicroseconds: 0, fullMicroseconds: 0)))
    tick.memory = MemoryFigures(
      dirtyKiB: .known(3_412), writebackKiB: .known(0), swapTotalKiB: .known(8_388_604),
      swapFreeKiB: .known(7_864_316))
    tick.disks = [
      DiskSample(
        name: "nvme0n1", layer: .physical, reads: 3, writes: 21, readBytes: 12_288,
        writeBytes: 393_216, readMilliseconds: 1, writeMilliseconds: 9, busyMilliseconds: 8)
    ]
    tick.processes = [
      process(1_234, "postgres", written: 262_144, cpu: 1_812_345),
      process(987, "rsyslogd", written: 8_192, cpu: 412_907),
      process(3_120_877, "sshd", written: 0, cpu: 298_551),
    ]
    tick.attribution = Attribution(
      read: Attribution.Bytes(processes: 0, reaped: 0, devices: 12_288),
      write: Attribution.Bytes(processes: 270_336, reaped: 0, devices: 393_216))
    tick.processCount = 412
    tick.ownCPUNanoseconds = 803_114
    return tick
  }()

  static let busyTick: HostTick = {
    var tick = calmTick
    tick.row[.b] = 3
    tick.row[.st] = nil
    tick.load = LoadAverage(oneMinute: 38.11, fiveMinutes: 12.5, fifteenMinutes: 4.0)
    tick.pressure.memory = .denied
    tick.memory.writebackKiB = .gap
    tick.disks.append(
      DiskSample(
        name: "dm-0", layer: .stacked, writes: 900, writeBytes: 120_000_000,
        writeMilliseconds: 44_000, inFlight: 128, busyMilliseconds: 1_000))
    tick.locks = [
      FileLock(
        kind: .flock, isExclusive: true, holder: 4_242, waiters: [4_243, 4_244],
        file: "fd:00:393218", path: "/var/lib/app/lock"),
      FileLock(
        kind: .posix, isExclusive: false, holder: nil, waiters: [51], file: "00:2d:7",
        client: "192.0.2.17"),
    ]
    let journal = ["folio_wait_bit", "jbd2_log_wait_commit", "ext4_sync_file", "do_fsync"]
    tick.waiting = [
      waiting(1_234, 1_240, "postgres", seconds: 2.5, stack: .known(journal)),
      waiting(1_236, 1_236, "postgres", seconds: 0.125, stack: .known(journal)),
      waiting(1_237, 1_237, "postgres", seconds: 1.0 / 3, stack: .denied, holders: [612, 613]),
    ]
    tick.processes[0].io = .denied
    tick.processes[0].blockDelayNanoseconds = .known(980_000_000)
    tick.processes[0].state = .uninterruptible
    tick.processes[0].threads = 7
    tick.processes[1].hasEnded = true
    tick.processes[1].reaped.writeBytes = 4_096
    tick.processes[2].isKernelThread = true
    tick.omittedProcesses = 12
    tick.omittedIO.readCharacters = 77_000
    tick.omittedWaiting = 1
    return tick
  }()

  static let beforeTick: HostTick = {
    var tick = HostTick(time: night, engine: .proc)
    tick.processes = [process(1, "systemd", written: 4_096, cpu: 1)]
    return tick
  }()

  static let identity = ProcessIdentity(
    id: ProcessID(pid: 1_234, startTicks: 98_765), name: TaskName("postgres"),
    userID: .known(113), user: "postgres",
    commandLine: .known("/usr/lib/postgresql/17/bin/postgres -D /var/lib/postgresql/17/main"),
    controlGroup: .known("/system.slice/postgresql@17-main.service"),
    unit: "postgresql@17-main.service",
    ancestors: [
      ProcessIdentity.Ancestor(pid: 612, name: TaskName("pg_ctlcluster")),
      ProcessIdentity.Ancestor(pid: 1, name: TaskName("systemd")),
    ])

  static let burst = Burst(
    trigger: .blockedTasks, start: night, end: night.advanced(bySeconds: 4.5), looks: 72,
    counts: [
      count(1_234, "postgres", "ext4 journal commit", .filesystemLog, looks: 70, tasks: 512),
      count(411, "jbd2/dm-0-8", "block I/O", .disk, looks: 66, tasks: 66),
      count(2_001, "backup", "ext4 journal commit", .filesystemLog, looks: 9, tasks: 9),
    ], omittedCounts: 2)

  static func row(_ values: [Int64]) -> VmstatRow {
    var row = VmstatRow()
    for (column, value) in zip(VmstatColumn.standard, values) { row[column] = value }
    return row
  }

  static func process(
    _ pid: Int32, _ name: StaticString, written: UInt64, cpu: UInt64
  ) -> ProcessSample {
    var io = IOCounters()
    io.writeBytes = written
    io.writeCharacters = written / 2
    io.writeCalls = written / 8_192
    return ProcessSample(
      id: ProcessID(pid: pid, startTicks: 8_640_000 + UInt64(pid)), parentPID: 1,
      name: TaskName(name), state: .sleeping, io: .known(io), cpuNanoseconds: cpu)
  }

  private static func waiting(
    _ pid: Int32, _ tid: Int32, _ name: StaticString, seconds: Double,
    stack: Reading<[String]>, holders: [Int32] = []
  ) -> WaitingTask {
    WaitingTask(
      process: ProcessID(pid: pid, startTicks: 98_765), tid: tid, name: TaskName(name),
      state: .uninterruptible,
      reason: WaitReason(name: "ext4 journal commit", kind: .filesystemLog),
      waitSeconds: seconds, waitChannel: .known("jbd2_log_wait_commit"),
      systemCall: .known("fdatasync"), stack: stack, holders: holders)
  }

  private static func count(
    _ pid: Int32, _ name: StaticString, _ reason: String, _ kind: WaitClass, looks: Int,
    tasks: Int
  ) -> Burst.Count {
    Burst.Count(
      process: ProcessID(pid: pid, startTicks: 98_765), name: TaskName(name),
      reason: WaitReason(name: reason, kind: kind), looks: looks, tasks: tasks)
  }
}
