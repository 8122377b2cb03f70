import ProcFS
import Records

/// What a vmstat row is made of, read at one moment.
struct VmstatReading {
  var stat = HostStat()
  var memory = MemoryInfo()
  var paging = PagingCounters()
}

/// The arithmetic of procps' vmstat (src/vmstat.c `new_format` and library/stat.c, 4.0.6), so that
/// a row of ours is the row it would have printed.
///
/// It differs where procps does from release to release, and then for what is right:
/// * guest time is that of the interval (4.0.2 and 4.0.3 printed it since boot), taken out of `us`
///   and shown as `gu`; procps 3 left it in `us`;
/// * memory is exact (to 4.0.2 a float rounded what has more than 24 bits) and of this moment
///   (4.0.2 repeats its first row's);
/// * where CPU time went back, because CPUs came or went, the shares are absent: procps 4 prints
///   such an interval as wholly idle, procps 3 as nonsense;
/// * `r` counts the reader itself, as 4.0.0 to 4.0.6 do; procps 3, and what follows 4.0.6, take
///   one off.
enum VmstatArithmetic {
  /// The columns that need no interval.
  static func fillLevels(_ row: inout VmstatRow, _ now: VmstatReading) {
    row[.r] = column(now.stat.running)
    row[.b] = column(now.stat.blocked)
    if let total = now.memory.swapTotal, let free = now.memory.swapFree {
      row[.swpd] = column(total > free ? total - free : 0)
    }
    row[.free] = column(now.memory.free)
    row[.buff] = column(now.memory.buffers)
    // Before Linux 2.6.19 the slab wasn't told apart, and nothing is added.
    row[.cache] = now.memory.cached.flatMap { column($0 &+ (now.memory.slabReclaimable ?? 0)) }
    row[.active] = column(now.memory.active)
    row[.inact] = column(now.memory.inactive)
  }

  /// The columns of the interval between two readings; what went back, or isn't there, is absent.
  ///
  /// - Parameter nanoseconds: the interval, at least 1.
  static func fillRates(
    _ row: inout VmstatRow, from old: VmstatReading, to now: VmstatReading, nanoseconds: UInt64,
    pageKiB: UInt64
  ) {
    func rate(_ old: UInt64?, _ new: UInt64?, times factor: UInt64 = 1) -> Int64? {
      guard let old, let new, new >= old else { return nil }
      return perSecond((new - old).multipliedReportingOverflow(by: factor), nanoseconds)
    }
    row[.si] = rate(old.paging.swappedInPages, now.paging.swappedInPages, times: pageKiB)
    row[.so] = rate(old.paging.swappedOutPages, now.paging.swappedOutPages, times: pageKiB)
    row[.bi] = rate(old.paging.pagedInKiB, now.paging.pagedInKiB)
    row[.bo] = rate(old.paging.pagedOutKiB, now.paging.pagedOutKiB)
    row[.in] = rate(old.stat.interrupts, now.stat.interrupts)
    row[.cs] = rate(old.stat.contextSwitches, now.stat.contextSwitches)
    if let old = old.stat.cpu, let now = now.stat.cpu { fillShares(&row, from: old, to: now) }
  }

  /// Whether time in user code, in the kernel, busy or idle went back: a new set of CPUs, which
  /// can't be compared with the old one (library/stat.c, `stat_derive_unique`). `iowait` alone may
  /// go back at any time (proc_stat(5)).
  private static func isNewInstance(_ old: CPUTicks, _ now: CPUTicks) -> Bool {
    func sums(_ ticks: CPUTicks) -> (user: UInt64, system: UInt64, idle: UInt64, busy: UInt64) {
      let user = ticks.user &+ ticks.nice
      let system = ticks.system &+ ticks.interrupt &+ ticks.softInterrupt
      return (user, system, ticks.idle &+ ticks.ioWait, user &+ system &+ (ticks.stolen ?? 0))
    }
    let (old, now) = (sums(old), sums(now))
    return now.user < old.user || now.system < old.system || now.idle < old.idle
      || now.busy < old.busy
  }

  /// Shares of CPU time, per cent: `(100·x + total/2) / total`.
  private static func fillShares(_ row: inout VmstatRow, from old: CPUTicks, to now: CPUTicks) {
    guard !isNewInstance(old, now) else { return }
    // A counter that went back counts as 0, each for itself (library/stat.c, TICsetH).
    func grown(_ old: UInt64, _ new: UInt64) -> UInt64 {
      // Tick counts of centuries are nonsense, and must not overflow what is summed below.
      new > old ? min(new - old, 1 << 48) : 0
    }
    let user = grown(old.user, now.user) + grown(old.nice, now.nice)
    let system =
      grown(old.system, now.system) + grown(old.interrupt, now.interrupt)
      + grown(old.softInterrupt, now.softInterrupt)
    let stolen = grown(old.stolen ?? 0, now.stolen ?? 0)
    let ioWait = grown(old.ioWait, now.ioWait)
    var idle = grown(old.idle, now.idle)
    let guest =
      grown(old.guest ?? 0, now.guest ?? 0) + grown(old.guestNice ?? 0, now.guestNice ?? 0)
    var total = user + system + idle + ioWait + stolen
    // No tick between two readings: procps calls that idle.
    if total == 0 { (total, idle) = (1, 1) }
    func share(_ ticks: UInt64) -> Int64 { Int64(clamping: (100 * ticks + total / 2) / total) }
    row[.us] = share(user >= guest ? user - guest : 0)
    row[.sy] = share(system)
    row[.id] = share(idle)
    row[.wa] = share(ioWait)
    row[.st] = now.stolen == nil ? nil : share(stolen)
    row[.gu] = now.guest == nil ? nil : share(guest)
  }

  /// `(delta + seconds/2) / seconds`, with the seconds counted in nanoseconds.
  private static func perSecond(
    _ delta: (partialValue: UInt64, overflow: Bool), _ nanoseconds: UInt64
  ) -> Int64? {
    guard !delta.overflow, nanoseconds > 0 else { return nil }
    let product = delta.partialValue.multipliedFullWidth(by: 1_000_000_000)
    let (low, carry) = product.low.addingReportingOverflow(nanoseconds / 2)
    let high = product.high &+ (carry ? 1 : 0)
    // The quotient must have 64 bits.
    guard high < nanoseconds else { return nil }
    return Int64(exactly: nanoseconds.dividingFullWidth((high, low)).quotient)
  }

  private static func column(_ value: UInt64?) -> Int64? { value.flatMap { Int64(exactly: $0) } }
}
