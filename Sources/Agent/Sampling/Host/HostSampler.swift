import Bytes
import Glibc
import ProcFS
import Records

/// Reads what concerns the whole host, once a tick: the vmstat row, load, CPUs, pressure, memory,
/// disks, locks, and what the devices moved.
///
/// Files are held open and read again from their start. A steady tick allocates nothing.
public struct HostSampler: ~Copyable {
  /// Requests that await a FUSE server; while it is above 0, tasks are searched for who waits.
  /// `disabled` where fusectl isn't mounted.
  public private(set) var fuseWaiting: Reading<UInt64> = .gap
  /// Tasks there are, threads counted, whether or not they can be seen: what a listing is held
  /// against (hidepid).
  public private(set) var taskCount: UInt64?
  /// Processes and threads created since boot: no new one while it stands still.
  public private(set) var forks: UInt64?
  /// When the host was booted, seconds since 1970.
  public private(set) var bootSeconds: UInt64?

  let proc: ProcRoot
  let sys: ProcRoot
  private var files: HostFiles
  private var buffer = ReadBuffer(capacity: 1 << 14)
  /// Room for what is looked up while `buffer` is being read.
  private var lookup = ReadBuffer()
  private var latest = VmstatReading()
  /// When `latest` was read, by the monotonic clock.
  private var latestNanoseconds: UInt64?
  private var stalls = StallMeter()
  private var disks = DiskTable()
  private var holders = LockHolders()
  /// A file server may have 100,000 locks, and the kernel stops all locking while it prints them:
  /// a long table is read at fewer ticks, and shown as it was in between.
  private var latestLocks: [FileLock] = []
  private var locksRest = 0
  /// Bytes of `/proc/locks` that are read at every tick, about 1,000 locks.
  private static let locksEachTick = 1 << 16
  private var fuseNumbers: [Int32] = []
  private var fuseRead: UInt64?
  private static let fuseNanoseconds: UInt64 = 2_000_000_000
  private let pageKiB: UInt64

