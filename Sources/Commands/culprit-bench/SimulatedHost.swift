import Records

/// A host at work, made up: processes that move bytes, some of which wait, on two disks. Figures
/// change from tick to tick, in sizes as real hosts have them, and now and then a process makes
/// room for another.
struct SimulatedHost {
  /// Processes that move bytes.
  let suspects: Int

  static let cpus = 8
  /// A process is replaced so often, one after the other, seconds.
  static let changeSeconds = 10

  var places: Range<Int> { 0..<suspects }

  /// Three of ten wait.
  private var waiters: Range<Int> { 0..<(suspects * 3 / 10) }

  private struct Program {
    var name: TaskName
    var user: String
    var command: String
    var unit: String
  }

  private static let programs = [
    Program(
      name: TaskName("postgres"), user: "postgres",
      command: "postgres: 15/main: orders app 10.2.0.17(51342) INSERT",
      unit: "postgresql@15-main.service"),
    Program(
      name: TaskName("rsync"), user: "backup",
      command: "rsync -aHAX --numeric-ids --delete /srv/data/ backup1:/pool/srv/data/",
      unit: "nightly-backup.service"),
    Program(
      name: TaskName("mysqld"), user: "mysql",
      command: "/usr/sbin/mysqld --defaults-file=/etc/mysql/my.cnf", unit: "mysql.service"),
    Program(
      name: TaskName("java"), user: "elastic",
      command: "/usr/lib/jvm/java-17/bin/java -Xms8g -Xmx8g -XX:+UseG1GC -jar search.jar",
      unit: "search.service"),
    Program(
      name: TaskName("php-fpm8.2"), user: "www-data", command: "php-fpm: pool www",
      unit: "php8.2-fpm.service"),
    Program(
      name: TaskName("tar"), user: "root",
      command: "tar --zstd -cf /backup/2026-01-07/home.tar.zst --one-file-system /home",
      unit: "session-412.scope"),
    Program(
      name: TaskName("systemd-journal"), user: "root",
      command: "/lib/systemd/systemd-journald", unit: "systemd-journald.service"),
  ]

  private static let waits: [(reason: WaitReason, call: String, stack: [String])] = [
    (
      WaitReason(name: "ext4 journal commit", kind: .filesystemLog), "fsync",
      [
        "jbd2_log_wait_commit", "jbd2_complete_transaction", "ext4_fsync_journal",
        "ext4_sync_file", "vfs_fsync_range", "do_fsync", "__x64_sys_fsync", "do_syscall_64",
      ]
    ),
    (
      WaitReason(name: "dirty page throttling", kind: .writeback), "pwrite64",
      [
        "balance_dirty_pages", "balance_dirty_pages_ratelimited_flags", "generic_perform_write",
        "ext4_buffered_write_iter", "vfs_write", "__x64_sys_pwrite64", "do_syscall_64",
      ]
    ),
    (
      WaitReason(name: "block I/O", kind: .disk), "pread64",
      [
        "io_schedule", "folio_wait_bit_common", "filemap_get_pages", "filemap_read",
        "ext4_file_read_iter", "vfs_read", "__x64_sys_pread64", "do_syscall_64",
      ]
    ),
  ]

  // MARK: Who is there

  /// Places that somebody new has from that second on.
  func newcomers(at second: Int) -> [Int] {
    guard second > 0 else { return Array(places) }
    guard suspects > 0, second.isMultiple(of: Self.changeSeconds) else { return [] }
    return [second / Self.changeSeconds % suspects]
  }

  /// The second in which the process began that has a place at that second.
  func start(of place: Int, at second: Int) -> Int {
    let change = second / Self.changeSeconds
    let since = change - (change - place % suspects + suspects) % suspects
    return max(0, since) * Self.changeSeconds
  }

  private func id(_ place: Int, at second: Int) -> ProcessID {
    let since = start(of: place, at: second)
    return ProcessID(
      pid: Int32(20_000 + (place + since / Self.changeSeconds * 37) % 900_000),
      startTicks: UInt64(8_640_000 + since * 100 + place))
  }

  private func program(_ place: Int) -> Program { Self.programs[place % Self.programs.count] }

  func identity(_ place: Int, at second: Int) -> ProcessIdentity {
    let program = program(place)
    return ProcessIdentity(
      id: id(place, at: second), name: program.name, userID: .known(UInt32(100 + place)),
      user: program.user, commandLine: .known(program.command),
      controlGroup: .known("/system.slice/" + program.unit), unit: program.unit,
      ancestors: [
        .init(pid: Int32(800 + place), name: program.name),
        .init(pid: 1, name: TaskName("systemd")),
      ])
  }

  // MARK: What they do

