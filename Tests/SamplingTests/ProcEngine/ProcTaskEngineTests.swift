import Foundation
import Records
import TestSupport
import Testing

@testable import Sampling

@Suite("the proc engine", .enabled(if: Machine.hasLoad, "\(Machine.needsLoad)"), .live)
struct ProcTaskEngineTests {
  private func load(_ words: String...) throws -> LoadGenerator { try LoadGenerator(words) }

  /// Bytes given to write(2) are exact; those charged to the device are pages, and the file
  /// system's own.
  private func check(_ io: IOCounters, wrote bytes: Int) {
    #expect((bytes..<(bytes + 65_536)).contains(Int(clamping: io.writeCharacters)))
  }

  @Test("what a process writes is its own, and exact", arguments: [1, 4])
  func writing(threads: Int) async throws {
    let file = try TestFolder()
    let load = try load(
      "write", "--go", "--hold", "--file", file.file("x"), "--bytes", "8388608", "--threads",
      "\(threads)")
    let watch = try EngineWatch()
    try watch.tick()
    #expect(watch.processes.isEmpty)
    try watch.tick()
    try load.go()
    let truth = try await load.truth()
    try watch.tick()
    try watch.tick()
    check(watch.io(truth.pid), wrote: 8_388_608)
    #expect(watch.total(truth.pid)?.reaped.isZero == true)
    try await load.finish()
    try await watch.tick(until: "its end") { watch.total(truth.pid)?.hasEnded ?? false }
    check(watch.io(truth.pid), wrote: 8_388_608)
    #expect(watch.ends[try #require(watch.total(truth.pid)).id] == 1)
  }

  @Test("what a thread reads that isn't the first one is seen")
  func readerThread() async throws {
    let folder = try TestFolder()
    try folder.write([UInt8](repeating: 7, count: 4 << 20), to: "x")
    let load = try load(
      "reader-thread", "--go", "--hold", "--file", folder.file("x"), "--bytes", "4194304")
    let watch = try EngineWatch()
    try watch.tick()
    try load.go()
    let truth = try await load.truth()
    try watch.tick()
    #expect((4 << 20..<5 << 20).contains(Int(watch.io(truth.pid).readCharacters)))
    #expect(truth.tids?.contains(truth.pid) == false)
    try await load.finish()
  }

  /// Trap 3, with and without exit records, and trap 4.
  @Test(
    "children's bytes are counted once",
    arguments: ["--waited", "--ignored", "--orphaned"], [true, false])
  func children(ending: String, hearsExits: Bool) async throws {
    let folder = try TestFolder()
    let load = try load(
      "fork", "--go", "--hold", "--children", "40", "--bytes", "262144", "--file",
      folder.file("x"), "--parallel", "4", "--gap-ms", "5", ending)
    let watch = try EngineWatch(hearsExits: hearsExits)
    try watch.tick()
    try load.go()
    while load.truths.isEmpty {
      try watch.tick()
      try await Task.sleep(for: .milliseconds(15))
    }
    let truth = try await load.truth()
    for _ in 0..<4 { try watch.tick() }
    let written = try #require(truth.written)
    let children = truth.pids ?? []
    let all = watch.sum(Set(children + [truth.pid])).writeCharacters
    // A record of an exit counts in whole KiB (`xacct_add_tsk`), and the report is written, too.
    if watch.seesEnds {
      #expect(Int(all) >= Int(written) - 40 * 1024 && Int(all) < Int(written) + 65_536)
      #expect(Int(watch.sum(children).writeCharacters) >= Int(written) - 40 * 1024)
    } else if ending == "--waited" {
      #expect(Int(all) >= Int(written) && Int(all) < Int(written) + 65_536)
    } else {
      // Whom init or nobody reaps leaves no trace with their parent.
      #expect(Int(all) < Int(written) + 65_536)
    }
    try await load.finish()
  }