  /// - Throws: `ProcError.open`, where there is no such folder as `proc`. Without `sys` there is
  ///   less to tell of devices.
  public init(proc: String = "/proc", sys: String = "/sys") throws(ProcError) {
    let procRoot = try ProcRoot(proc)
    let sysRoot = try HostSampler.openSystem(sys, proc)
    self.proc = procRoot
    self.sys = sysRoot
    files = HostFiles(self.proc)
    pageKiB = UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1024)) / 1024
  }

  /// Where sysfs is missing, the root of /proc stands in: what is asked of it isn't there.
  private static func openSystem(_ sys: String, _ proc: String) throws(ProcError) -> ProcRoot {
    do { return try ProcRoot(sys) } catch { return try ProcRoot(proc) }
  }

  /// Takes a reading and fills in everything of `tick` that isn't a process's. The first one has
  /// no rates: those columns are absent, and pressure is a gap.
  ///
  /// - Parameters:
  ///   - tick: the one before, so that its lists keep their room, or a new one.
  ///   - now: the monotonic clock, nanoseconds. `tick.intervalNanoseconds` is set from it where it
  ///     is 0.
  public mutating func sample(into tick: inout HostTick, now: UInt64 = MonotonicClock.now) {
    let interval = latestNanoseconds.map { now > $0 ? now - $0 : 1 }
    if tick.intervalNanoseconds == 0 { tick.intervalNanoseconds = interval ?? 0 }
    readRow(into: &tick, interval: interval)
    latestNanoseconds = now
    readLoad(into: &tick)
    readPressure(into: &tick)
    readDisks(into: &tick)
    readLocks(into: &tick)
    // Where nobody waited, a hung server is told two seconds late.
    if (fuseWaiting.value ?? 0) > 0
      || fuseRead.map({ now &- $0 >= HostSampler.fuseNanoseconds }) ?? true
    {
      fuseRead = now
      fuseWaiting = FuseConnections.waiting(in: sys, numbers: &fuseNumbers, using: &buffer)
    }
  }

  private mutating func readRow(into tick: inout HostTick, interval: UInt64?) {
    var reading = VmstatReading()
    if files.stat.read(proc, &buffer) == .bytes {
      reading.stat = buffer.withBytes { HostStat($0) }
    }
    let memory = files.memory.read(proc, &buffer)
    if memory == .bytes { reading.memory = buffer.withBytes { MemoryInfo($0) } }
    if files.paging.read(proc, &buffer) == .bytes {
      reading.paging = buffer.withBytes { PagingCounters($0) }
    }
    tick.row = VmstatRow()
    VmstatArithmetic.fillLevels(&tick.row, reading)
    if let interval {
      let nanoseconds = HostSampler.divisor(interval, asked: tick.pacedNanoseconds)
      VmstatArithmetic.fillRates(
        &tick.row, from: latest, to: reading, nanoseconds: nanoseconds, pageKiB: pageKiB)
    }
    tick.memory = HostSampler.figures(reading.memory, memory)
    tick.cpus = reading.stat.cpus > 0 ? reading.stat.cpus : onlineCPUs()
    forks = reading.stat.forks
    bootSeconds = reading.stat.bootSeconds ?? bootSeconds
    latest = reading
  }

  /// vmstat divides by the seconds that were asked for. So do we while the tick was that long to a
  /// hundredth; what came later is divided by the time it took.
  private static func divisor(_ interval: UInt64, asked: UInt64) -> UInt64 {
    let difference = interval > asked ? interval - asked : asked - interval
    return asked > 0 && difference <= asked / 100 ? asked : interval
  }

  private static func figures(_ memory: MemoryInfo, _ outcome: ReadOutcome) -> MemoryFigures {
    func reading(_ value: UInt64?) -> Reading<UInt64> {
      outcome == .bytes ? value.map { .known($0) } ?? .unsupported : outcome.reading { nil }
    }
    return MemoryFigures(
      dirtyKiB: reading(memory.dirty), writebackKiB: reading(memory.writeback),
      swapTotalKiB: reading(memory.swapTotal), swapFreeKiB: reading(memory.swapFree))
  }

  /// Where `/proc/stat` lists no CPUs.
  private mutating func onlineCPUs() -> Int? {
    guard sys.readRecord(ProcPath("devices/system/cpu/online"), into: &buffer) == .bytes else {
      return nil
    }
    return buffer.withBytes { CPUList.count($0) }
  }

  private mutating func readLoad(into tick: inout HostTick) {
    let isRead = files.load.readRecord(proc, &buffer) == .bytes
    let load = isRead ? buffer.withBytes { LoadReading($0) } : nil
    tick.load = load?.average
    taskCount = load?.tasks
  }

  private mutating func readPressure(into tick: inout HostTick) {
    tick.pressure = Pressure(
      cpu: stalls.cpu.advance(files.cpuPressure.totals(proc, &buffer)),
      io: stalls.io.advance(files.ioPressure.totals(proc, &buffer)),
      memory: stalls.memory.advance(files.memoryPressure.totals(proc, &buffer)))
  }

  private mutating func readDisks(into tick: inout HostTick) {
    tick.disks.removeAll(keepingCapacity: true)
    (tick.attribution.read.devices, tick.attribution.write.devices) = (0, 0)
    guard files.disks.read(proc, &buffer) == .bytes else { return }
    buffer.withBytes { disks.take($0, sys: sys, using: &lookup, into: &tick.disks) }
    tick.attribution.read.devices = disks.readBytes
    tick.attribution.write.devices = disks.writtenBytes
  }

  private mutating func readLocks(into tick: inout HostTick) {
    tick.locks.removeAll(keepingCapacity: true)
    if locksRest > 0 {
      locksRest -= 1
      tick.locks.append(contentsOf: latestLocks)
      return
    }
    latestLocks = []
    guard files.locks.read(proc, &buffer) == .bytes else { return }
    buffer.withBytes { LockTable.contended(in: $0, into: &tick.locks) }
    locksRest = buffer.count / HostSampler.locksEachTick
    holders.complete(&tick.locks, proc: proc, using: &buffer)
    if locksRest > 0 { latestLocks = tick.locks }
  }
}
