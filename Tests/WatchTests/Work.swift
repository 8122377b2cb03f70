import Records

@testable import Watch

/// What the agents of a fleet say of processes, devices and bursts.
enum Work {
  static func process(
    _ pid: Int32, read: UInt64 = 0, write: UInt64 = 0, cpuPercent: UInt64 = 0,
    user: String = "root",
    command: String = "", unit: String? = nil, io: Reading<IOCounters>? = nil
  ) -> ProcessActivity {
    var counters = IOCounters()
    counters.readBytes = read
    counters.writeBytes = write
    return ProcessActivity(
      id: ProcessID(pid: pid, startTicks: UInt64(pid) * 10),
      owner: ProcessOwner(name: "name\(pid)", user: user, command: command, unit: unit),
      state: .sleeping, io: io ?? .known(counters), cpuNanoseconds: cpuPercent * 10_000_000)
  }

  static func activity(
    _ host: String, _ time: Timestamp, _ processes: [ProcessActivity] = usual
  ) -> HostActivity {
    HostActivity(
      host: host, time: time, intervalNanoseconds: 1_000_000_000, processes: processes,
      omittedProcesses: host == "db1" ? 12 : 0,
      omittedIO: {
        var counters = IOCounters()
        counters.writeBytes = host == "db1" ? 40_960 : 0
        return counters
      }(),
      disks: [
        DiskSample(
          name: "sda", layer: .physical, reads: 3, writes: 812, readBytes: 12_288,
          writeBytes: 98_566_144, readMilliseconds: 90, writeMilliseconds: 30_000, inFlight: 32,
          busyMilliseconds: 998),
        DiskSample(
          name: "dm-0\u{1B}[2J", layer: .stacked, reads: 3, writes: 812, readBytes: 12_288,
          writeBytes: 98_566_144, inFlight: 40, busyMilliseconds: 1_000),
        DiskSample(name: "zram0", layer: .memory, inFlight: 1, busyMilliseconds: 10),
      ],
      pressure: Pressure(
        cpu: .known(Stall(someMicroseconds: 20_000, fullMicroseconds: 0)),
        io: .known(Stall(someMicroseconds: 930_000, fullMicroseconds: 880_000)),
        memory: .disabled),
      memory: MemoryFigures(dirtyKiB: .known(123_456), writebackKiB: .denied))
  }

  static let usual: [ProcessActivity] = {
    var reaper = process(812, write: 40_000_000, user: "backup", command: "tar czf /b.tgz /srv")
    reaper.reaped.writeBytes = 1_000_000
    var flusher = process(99, write: 4_096, command: "")
    flusher.isKernelThread = true
    var gone = process(5000, read: 9_000_000, user: "www\u{1B}[2J", command: "grep -r 漢字 /srv")
    gone.hasEnded = true
    return [
      process(
        4711, read: 12_000, write: 90_000_000, cpuPercent: 12, user: "postgres",
        command: "postgres: checkpointer", unit: "postgresql@15-main.service"),
      reaper, gone, flusher,
      process(77, cpuPercent: 99, command: "burn"),
      process(78, command: "idle"),
      process(79, command: "secret", io: .denied),
      process(80, cpuPercent: 3, command: "unread", io: .gap),
    ]
  }()

  static func suspects(_ host: String, _ time: Timestamp) -> SuspectReport {
    let owner = ProcessOwner(name: "postgres")
    return SuspectReport(
      host: host, time: time, source: .agent,
      suspects: [
        Suspect(
          pid: 4711, tid: 4711, state: "D", user: "postgres", reason: "ext4 journal commit",
          waitSeconds: 12.5, command: "postgres: checkpointer",
          details: SuspectDetails(startTicks: 47_110, owner: owner)),
        Suspect(
          pid: 78, tid: 78, state: "S", user: "root", reason: "file lock", waitSeconds: 3,
          command: "idle",
          details: SuspectDetails(
            startTicks: 780, owner: owner, holders: [812, 4, 5, 6], lockPath: "/srv/lo\u{7}ck")),
      ])
  }

  static func burst(
    _ host: String, _ start: Timestamp, to end: Timestamp, isOver: Bool = false
  ) -> HostBurst {
    HostBurst(
      host: host,
      burst: Burst(
        trigger: .ioPressure, start: start, end: end, isOver: isOver, looks: 214,
        counts: [
          Burst.Count(
            process: ProcessID(pid: 4711, startTicks: 47_110), name: TaskName("postgres"),
            reason: WaitReason(name: "ext4 journal commit", kind: .filesystemLog), looks: 190,
            tasks: 200),
          Burst.Count(
            process: ProcessID(pid: 78, startTicks: 780), name: TaskName("idle"),
            reason: WaitReason(name: "file lock", kind: .lock), looks: 12, tasks: 12),
        ]))
  }
}