  @Test("a shell's own bytes aren't its children's")
  func shell() async throws {
    let folder = try TestFolder()
    let script = """
      /bin/true; read go <'\(folder.file("go"))'
      dd if=/dev/zero of='\(folder.file("a"))' bs=1M count=5 2>/dev/null
      (dd if=/dev/zero of='\(folder.file("b"))' bs=1M count=3 2>/dev/null; true)
      read go <'\(folder.file("go"))'
      """
    let fifo = folder.file("go")
    #expect(mkfifo(fifo, 0o600) == 0)
    for hearsExits in [true, false] {
      let shell = try Program(["bash", "-c", script])
      try await until("the shell to wait") {
        ProcessTree.descendants(of: shell.pid).isEmpty
          && TaskState(pid: shell.pid)?.wchan.contains("wait_for_partner") ?? false
      }
      let watch = try EngineWatch(hearsExits: hearsExits)
      try watch.tick()
      _ = try await Program.run(["sh", "-c", "echo go >'\(fifo)'"])
      try await watch.tick(until: "the shell to wait again") {
        try folder.write("", to: "nothing")
        return TestFolder.text("/proc/\(shell.pid)/io").contains("read_bytes")
          && FileManager.default.fileExists(atPath: folder.file("b"))
          && ProcessTree.descendants(of: shell.pid).isEmpty
          && TaskState(pid: shell.pid)?.wchan.contains("wait_for_partner") ?? false
      }
      try watch.tick()
      try watch.tick()
      let io = watch.io(shell.pid)
      #expect(io.writeCharacters < 65_536, "its own: \(io)")
      if !watch.seesEnds {
        let reaped = try #require(watch.total(shell.pid)).reaped.writeCharacters
        let seen = watch.totals.values.filter { $0.name == TaskName("dd") }
          .reduce(0) { $0 + ($1.io.value?.writeCharacters ?? 0) }
        #expect((8 << 20..<9 << 20).contains(Int(reaped + seen)))
      }
      try FileManager.default.removeItem(atPath: folder.file("b"))
      shell.send(SIGKILL)
      try await shell.end()
    }
  }

  @Test("a task in D is seen, named, and since when", .timeLimit(.minutes(8)))
  func waiting() async throws {
    let stall = try await VforkParent.make()
    let watch = try EngineWatch()
    try watch.tick()
    let first = try #require(watch.waiting.first { $0.tid == stall.parent })
    #expect(first.state == .uninterruptible && first.process.pid == stall.parent)
    #expect(["vfork", "clone", "clone3"].contains(first.systemCall.value ?? ""))
    if Machine.isRoot, let stack = first.stack.value {
      #expect(stack == TaskState(pid: stall.parent)?.stack)
    }
    try await Task.sleep(for: .milliseconds(300))
    try watch.look()
    let second = try #require(watch.waiting.first { $0.tid == stall.parent })
    #expect(second.waitSeconds >= first.waitSeconds + 0.25)
    #expect(second.stack == first.stack && watch.processes.isEmpty)
    try await stall.release()
    try await until("the parent to go on") {
      try watch.look()
      return !watch.waiting.contains { $0.tid == stall.parent }
    }
  }

  @Test("a thread in D that isn't the first one is seen", .timeLimit(.minutes(8)))
  func waitingThread() async throws {
    guard Machine.has("python3") else { return }
    let folder = try TestFolder()
    let fifo = folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    // The child of posix_spawn(3), whose parent waits in vfork, opens a pipe that has no writer.
    let script = """
      import os, threading, time, sys
      def spawn():
        os.posix_spawn("/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, sys.argv[1], os.O_RDONLY, 0)])
      threading.Thread(target=spawn).start()
      time.sleep(60)
      """
    let watch = try EngineWatch()
    try watch.tick()
    let program = try Program(["python3", "-c", script, fifo])
    try await until("the thread to wait in D") {
      try watch.look()
      return watch.waiting.contains { $0.process.pid == program.pid && $0.tid != program.pid }
    }
    // Still there when it hasn't run since.
    try watch.tick()
    #expect(watch.waiting.contains { $0.process.pid == program.pid && $0.tid != program.pid })
    for child in ProcessTree.descendants(of: program.pid) { kill(child, SIGKILL) }
    try await until("nobody to wait") {
      try watch.look()
      return !watch.waiting.contains { $0.process.pid == program.pid }
    }
    program.send(SIGKILL)
    try await program.end()
  }

