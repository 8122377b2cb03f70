/// Why the tasks of a row waited.
enum Cause: Int, CaseIterable {
  /// More tasks than CPUs, and the CPUs busy.
  case cpu
  /// More tasks than CPUs, which were busy only by the hypervisor's account: it ran somebody
  /// else, or served the host's own disk traffic.
  case stolen
  /// Tasks blocked in I/O.
  case blocked
  /// Tasks wait for pages on their way in or out.
  case swap
  /// The load average holds tasks that neither `r` nor `b` shows.
  case hidden
  /// The load average is high for the CPUs, and `r` and `b` agree, but the CPUs aren't busy.
  case loaded
}

/// What makes a row hot, and so how fast its seconds count.
enum Basis {
  /// Averages over the row's time (CPU, swap), or very many blocked tasks.
  case plain
  /// Tasks blocked at the instant the row was read.
  case instant
  /// Few blocked tasks: they count if it lasts.
  case tepid
  /// The load average, for the time since it was last read.
  case load

  /// Hot seconds per second.
  var speed: Double {
    switch self {
    case .plain, .instant: 1
    case .tepid: Limits.lastingSpeed
    case .load: Limits.loadSpeed
    }
  }
}

/// How one row counts: for an episode, against it, or not at all.
enum RowHeat {
  /// It speaks for an episode.
  case hot(Cause, Basis)
  /// It begins no episode, but keeps one going.
  case warm(Cause)
  /// It says nothing either way: the load average shows what the columns can't.
  case neutral
  case calm
}

extension RowHeat {
  /// Judges a row. `isReading` where the load average was read with it.
  init(_ row: RowFigures, cpus: Int?, trend: LoadTrend, isReading: Bool) {
    let bars = RowBars(row, cpus: cpus, trend: trend)
    let load = LoadBars(row, cpus: cpus, trend: trend)
    if let hot = bars.hot {
      let cause = load.isHidden ? .hidden : hot.cause
      self = .hot(cause, hot.basis)
    } else if load.isHot {
      self = isReading ? .hot(load.cause, .load) : .neutral
    } else if let cause = bars.warm {
      self = .warm(cause)
    } else if load.isWarm {
      self = isReading ? .warm(load.cause) : .neutral
    } else {
      self = .calm
    }
  }
}

/// What the columns of a row say.
private struct RowBars {
  struct Hot {
    var cause: Cause
    var basis: Basis
  }

  let row: RowFigures
  let cpus: Int?
  /// Tasks blocked that the load average confirms.
  let blocked: Double

  init(_ row: RowFigures, cpus: Int?, trend: LoadTrend) {
    self.row = row
    self.cpus = cpus
    blocked = row.blocked * trend.blockedShare
  }

  var hot: Hot? {
    let queue = queueRatio
    let waiting = blocked / Limits.blocked(cpus: cpus)
    if queue >= 1 || waiting >= 1 {
      let isCPU = queue >= waiting
      let isPlain = isCPU || waiting >= 2 || isThrashing
      return Hot(cause: cause(isCPU: isCPU), basis: isPlain ? .plain : .instant)
    }
    if isThrashing && (blocked >= 1 || row.runnable > Double(cpus ?? 1)) {
      return Hot(cause: .swap, basis: .plain)
    }
    if isTepid {
      return Hot(cause: cause(isCPU: false), basis: .tepid)
    }
    return nil
  }

  var warm: Cause? {
    let isFull = row.runnable > Double(cpus ?? 1) && row.busy >= Limits.busyWarm
    let isWaiting = blocked >= max(1, Limits.blocked(cpus: cpus) / 2)
    guard isFull || isWaiting else { return nil }
    return cause(isCPU: isFull && (!isWaiting || row.runnable >= blocked))
  }

  /// `r` against what makes a queue; 0 where the CPUs had time to spare.
  private var queueRatio: Double {
    guard let cpus else {
      return row.busy >= Limits.busyWithoutCPUs ? row.runnable / Limits.runnableWithoutCPUs : 0
    }
    return row.busy >= Limits.busyHot ? row.runnable / Limits.runnable(cpus: cpus) : 0
  }

  private var isTepid: Bool {
    if blocked >= Limits.blockedLasting(cpus: cpus) { return true }
    guard let cpus, cpus <= Limits.smallHostCPUs else { return false }
    return blocked >= 1 && row.traffic >= Limits.smallHostTraffic
  }

  private var isThrashing: Bool {
    row.swapIn >= Limits.swapEachWay && row.swapOut >= Limits.swapEachWay
      && row.swapping >= row.traffic * Limits.swapShareOfTraffic
  }

  private func cause(isCPU: Bool) -> Cause {
    if row.swapping >= Limits.swapTraffic
      && row.swapping >= row.traffic * Limits.swapShareOfTraffic
    {
      return .swap
    }
    guard isCPU else { return .blocked }
    return row.user + row.kernel < Limits.busyWarm ? .stolen : .cpu
  }
}

/// What the load average says beyond the columns.
private struct LoadBars {
  /// Tasks in the load average that `r` and `b` don't show, and more of them than they do.
  let isHidden: Bool
  let isHot: Bool
  let isWarm: Bool
  let cause: Cause

  init(_ row: RowFigures, cpus: Int?, trend: LoadTrend) {
    let surplusBar = Limits.surplus(cpus: cpus)
    let outweighs = trend.surplus * 2 >= trend.active
    let isHiddenNow = trend.surplusNow >= surplusBar * Limits.goingOn
    isHidden = trend.surplus >= surplusBar && outweighs && isHiddenNow
    var isHigh = false
    var isHighNow = false
    // Without a CPU count the load can't be called high.
    if let cpus {
      let activeBar = Double(cpus) * Limits.activePerCPU + 1
      isHighNow = trend.activeNow >= activeBar * Limits.goingOn
      isHigh = trend.active >= activeBar && isHighNow
    }
    isHot = isHidden || isHigh
    isWarm = (isHiddenNow && outweighs) || isHighNow
    if outweighs {
      cause = .hidden
    } else if row.blocked > row.runnable {
      cause = .blocked
    } else {
      cause = row.busy >= Limits.busyWarm ? .cpu : .loaded
    }
  }
}
