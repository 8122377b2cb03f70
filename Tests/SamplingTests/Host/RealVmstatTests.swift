import Foundation
import ProcFS
import Records
import TestSupport
import Testing

@testable import Sampling

/// Real `vmstat` over the very files that a sampler reads: in a mount namespace of its own they
/// are bound over `/proc/stat`, `/proc/meminfo` and `/proc/vmstat`, and rewritten between two rows.
@Suite(
  "The row beside real vmstat's", .serialized,
  .enabled(
    if: Machine.isRoot && Machine.has("vmstat") && Machine.has("unshare"),
    "needs root, vmstat and unshare"))
struct RealVmstatTests {
  @Test("Over 24 random pairs of readings, each column is the one that vmstat printed")
  func randomPairs() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in 1...24 {
        group.addTask {
          var random = SeededGenerator(seed: UInt64(seed))
          try await Self.compare(HostFigures(), HostFigures().later(using: &random), "seed \(seed)")
        }
      }
      try await group.waitForAll()
    }
  }

  @Test(
    "Over recorded files of other kernels",
    .enabled(if: Machine.hasCorpus("proc"), "the recorded trees are not beside the package"))
  func recordedPairs() async throws {
    let root = "\(Machine.corpora)/proc/sysstat"
    for (first, second) in [(1, 2), (2, 3), (3, 4)] {
      let states = [first, second].map { number in
        VmstatState(
          stat: TestFolder.text("\(root)/root\(number)/proc/stat"),
          meminfo: TestFolder.text("\(root)/root\(number)/proc/meminfo"),
          vmstat: TestFolder.text("\(root)/root\(number)/proc/vmstat"))
      }
      try await Self.compare(states[0], states[1], "root\(first) to root\(second)")
    }
  }

  @Test("Live, within what happens between two programs' readings")
  func live() async throws {
    var sampler = try HostSampler()
    var tick = HostTick(time: Timestamp(nanoseconds: 0), engine: .proc)
    sampler.sample(into: &tick)
    tick = HostTick(time: Timestamp(nanoseconds: 0), engine: .proc)
    let program = try Program(["vmstat", "1", "2"])
    try await until("two rows") { program.hasEnded }
    let rows = try Self.rows(of: program.outputText)
    sampler.sample(into: &tick)
    let row = try #require(rows.last)
    // 4.0.2's memory is of its first row; either way it moves little in a second.
    for column in [VmstatColumn.swpd, .buff, .cache] {
      let (ours, theirs) = (try #require(tick.row[column]), try #require(row[column]))
      #expect(abs(ours - theirs) <= max(ours, theirs) / 4 + 65_536, "\(column)")
    }
    let shares = [VmstatColumn.us, .sy, .id, .wa, .st].compactMap { tick.row[$0] }
    #expect((97...103).contains(shares.reduce(0, +)))
    #expect(tick.cpus == ProcessInfo.processInfo.activeProcessorCount)
  }

  private static func compare(_ old: HostFigures, _ new: HostFigures, _ what: String) async throws {
    try await compare(VmstatState(old), VmstatState(new), what)
  }

  private static func compare(_ old: VmstatState, _ new: VmstatState, _ what: String) async throws {
    let tree = try HostTree()
    var printed: [VmstatRow] = []
    // vmstat waits for a second: on a busy machine the files may change too late for it.
    for _ in 0..<5 {
      try old.write(to: tree)
      printed = try await Self.printed(over: tree, then: new)
      if printed[1][.in] != 0 || printed[1][.cs] != 0 { break }
    }
    try old.write(to: tree)
    var ticks = try HostTicks(tree)
    let first = ticks.next().row
    try new.write(to: tree)
    let second = ticks.next().row
    // The first row's rates are since boot; ours has none. Memory of 4.0.2's later rows is the
    // first row's, so it is compared there.
    for column in [VmstatColumn.r, .b, .swpd, .free, .buff, .cache] {
      #expect(first[column].map(rounded) == printed[0][column], "\(what), first row: \(column)")
    }
    for column in [VmstatColumn.r, .b, .si, .so, .bi, .bo, .in, .cs] {
      #expect(second[column] == printed[1][column], "\(what), second row: \(column)")
    }
    // CPU time that went back is no interval to us, and a wholly idle one to procps 4.
    let shares = [VmstatColumn.us, .sy, .id, .wa, .st]
    let unknown: [Int64?] = [0, 0, 100, 0, 0]
    #expect(
      shares.map { printed[1][$0] } == (second[.id] == nil ? unknown : shares.map { second[$0] }),
      "\(what), second row: \(shares)")
  }

  /// To procps 4.0.2 (and in 3.3) memory passed through a float of 24 bits.
  private static func rounded(_ value: Int64) -> Int64 {
    value < 1 << 24 ? value : Int64(Float(value))
  }

  /// Two rows of vmstat, the files rewritten to `new` between them.
  private static func printed(
    over tree: HostTree, then new: VmstatState
  ) async throws -> [VmstatRow] {
    let script = """
      for name in stat meminfo vmstat; do
        mount --bind '\(tree.proc)/'$name /proc/$name || exit 9
      done
      exec vmstat -n 1 2
      """
    let program = try Program(["unshare", "-m", "--propagation", "private", "sh", "-c", script])
    // Two lines of heading, and the first row is out: it sleeps for a second now.
    try await until("a first row", detail: { program.errorText }) {
      program.output.count { $0 == 10 } >= 3
    }
    try new.write(to: tree)
    try await until("a second row") { program.hasEnded }
    let rows = try rows(of: program.outputText)
    try #require(rows.count == 2, "vmstat printed: \(program.outputText)")
    return rows
  }

  private static func rows(of text: String) throws -> [VmstatRow] {
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    let names = try #require(lines.first { $0.first == "r" })
    let columns = names.map { name in VmstatColumn.allCases.first { $0.name == name } }
    return lines.filter { $0.first.flatMap { Int($0) } != nil }.map { words in
      var row = VmstatRow()
      for (column, word) in zip(columns, words) {
        if let column { row[column] = Int64(word) }
      }
      return row
    }
  }
}

/// The texts of the three files at one moment.
struct VmstatState {
  var stat: String
  var meminfo: String
  var vmstat: String

  init(stat: String, meminfo: String, vmstat: String) {
    (self.stat, self.meminfo, self.vmstat) = (stat, meminfo, vmstat)
  }

  init(_ figures: HostFigures) {
    self.init(stat: figures.stat, meminfo: figures.meminfo, vmstat: figures.vmstat)
  }

  func write(to tree: HostTree) throws {
    try tree.set(stat, "stat")
    try tree.set(meminfo, "meminfo")
    try tree.set(vmstat, "vmstat")
  }
}