  @Test("a name made to mislead stays a name")
  func hostileName() async throws {
    let load = try load("rename-comm", ") R 1 (")
    let watch = try EngineWatch()
    try await until("its name") { ProcessTree.name(of: load.pid).contains("R 1") }
    try watch.tick()
    try await load.finish()
    try await watch.tick(until: "its end") { watch.total(load.pid)?.hasEnded ?? false }
    #expect(watch.total(load.pid)?.name == TaskName(") R 1 ("))
    #expect(watch.total(load.pid)?.parentPID == getpid())
  }

  @Test("more processes than descriptors", .timeLimit(.minutes(8)))
  func manyProcesses() async throws {
    let herd = try load("sleepers", "--children", "3000")
    let children = try #require(try await herd.truth().pids)
    let watch = try EngineWatch(descriptorLimit: 160)
    try watch.tick()
    #expect(watch.processCount >= 3000)
    try watch.tick()
    // They sleep: none of them may be said to have done anything.
    let sleepers = Set(children)
    #expect(!watch.processes.contains { sleepers.contains($0.id.pid) })
    try await herd.finish()
    try watch.tick()
    let ended = watch.processes.filter { sleepers.contains($0.id.pid) && $0.hasEnded }
    // Their pids are free again, and may have been another's for a moment.
    #expect(ended.count >= 3000)
    #expect(watch.processCount < 3000)
  }

  @Test("processes that vanish while they are read")
  func vanishing() async throws {
    let folder = try TestFolder()
    let load = try load(
      "fork", "--go", "--children", "1500", "--bytes", "4096", "--file", folder.file("x"),
      "--parallel", "8", "--waited")
    let watch = try EngineWatch()
    try watch.tick()
    try load.go()
    while load.truths.isEmpty { try watch.tick() }
    for _ in 0..<3 { try watch.tick() }
    let truth = try await load.truth()
    let all = watch.sum(Set((truth.pids ?? []) + [truth.pid])).writeCharacters
    #expect(Int(all) <= Int(truth.written ?? 0) + 65_536)
    try await load.finish()
  }

  @Test("time on a CPU is that of all threads")
  func cpuTime() async throws {
    let watch = try EngineWatch()
    try watch.tick()
    let program = try Program([
      "sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exec sleep 60",
    ])
    try await watch.tick(until: "the loop to end") {
      ProcessTree.name(of: program.pid) == "sleep"
    }
    try watch.tick()
    // Fields 14 and 15, clock ticks.
    let stat = TestFolder.text("/proc/\(program.pid)/stat").split(separator: " ")
    let known = (Double(stat[13]) ?? 0) + (Double(stat[14]) ?? 0)
    let seen = Double(watch.total(program.pid)?.cpuNanoseconds ?? 0) / 1e7
    // `stat` leaves out what interrupts took of it, and whatever ran the machine.
    #expect(seen > known - 3 && seen < known * 1.3 + 5, "\(seen) seen, \(known) known")
    program.send(SIGKILL)
    try await program.end()
  }

  @Test(
    "recorded trees are read without a kernel",
    .enabled(if: Machine.hasCorpus("proc"), "the recorded trees are not there"))
  func recorded() throws {
    let root = "\(Machine.corpora)/proc"
    var counts: [String: Int] = [:]
    for tree in ["csm-snapshot-3.13", "prometheus-procfs/fixtures/proc"] {
      let watch = try EngineWatch("\(root)/\(tree)")
      for _ in 0..<3 { try watch.tick() }
      try watch.look()
      counts[tree] = watch.processCount
      #expect(!watch.seesEnds)
      for sample in watch.totals.values {
        // Nothing moves in a recording; what isn't recorded is missing, and not 0.
        #expect(sample.io.value?.isZero ?? true && sample.reaped.isZero)
      }
    }
    #expect(counts["csm-snapshot-3.13"] ?? 0 > 150)
    #expect(counts["prometheus-procfs/fixtures/proc"] ?? 0 >= 2)
  }

  @Test("a root that isn't there is no engine")
  func noRoot() {
    #expect(throws: EngineError.unavailable("/nowhere can't be opened")) {
      _ = try ProcTaskEngine("/nowhere")
    }
  }
}
