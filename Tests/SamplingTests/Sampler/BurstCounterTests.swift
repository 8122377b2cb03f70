import Records
import Testing

@testable import Sampling

/// What a burst's looks add up to.
@Suite struct BurstCounterTests {
  private static let disk = WaitReason(name: "block I/O", kind: .disk)
  private static let lock = WaitReason(name: "file lock", kind: .lock)

  private static func task(_ pid: Int32, _ tid: Int32, _ reason: WaitReason) -> WaitingTask {
    WaitingTask(
      process: ProcessID(pid: pid, startTicks: 9), tid: tid, name: TaskName("worker"),
      state: .uninterruptible, reason: reason)
  }

  private static func at(_ second: Int64) -> Timestamp {
    Timestamp(nanoseconds: second * 1_000_000_000)
  }

  @Test func threadsOfOneProcessAreOneLook() {
    var counter = BurstCounter(trigger: .blockedTasks, start: Self.at(1))
    counter.count(
      [Self.task(1, 1, Self.disk), Self.task(1, 11, Self.disk), Self.task(2, 2, Self.disk)],
      at: Self.at(2))
    counter.count([Self.task(1, 11, Self.disk), Self.task(1, 1, Self.lock)], at: Self.at(3))
    counter.count([], at: Self.at(4))
    let report = counter.report(isOver: false)
    #expect(report.trigger == .blockedTasks && !report.isOver)
    #expect(report.looks == 3)
    #expect(report.start == Self.at(1) && report.end == Self.at(4))
    #expect(report.omittedCounts == 0)
    let counts = report.counts.map { "\($0.process.pid) \($0.reason.name) \($0.looks) \($0.tasks)" }
    #expect(counts == ["1 block I/O 2 3", "1 file lock 1 1", "2 block I/O 1 1"])
    #expect(counter.report(isOver: true).isOver)
  }

  @Test func aPidUsedAgainIsAnotherProcess() {
    var counter = BurstCounter(trigger: .ioPressure, start: Self.at(1))
    var later = Self.task(1, 1, Self.disk)
    later.process.startTicks = 10
    counter.count([Self.task(1, 1, Self.disk)], at: Self.at(1))
    counter.count([later], at: Self.at(2))
    #expect(counter.report(isOver: true).counts.map(\.looks) == [1, 1])
  }

  @Test func whatFindsNoRoomIsCounted() {
    var counter = BurstCounter(trigger: .ioPressure, start: Self.at(1))
    let many = (0..<600).map { Self.task($0, $0, Self.disk) }
    counter.count(many, at: Self.at(1))
    counter.count(many, at: Self.at(2))
    let report = counter.report(isOver: true)
    #expect(report.counts.count == BurstCounter.limit)
    #expect(report.omittedCounts == 2 * (600 - BurstCounter.limit))
    #expect(report.counts.allSatisfy { $0.looks == 2 && $0.tasks == 2 })
  }
}
