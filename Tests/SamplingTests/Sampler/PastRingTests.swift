import CAllocations
import Records
import Testing

@testable import Sampling

/// What the ticks of the two minutes before a burst had no place for.
@Suite struct PastRingTests {
  private static func tick(second: Int64, rows: Int = 3) -> HostTick {
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
    return tick
  }

  @Test func whatIsKeptIsTold() throws {
    var ring = PastRing()
    let tick = Self.tick(second: 10, rows: 4)
    ring.keep(tick, from: 2, at: 10_000_000_000)
    let told = try #require(ring.takeTicks(before: 11_000_000_000).first)
    #expect(told.time == tick.time && told.engine == .bpf)
    #expect(told.intervalNanoseconds == tick.intervalNanoseconds)
    #expect(told.row == tick.row)
    #expect(told.processes.map(\.id) == tick.processes[2...].map(\.id))
    #expect(told.processes[0].io.value?.readBytes == 8192)
    #expect(told.processes[0].io.value?.writeBytes == 7)
    #expect(told.processes[0].cpuNanoseconds == 5 && told.processes[0].state == .sleeping)
    #expect(told.waiting.isEmpty)
  }

  @Test func twoMinutesAreKeptInOrder() {
    var ring = PastRing()
    for second in 1...300 {
      ring.keep(Self.tick(second: Int64(second)), from: 0, at: UInt64(second) * 1_000_000_000)
    }
    let told = ring.takeTicks(before: 300_000_000_000)
    // The one at the time itself isn't before it; of the 120 places it has one.
    #expect(told.map { $0.row[.r] ?? 0 } == Array(181...299))
  }

  @Test func whatIsOlderThanTwoMinutesIsNotTold() {
    var ring = PastRing()
    for second in [10, 20, 30, 140, 200] as [Int64] {
      ring.keep(Self.tick(second: second), from: 0, at: UInt64(second) * 1_000_000_000)
    }
    let told = ring.takeTicks(before: 141_000_000_000)
    #expect(told.map { $0.row[.r] ?? 0 } == [30, 140])
  }

  /// Bursts may follow each other closely.
  @Test func whatWasToldIsNotToldAgain() {
    var ring = PastRing()
    ring.keep(Self.tick(second: 10), from: 0, at: 10_000_000_000)
    #expect(ring.takeTicks(before: 11_000_000_000).count == 1)
    ring.keep(Self.tick(second: 12), from: 0, at: 12_000_000_000)
    #expect(ring.takeTicks(before: 13_000_000_000).map { $0.row[.r] ?? 0 } == [12])
  }

  @Test func whoDidNothingWorthTellingIsNotKept() {
    var ring = PastRing()
    var tick = Self.tick(second: 10, rows: 3)
    for index in 0..<3 { tick.processes[index].io = .known(IOCounters()) }
    ring.keep(tick, from: 0, at: 10_000_000_000)
    tick.processes[2].cpuNanoseconds = 2_000_000
    ring.keep(tick, from: 0, at: 12_000_000_000)
    ring.keep(tick, from: 3, at: 14_000_000_000)
    let told = ring.takeTicks(before: 15_000_000_000)
    #expect(told.map { $0.processes.map(\.id.pid) } == [[3]])
  }

  /// The wall clock is set back, and far ahead: the past is what was before.
  @Test func aClockThatIsSetLosesNothing() {
    var ring = PastRing()
    for (moment, second) in zip(1..., [1000, 1001, 500, 501, 90_000] as [Int64]) {
      ring.keep(Self.tick(second: second), from: 0, at: UInt64(moment) * 1_000_000_000)
    }
    let told = ring.takeTicks(before: 6_000_000_000)
    #expect(told.map { $0.row[.r] ?? 0 } == [1000, 1001, 500, 501, 90_000])
  }

  /// Ten ticks a second are two minutes, too.
  @Test func ofFastTicksOneASecondIsKept() throws {
    var ring = PastRing()
    let tick = Self.tick(second: 1)
    for tenth in 0..<1200 as Range<UInt64> { ring.keep(tick, from: 0, at: tenth * 100_000_000) }
    #expect(ring.takeTicks(before: 119_950_000_000).count == 120)
  }

  @Test func whatCouldNotBeReadIsNotNothing() throws {
    var ring = PastRing()
    var tick = Self.tick(second: 1)
    tick.processes[0].io = .denied
    ring.keep(tick, from: 0, at: 1_000_000_000)
    let told = try #require(ring.takeTicks(before: 2_000_000_000).first)
    #expect(told.processes[0].io == .gap && told.processes[1].io.value != nil)
  }

  @Test func noRowsButTheFirst() throws {
    var ring = PastRing()
    ring.keep(Self.tick(second: 10, rows: 1000), from: 0, at: 10_000_000_000)
    let told = try #require(ring.takeTicks(before: 11_000_000_000).first)
    #expect(told.processes.count == PastRing.rowLimit)
    #expect(told.processes.map(\.id.pid) == Array(1...200))
  }

  /// By what the structs take, and by what the heap gives.
  @Test func allOfItStaysBelowTwoMegabytes() {
    let tick = Self.tick(second: 10, rows: 1000)
    var ring = PastRing()
    culprit_allocations_begin()
    for second in 0..<200 { ring.keep(tick, from: 0, at: UInt64(second) * 1_000_000_000) }
    let room = culprit_allocations_end()
    #expect(room.bytes > 100_000, "it is measured at all")
    #expect(room.bytes <= 2 << 20, "\(room.bytes) bytes")
    #expect(PastRing.byteLimit <= 2 << 20)
  }

  @Test func aSteadyTickAllocatesNothing() {
    let ticks = (0..<4).map { Self.tick(second: Int64($0), rows: 50 + $0) }
    var ring = PastRing()
    for index in 0..<500 { ring.keep(ticks[index % 4], from: 0, at: UInt64(index) * 1_000_000_000) }
    culprit_allocations_begin()
    for index in 500..<1000 {
      ring.keep(ticks[index % 4], from: 0, at: UInt64(index) * 1_000_000_000)
    }
    let count = culprit_allocations_end().count
    #expect(count == 0)
  }
}