  func tick(_ second: Int, slot: Int, time: Timestamp) -> HostTick {
    var dice = Dice(seed: UInt64(second) &* 1_000_003 &+ UInt64(slot))
    var tick = HostTick(time: time, engine: .bpf)
    (tick.intervalNanoseconds, tick.pacedNanoseconds) = (1_000_000_000, 1_000_000_000)
    tick.cpus = Self.cpus
    tick.processCount = 312
    tick.ownCPUNanoseconds = 1_400_000 + dice.below(300_000)
    tick.load = LoadAverage(oneMinute: 1.42, fiveMinutes: 1.31, fifteenMinutes: 1.2)
    tick.processes = places.map { process($0, second, &dice) }
    tick.waiting = waiters.map { waiting($0, second) }
    let bytes = tick.processes.reduce(IOCounters()) { $0 + ($1.io.value ?? IOCounters()) }
    tick.disks = disks(bytes, &dice)
    tick.row = row(bytes, &dice)
    tick.memory = MemoryFigures(
      dirtyKiB: .known(2_000 + dice.below(40_000)), writebackKiB: .known(dice.below(4_000)),
      swapTotalKiB: .known(0), swapFreeKiB: .known(0))
    func stall(_ most: UInt64) -> Reading<Stall> {
      let some = dice.below(most)
      return .known(Stall(someMicroseconds: some, fullMicroseconds: some / 3))
    }
    tick.pressure = Pressure(
      cpu: stall(20_000), io: stall(suspects > 0 ? 400_000 : 2_000), memory: stall(100))
    tick.attribution.read.processes = bytes.readBytes
    tick.attribution.read.devices = bytes.readBytes
    tick.attribution.write.processes = bytes.writeBytes
    tick.attribution.write.devices = bytes.writeBytes
    return tick
  }

  private func process(_ place: Int, _ second: Int, _ dice: inout Dice) -> ProcessSample {
    let written = (1 + dice.below(2_000)) * 4096
    let read = dice.below(500) * 4096
    let io = IOCounters(
      readCharacters: read + dice.below(100_000), writeCharacters: written,
      readCalls: dice.below(2_000), writeCalls: 1 + dice.below(2_000), readBytes: read,
      writeBytes: written, cancelledWriteBytes: 0)
    return ProcessSample(
      id: id(place, at: second), parentPID: Int32(800 + place), name: program(place).name,
      state: waiters.contains(place) ? .uninterruptible : .sleeping,
      threads: Int32(1 + place % 12), io: .known(io), cpuNanoseconds: dice.below(200_000_000))
  }

  private func waiting(_ place: Int, _ second: Int) -> WaitingTask {
    let wait = Self.waits[place % Self.waits.count]
    let id = id(place, at: second)
    return WaitingTask(
      process: id, tid: id.pid, name: program(place).name, state: .uninterruptible,
      reason: wait.reason, waitSeconds: Double(second % 19) + 0.25,
      waitChannel: .known(wait.stack[0]), systemCall: .known(wait.call),
      stack: .known(wait.stack))
  }

  private func disks(_ bytes: IOCounters, _ dice: inout Dice) -> [DiskSample] {
    // A calm host's disk has something to do now and then.
    let reads = bytes.readBytes / 65_536
    let writes = max(bytes.writeBytes / 65_536, dice.below(4))
    guard reads + writes > 0 else { return [] }
    let disk = DiskSample(
      name: "nvme0n1", layer: .physical, reads: reads, writes: writes,
      readBytes: bytes.readBytes, writeBytes: max(bytes.writeBytes, writes * 8_192),
      readMilliseconds: reads / 2, writeMilliseconds: writes, inFlight: dice.below(8),
      busyMilliseconds: min(1_000, 4 * writes))
    guard suspects > 0 else { return [disk] }
    var mapped = disk
    (mapped.name, mapped.layer) = ("dm-0", .stacked)
    return [disk, mapped]
  }

  private func row(_ bytes: IOCounters, _ dice: inout Dice) -> VmstatRow {
    var row = VmstatRow()
    for column in VmstatColumn.standard { row[column] = 0 }
    row[.r] = Int64(dice.below(3))
    row[.b] = Int64(waiters.count)
    row[.free] = 8_123_456 - Int64(dice.below(100_000))
    row[.buff] = 61_440
    row[.cache] = 1_934_856 + Int64(dice.below(10_000))
    row[.bi] = Int64(bytes.readBytes / 1024)
    row[.bo] = Int64(bytes.writeBytes / 1024)
    row[.in] = 700 + Int64(dice.below(400))
    row[.cs] = 1_200 + Int64(dice.below(900))
    row[.us] = 3 + Int64(dice.below(11))
    row[.sy] = 2
    row[.wa] = suspects > 0 ? 4 : 0
    row[.id] = 84
    return row
  }
}

/// Numbers that look like chance and are the same each time (Knuth's MMIX).
private struct Dice {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
    _ = below(2)
  }

  mutating func below(_ bound: UInt64) -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return bound == 0 ? 0 : (state >> 33) % bound
  }
}
