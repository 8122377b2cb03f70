import Records

/// Sees by the ticks whether a burst begins, goes on or is over.
public struct BurstWatch: Sendable {
  public private(set) var trigger: BurstTrigger?
  private let limits: BurstLimits
  private var calmTicks = 0

  public init(_ limits: BurstLimits) { self.limits = limits }

  /// What changed with `tick`.
  public enum Change: Equatable, Sendable {
    case none
    case began(BurstTrigger)
    case ended
  }

  public mutating func see(_ tick: HostTick) -> Change {
    let figures = BurstFigures(tick)
    guard trigger != nil else {
      guard let found = figures.first(where: { figure, limit in figure >= limit.begin }, limits)
      else { return .none }
      trigger = found
      calmTicks = 0
      return .began(found)
    }
    let isPressed = figures.first(where: { figure, limit in figure >= limit.end }, limits) != nil
    calmTicks = isPressed ? 0 : calmTicks + 1
    guard calmTicks >= limits.calmTicks else { return .none }
    trigger = nil
    return .ended
  }
}

/// The figures of a tick that a burst goes by. iowait is none of them (proc_stat(5)).
struct BurstFigures {
  var blockedTasks: Double
  var ioPressure: Double
  var memoryPressure: Double
  var cpuPressure: Double
  var runQueue: Double

  init(_ tick: HostTick) {
    let microseconds = max(Double(tick.intervalNanoseconds) / 1000, 1)
    func share(_ stall: Reading<Stall>) -> Double {
      Double(stall.value?.someMicroseconds ?? 0) / microseconds
    }
    blockedTasks = Double(tick.waiting.count { $0.state == .uninterruptible })
    ioPressure = share(tick.pressure.io)
    memoryPressure = share(tick.pressure.memory)
    cpuPressure = share(tick.pressure.cpu)
    runQueue = Double(tick.row[.r] ?? 0) / Double(max(tick.cpus ?? 1, 1))
  }

  /// The first trigger that `isHit`, those that name a stall before those that name a crowd.
  func first(
    where isHit: (Double, BurstLimits.Limit) -> Bool, _ limits: BurstLimits
  ) -> BurstTrigger? {
    if isHit(blockedTasks, limits.blockedTasks) { return .blockedTasks }
    if isHit(ioPressure, limits.ioPressure) { return .ioPressure }
    if isHit(memoryPressure, limits.memoryPressure) { return .memoryPressure }
    if isHit(runQueue, limits.runQueue) { return .runQueue }
    if isHit(cpuPressure, limits.cpuPressure) { return .cpuPressure }
    return nil
  }
}
