import CAllocations
import Records
import Testing

@testable import Sampling

/// The two minutes before a burst.
@Suite struct PastRingTests {
  private static func tick(second: Int64, rows: Int = 3, waiting: Int = 0) -> HostTick {
    var tick = HostTick(time: Timestamp(nanoseconds: second * 1_000_000_000), engine: .bpf)
    tick.intervalNanoseconds = 1_000_000_000
    tick.row[.r] = second
    for index in 0..<Int32(rows) {
      var io = IOCounters()
      io.readBytes = UInt64(rows - Int(index)) * 4096
      io.writeBytes = 7
      tick.processes.append(
        ProcessSample(
          id: ProcessID(pid: index + 1, startTicks: UInt64(second)), name: TaskName("process"),
          state: .sleeping, io: .known(io), cpuNanoseconds: 5))
    }
    for index in 0..<Int32(waiting) {
      tick.waiting.append(
        WaitingTask(
          process: ProcessID(pid: index + 1, startTicks: 3), tid: index + 1,
          name: TaskName("waiter"), state: .uninterruptible,
          reason: WaitReason(name: "frozen filesystem", kind: .frozen), waitSeconds: 1.5))
    }
    return tick
  }

  @Test func whatIsKeptIsTold() throws {
    var ring = PastRing()
    let tick = Self.tick(second: 10, rows: 2, waiting: 1)
    ring.keep(tick, at: 10_000_000_000)
    let told = try #require(ring.ticks(before: 11_000_000_000).first)
    #expect(told.time == tick.time && told.engine == .bpf)
    #expect(told.intervalNanoseconds == tick.intervalNanoseconds)
    #expect(told.row == tick.row)
    #expect(told.processes.map(\.id) == tick.processes.map(\.id))
    #expect(told.processes[0].io.value?.readBytes == 8192)
    #expect(told.processes[0].io.value?.writeBytes == 7)
    #expect(told.processes[0].cpuNanoseconds == 5 && told.processes[0].state == .sleeping)
    #expect(told.waiting[0].reason.name == "frozen filesystem")
    #expect(told.waiting[0].waitSeconds == 1.5 && told.waiting[0].state == .uninterruptible)
  }

  @Test func twoMinutesAreKeptInOrder() {
    var ring = PastRing()
    for second in 1...300 {
      ring.keep(Self.tick(second: Int64(second)), at: UInt64(second) * 1_000_000_000)
    }
    let told = ring.ticks(before: 300_000_000_000)
    // The one at the time itself isn't before it; of the 120 places it has one.
    #expect(told.map { $0.row[.r] ?? 0 } == Array(181...299))
  }

  @Test func whatIsOlderThanTwoMinutesIsNotTold() {
    var ring = PastRing()
    for second in [10, 20, 30, 140, 200] as [Int64] {
      ring.keep(Self.tick(second: second), at: UInt64(second) * 1_000_000_000)
    }
    let told = ring.ticks(before: 141_000_000_000)
    #expect(told.map { $0.row[.r] ?? 0 } == [30, 140])
    ring.removeAll()
    #expect(ring.ticks(before: 141_000_000_000).isEmpty)
  }

  /// The wall clock is set back, and far ahead: the past is what was before.
  @Test func aClockThatIsSetLosesNothing() {
    var ring = PastRing()
    for (moment, second) in zip(1..., [1000, 1001, 500, 501, 90_000] as [Int64]) {
      ring.keep(Self.tick(second: second), at: UInt64(moment) * 1_000_000_000)
    }
    let told = ring.ticks(before: 6_000_000_000)
    #expect(told.map { $0.row[.r] ?? 0 } == [1000, 1001, 500, 501, 90_000])
  }

  /// Ten ticks a second are two minutes, too.
  @Test func ofFastTicksOneASecondIsKept() throws {
    var ring = PastRing()
    let tick = Self.tick(second: 1)
    for tenth in 0..<1200 as Range<UInt64> { ring.keep(tick, at: tenth * 100_000_000) }
    #expect(ring.ticks(before: 119_950_000_000).count == 120)
  }

  @Test func whatCouldNotBeReadIsNotNothing() throws {
    var ring = PastRing()
    var tick = Self.tick(second: 1)
    tick.processes[0].io = .denied
    ring.keep(tick, at: 1_000_000_000)
    let told = try #require(ring.ticks(before: 2_000_000_000).first)
    #expect(told.processes[0].io == .gap && told.processes[1].io.value != nil)
  }

  @Test func noRowsButTheFirst() throws {
    var ring = PastRing()
    ring.keep(Self.tick(second: 10, rows: 1000, waiting: 0), at: 10_000_000_000)
    let told = try #require(ring.ticks(before: 11_000_000_000).first)
    #expect(told.processes.count == PastRing.rowLimit)
    #expect(told.processes.map(\.id.pid) == Array(1...200))
  }

  /// By what the structs take, and by what the heap gives.
  @Test(arguments: [(1000, 0), (1000, 100), (1000, 1000), (0, 1000)])
  func allOfItStaysBelowTwoMegabytes(rows: Int, waiting: Int) {
    let tick = Self.tick(second: 10, rows: rows, waiting: waiting)
    var ring = PastRing()
    culprit_allocations_begin()
    for second in 0..<200 { ring.keep(tick, at: UInt64(second) * 1_000_000_000) }
    let room = culprit_allocations_end()
    #expect(room.bytes > 100_000, "it is measured at all")
    #expect(room.bytes <= 2 << 20, "\(room.bytes) bytes for \(rows) rows, \(waiting) waiting")
    #expect(PastRing.byteLimit <= 2 << 20)
  }

  @Test func aSteadyTickAllocatesNothing() {
    let ticks = (0..<4).map { Self.tick(second: Int64($0), rows: 50 + $0, waiting: 10 + $0) }
    var ring = PastRing()
    for index in 0..<500 { ring.keep(ticks[index % 4], at: UInt64(index) * 1_000_000_000) }
    culprit_allocations_begin()
    for index in 500..<1000 { ring.keep(ticks[index % 4], at: UInt64(index) * 1_000_000_000) }
    let count = culprit_allocations_end().count
    #expect(count == 0)
  }
}
