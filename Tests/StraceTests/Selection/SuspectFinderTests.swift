import Records
import Testing

@testable import Strace

/// Whom what the ended ones moved counts for.
struct SuspectFinderTests {
  private func sample(
    _ pid: Int32, of parent: Int32, written: UInt64 = 0, reaped: UInt64 = 0, cpu: UInt64 = 0,
    hasEnded: Bool = false, isKernelThread: Bool = false
  ) -> ProcessSample {
    var (io, children) = (IOCounters(), IOCounters())
    (io.writeBytes, children.writeBytes) = (written, reaped)
    return ProcessSample(
      id: ProcessID(pid: pid, startTicks: 7), parentPID: parent, isKernelThread: isKernelThread,
      hasEnded: hasEnded, io: .known(io),
      reaped: children, cpuNanoseconds: cpu)
  }

  @Test func childrenThatEndedCountForTheirParent() {
    let there = SuspectFinder.there([
      sample(10, of: 5, written: 1, cpu: 1),
      sample(11, of: 10, written: 100, cpu: 10, hasEnded: true),
      sample(12, of: 10, reaped: 1000, hasEnded: true), sample(13, of: 10, written: 5),
    ])
    #expect(there.map(\.id.pid) == [10, 13])
    #expect(there[0].reaped.writeBytes == 1100 && there[0].io.value?.writeBytes == 1)
    #expect(there[0].cpuNanoseconds == 11)
  }

  @Test func aParentThatDoesNothingItselfIsNamed() {
    let there = SuspectFinder.there([
      sample(11, of: 10, written: 100, hasEnded: true),
      sample(12, of: 10, written: 100, hasEnded: true),
    ])
    #expect(there.map(\.id.pid) == [10] && there.first?.reaped.writeBytes == 200)
  }

  @Test func overParentsThatEndedTooItIsTheFirstThatIsThere() {
    let there = SuspectFinder.there([
      sample(12, of: 11, written: 100, hasEnded: true), sample(11, of: 10, hasEnded: true),
      sample(10, of: 9),
    ])
    #expect(there.map(\.id.pid) == [10] && there.first?.reaped.writeBytes == 100)
  }

  @Test func nobodyStandsForInitsChildrenKernelThreadsAndCircles() {
    let there = SuspectFinder.there([
      sample(12, of: 1, written: 100, hasEnded: true), sample(13, of: 0, hasEnded: true),
      sample(14, of: 2, written: 9, hasEnded: true, isKernelThread: true),
      sample(20, of: 21, hasEnded: true), sample(21, of: 20, hasEnded: true),
    ])
    #expect(there.isEmpty)
  }
}
