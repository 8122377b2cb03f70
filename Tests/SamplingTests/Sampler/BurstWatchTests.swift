import Records
import Testing

@testable import Sampling

/// When a burst begins and ends, with ticks made by hand.
@Suite struct BurstWatchTests {
  /// A second of which tasks were stalled for a share, with so many in `D` and in the run queue.
  private static func tick(
    _ trigger: BurstTrigger?, _ figure: Double, seconds: Double = 1
  ) -> HostTick {
    var tick = HostTick(time: Timestamp(nanoseconds: 1), engine: .proc)
    tick.intervalNanoseconds = UInt64(seconds * 1e9)
    tick.cpus = 4
    let stall = Reading.known(
      Stall(someMicroseconds: UInt64(figure * seconds * 1e6), fullMicroseconds: 0))
    switch trigger {
    case .cpuPressure: tick.pressure.cpu = stall
    case .ioPressure: tick.pressure.io = stall
    case .memoryPressure: tick.pressure.memory = stall
    case .runQueue: tick.row[.r] = Int64(figure * 4)
    case .blockedTasks:
      for tid in 0..<Int32(figure) { tick.waiting.append(task(tid, .uninterruptible)) }
    case nil: break
    }
    return tick
  }

  private static func task(_ tid: Int32, _ state: TaskState) -> WaitingTask {
    WaitingTask(
      process: ProcessID(pid: tid, startTicks: 1), tid: tid, name: TaskName("x"), state: state)
  }

  /// Just below where it begins, there, between the two limits, and below both.
  private static let figures: [(BurstTrigger, Double, Double, Double, Double)] = [
    (.cpuPressure, 0.55, 0.6, 0.45, 0.3), (.ioPressure, 0.35, 0.4, 0.25, 0.1),
    (.memoryPressure, 0.15, 0.2, 0.15, 0.05), (.runQueue, 1.75, 2, 1.5, 1),
    (.blockedTasks, 1, 2, 1, 0),
  ]

  @Test(arguments: figures, [0.1, 1, 10])
  func eachTriggerHasItsTwoLimits(
    figure: (trigger: BurstTrigger, below: Double, begin: Double, between: Double, calm: Double),
    seconds: Double
  ) {
    let trigger = figure.trigger
    func tick(_ value: Double) -> HostTick { Self.tick(trigger, value, seconds: seconds) }
    var watch = BurstWatch(BurstLimits())
    #expect(watch.see(tick(figure.below)) == .none)
    #expect(watch.trigger == nil)
    #expect(watch.see(tick(figure.begin)) == .began(trigger))
    #expect(watch.trigger == trigger)
    // It goes on between the limits, however long, and doesn't begin again.
    for _ in 0..<20 { #expect(watch.see(tick(figure.between)) == .none) }
    #expect(watch.see(tick(figure.begin)) == .none)
    // Four calm ticks and one that isn't: from the start.
    for _ in 0..<4 { #expect(watch.see(tick(figure.calm)) == .none) }
    #expect(watch.see(tick(figure.between)) == .none)
    for _ in 0..<4 { #expect(watch.see(tick(figure.calm)) == .none) }
    #expect(watch.see(tick(figure.calm)) == .ended)
    #expect(watch.trigger == nil)
    // Below the begin nothing begins anew, at it does.
    #expect(watch.see(tick(figure.below)) == .none)
    #expect(watch.see(tick(figure.begin)) == .began(trigger))
  }

  @Test func anotherPressureKeepsABurstUp() {
    var watch = BurstWatch(BurstLimits())
    #expect(watch.see(Self.tick(.ioPressure, 0.9)) == .began(.ioPressure))
    for _ in 0..<10 { #expect(watch.see(Self.tick(.memoryPressure, 0.15)) == .none) }
    #expect(watch.trigger == .ioPressure)
    for _ in 0..<4 { #expect(watch.see(Self.tick(nil, 0)) == .none) }
    #expect(watch.see(Self.tick(nil, 0)) == .ended)
  }

  @Test func whoSleepsForALockIsNotBlocked() {
    var tick = Self.tick(nil, 0)
    tick.waiting = (0..<50).map { Self.task($0, .sleeping) }
    var watch = BurstWatch(BurstLimits())
    #expect(watch.see(tick) == .none)
  }

  @Test func whatCouldNotBeReadTriggersNothing() {
    var tick = Self.tick(nil, 0)
    tick.pressure = .unsupported
    tick.cpus = nil
    tick.intervalNanoseconds = 0
    var watch = BurstWatch(BurstLimits())
    #expect(watch.see(tick) == .none)
    // iowait is no trigger (proc_stat(5)).
    tick.row[.wa] = 100
    #expect(watch.see(tick) == .none)
  }

  @Test func limitsAreThoseThatWereGiven() {
    var limits = BurstLimits()
    limits.blockedTasks = .init(begin: 10, end: 5)
    limits.calmTicks = 1
    var watch = BurstWatch(limits)
    #expect(watch.see(Self.tick(.blockedTasks, 9)) == .none)
    #expect(watch.see(Self.tick(.blockedTasks, 10)) == .began(.blockedTasks))
    #expect(watch.see(Self.tick(.blockedTasks, 5)) == .none)
    #expect(watch.see(Self.tick(.blockedTasks, 4)) == .ended)
  }
}
