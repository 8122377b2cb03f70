import Bytes
import Records
import TestSupport
import Testing

@testable import Sampling

extension Machine {
  /// BPF programs can be loaded and run here.
  static let runsBPF = (try? ChosenEngine(.bpf)) != nil
}

/// Both engines over the same moments of the same host, and a load that says what it did.
@Suite(
  "the engines say the same", .enabled(if: Machine.hasLoad, "\(Machine.needsLoad)"),
  .enabled(if: Machine.runsBPF, "needs root, and a kernel that runs BPF"), .live)
struct EnginesAgreeTests {
  private static let mebi: UInt64 = 1 << 20

  /// One after the other; the second sees a little more.
  private struct Pair {
    let bpf: EngineWatch
    let proc: EngineWatch

    init() throws {
      bpf = try EngineWatch(.bpf)
      proc = try EngineWatch(.proc)
    }

    func tick() throws {
      try bpf.tick()
      try proc.tick()
    }

    var both: [(String, EngineWatch)] { [("bpf", bpf), ("proc", proc)] }
  }

  private static let loads: [[String]] = [
    ["write", "--buffered"], ["write", "--direct"], ["write", "--fsync"],
    ["write", "--direct", "--threads", "4"], ["read", "--direct"], ["read", "--drop-cache"],
    ["read", "--direct", "--threads", "4"], ["reader-thread", "--direct"],
  ]

  @Test("what a load did", arguments: loads)
  func load(words: [String]) async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let file = folder.file("x")
    if words[0] != "write" {
      let maker = try LoadGenerator([
        "write", "--fsync", "--file", file, "--bytes", "\(8 * Self.mebi)",
      ])
      _ = try await maker.truth()
      try await maker.finish()
    }
    let load = try LoadGenerator(
      words + ["--go", "--hold", "--file", file, "--bytes", "\(8 * Self.mebi)"])
    let pair = try Pair()
    try pair.tick()
    try pair.tick()
    try load.go()
    let truth = try await load.truth()
    try pair.tick()
    try pair.tick()
    for (engine, watch) in pair.both {
      let io = watch.io(truth.pid)
      let (moved, called, charged) =
        words[0] == "write"
        ? (io.writeCharacters, io.writeCalls, io.writeBytes)
        : (io.readCharacters, io.readCalls, io.readBytes)
      #expect((8 * Self.mebi..<8 * Self.mebi + 65_536).contains(moved), "\(engine): \(io)")
      // What the device was asked for: the bytes, and what the file system needs to find them.
      #expect((8 * Self.mebi..<9 * Self.mebi).contains(charged), "\(engine): \(io)")
      #expect(called > 0, "\(engine): \(io)")
      #expect(watch.total(truth.pid)?.reaped.isZero == true, "\(engine)")
    }
    let (bpf, proc) = (pair.bpf.total(truth.pid), pair.proc.total(truth.pid))
    #expect(pair.bpf.io(truth.pid) == pair.proc.io(truth.pid))
    #expect(bpf?.id == proc?.id && bpf?.name == proc?.name && bpf?.parentPID == proc?.parentPID)
    #expect(bpf?.threads == proc?.threads && bpf?.isKernelThread == proc?.isKernelThread)
    #expect(bpf?.state == proc?.state)
    try await load.finish()
    try await until("its end") {
      try pair.tick()
      return pair.both.allSatisfy { $0.1.total(truth.pid)?.hasEnded ?? false }
    }
    for (_, watch) in pair.both {
      #expect(watch.ends.filter { $0.key.pid == truth.pid }.count == 1)
    }
  }

  @Test("who comes and goes between two ticks", arguments: ["--waited", "--ignored", "--orphaned"])
  func children(ending: String) async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let load = try LoadGenerator([
      "fork", "--go", "--hold", "--children", "40", "--bytes", "262144", "--file",
      folder.file("x"), "--parallel", "4", ending,
    ])
    let pair = try Pair()
    try pair.tick()
    try load.go()
    let truth = try await load.truth()
    for _ in 0..<4 { try pair.tick() }
    let written = Int(try #require(truth.written))
    let pids = Set((truth.pids ?? []) + [truth.pid])
    for (engine, watch) in pair.both where watch.seesEnds {
      let all = watch.sum(pids).writeCharacters
      // taskstats count in whole KiB, and the load's report is written, too.
      #expect((written - 40 * 1024..<written + 65_536).contains(Int(all)), "\(engine): \(all)")
    }
    #expect(pair.bpf.seesEnds)
    try await load.finish()
  }

  @Test("all that a live host does")
  func liveHost() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let herd = try LoadGenerator([
      "active", "--go", "--children", "40", "--hz", "20", "--bytes", "4096", "--file",
      folder.file("x"),
      "--seconds", "1",
    ])
    let pair = try Pair()
    try pair.tick()
    try herd.go()
    let truth = try await herd.truth()
    // The longest time from one reading to the end of the next: 0.1 s on a machine with a free CPU.
    var (longest, last) = (0.0, Monotonic.now)
    func tick() throws {
      let begin = Monotonic.now
      try pair.tick()
      longest = max(longest, Monotonic.now - last)
      last = begin
    }
    while !herd.program.hasEnded {
      try tick()
      herd.closeInput()
      try await Task.sleep(for: .milliseconds(100))
    }
    for _ in 0..<3 { try tick() }
    #expect(abs(pair.bpf.processCount - pair.proc.processCount) <= 20)
    let children = try #require(truth.pids)
    var sums: [String: IOCounters] = [:]
    for (engine, watch) in pair.both {
      for pid in children where watch.io(pid).writeCharacters > 0 {
        #expect(watch.total(pid)?.parentPID == truth.pid, "\(engine)")
      }
      sums[engine] = watch.sum(children)
    }
    let (bpf, proc) = (try #require(sums["bpf"]), try #require(sums["proc"]))
    #expect(bpf.writeCharacters > 0)
    // What a child did after the last reading of it comes in whole KiB, where at all: 20 writes of
    // 4 KiB a second.
    let difference = Int(bpf.writeCharacters) - Int(proc.writeCharacters)
    let unread = Int(longest * 20 + 2) * 4096
    #expect(abs(difference) <= children.count * unread, "\(bpf) \(proc), \(longest) s")
  }

  @Test("who waits, since when and where")
  func waiting() async throws {
    let stall = try await VforkParent.make()
    let pair = try Pair()
    try pair.tick()
    try await Task.sleep(for: .milliseconds(200))
    let start = MonotonicClock.now
    try pair.tick()
    // The second looked so much later, at most.
    let between = Double(MonotonicClock.now - start) / 1e9
    let bpf = try #require(pair.bpf.waiting.first { $0.tid == stall.parent })
    let proc = try #require(pair.proc.waiting.first { $0.tid == stall.parent })
    #expect(bpf.process == proc.process && bpf.name == proc.name && bpf.state == proc.state)
    #expect(bpf.systemCall == proc.systemCall)
    #expect(bpf.waitChannel == proc.waitChannel)
    let frames = try #require(bpf.stack.value)
    #expect(!frames.isEmpty && frames == proc.stack.value)
    // By /proc nobody may know how long it had waited when we came.
    #expect(
      bpf.waitSeconds >= proc.waitSeconds - between - 0.1,
      "\(bpf.waitSeconds) \(proc.waitSeconds)")
    #expect(proc.waitSeconds >= 0.15)
    try await stall.release()
  }
}
