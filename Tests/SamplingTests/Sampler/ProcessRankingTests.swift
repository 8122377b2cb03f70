import Records
import TestSupport
import Testing

@testable import Sampling

/// The ranking in place is held against a plain sort.
@Suite struct ProcessRankingTests {
  /// Few different values, so that many are equal and the later criteria decide.
  private static func processes(
    _ count: Int, values: UInt64, _ random: inout SeededGenerator
  ) -> [ProcessSample] {
    (0..<count).map { index in
      var sample = ProcessSample(id: ProcessID(pid: Int32(index + 1), startTicks: 7))
      var io = IOCounters()
      io.readBytes = .random(in: 0..<values, using: &random)
      io.writeBytes = .random(in: 0..<values, using: &random)
      io.readCharacters = .random(in: 0..<values, using: &random)
      sample.io = Bool.random(using: &random) ? .known(io) : .denied
      sample.reaped.writeBytes = .random(in: 0..<values, using: &random)
      sample.cpuNanoseconds = .random(in: 0..<values, using: &random)
      return sample
    }.shuffled(using: &random)
  }

  @Test(arguments: [0, 1, 2, 3, 10, 51, 1000], [1, 2, 1_000_000] as [UInt64])
  func theFirstOnesAreThoseOfASort(size: Int, values: UInt64) {
    var random = SeededGenerator(seed: UInt64(size) &* 31 &+ values)
    for count in [0, 1, 2, 50, 200, size] {
      let all = Self.processes(size, values: values, &random)
      let sorted = all.sorted { $0.comesBefore($1) }
      let first = min(count, size)

      var selected = all
      ProcessRanking.select(&selected, first: count)
      #expect(Set(selected.prefix(first).map(\.id)) == Set(sorted.prefix(first).map(\.id)))
      #expect(Set(selected.map(\.id)) == Set(all.map(\.id)), "none is lost, none comes twice")

      var ordered = all
      ProcessRanking.order(&ordered, first: count)
      let movers = size <= count ? first : count - count / 5
      #expect(ordered.prefix(movers).map(\.id) == sorted.prefix(movers).map(\.id))
      // Behind them those of the others that took most CPU time.
      let busy = sorted.dropFirst(movers).sorted {
        $0.cpuNanoseconds == $1.cpuNanoseconds
          ? $0.comesBefore($1) : $0.cpuNanoseconds > $1.cpuNanoseconds
      }
      #expect(
        Set(ordered[movers..<first].map(\.id)) == Set(busy.prefix(first - movers).map(\.id)))
      #expect(Set(ordered.map(\.id)) == Set(all.map(\.id)))
    }
  }

  @Test func whatIsInOrderAlreadyStaysSo() {
    var random = SeededGenerator(seed: 4)
    let sorted = Self.processes(500, values: 50, &random)
      .sorted { $0.comesBefore($1) }
    for start in [sorted, sorted.reversed()] {
      var ordered = start
      ProcessRanking.order(&ordered, first: 500)
      #expect(ordered.map(\.id) == sorted.map(\.id))
    }
  }

  /// Where many move a little, who burns a CPU and moves nothing is told all the same.
  @Test func aBurnerBesideManyWriters() {
    let writers = (1...200).map { pid in
      var sample = ProcessSample(id: ProcessID(pid: Int32(pid), startTicks: 1))
      var io = IOCounters()
      io.writeBytes = UInt64(pid)
      sample.io = .known(io)
      return sample
    }
    var burner = ProcessSample(
      id: ProcessID(pid: 1000, startTicks: 1), io: .known(IOCounters()))
    burner.cpuNanoseconds = 1_000_000_000
    var all = writers + [burner]
    ProcessRanking.order(&all, first: 50)
    #expect(all.prefix(50).contains { $0.id == burner.id })
    #expect(all.prefix(40).map(\.id.pid) == (161...200).reversed().map { Int32($0) })
  }

  @Test func bytesOfChildrenCountAndThoseDeniedDoNot() {
    var parent = ProcessSample(id: ProcessID(pid: 1, startTicks: 1), io: .known(IOCounters()))
    parent.reaped.writeBytes = 4096
    var busy = ProcessSample(id: ProcessID(pid: 2, startTicks: 1), io: .denied)
    busy.cpuNanoseconds = 1_000_000_000
    #expect(parent.comesBefore(busy))
    #expect(!busy.comesBefore(parent))
  }

  @Test func countersAtTheirEndDoNotTrap() {
    var one = ProcessSample(id: ProcessID(pid: 1, startTicks: 1))
    let most = UInt64.max
    one.io = .known(
      IOCounters(
        readCharacters: most, writeCharacters: most, readCalls: most, writeCalls: most,
        readBytes: most, writeBytes: most, cancelledWriteBytes: most))
    one.reaped.readBytes = most
    var two = [one, one, one]
    ProcessRanking.order(&two, first: 2)
    #expect(two.count == 3)
  }
}
