import Foundation
import TestSupport
import Testing

/// Real stalls, and what `culprit-agent suspects --json` calls them, with each engine.
@Suite(
  .enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)),
  .enabled(if: Machine.hasLoad, Comment(rawValue: Machine.needsLoad)),
  .enabled(if: Machine.isRoot, "needs root: stacks of others, and BPF"), .live)
struct SuspectTests {
  /// Both engines look at the same stall at once.
  private func found(_ victim: pid_t) async throws -> [(engine: String, line: SuspectLine)] {
    async let bpf = AgentProgram.suspects(["--engine", "bpf", "--for", "1s"])
    async let proc = AgentProgram.suspects(["--engine", "proc", "--for", "1s"])
    let lines = try await [("bpf", bpf), ("proc", proc)]
    return try lines.map { engine, lines in
      let line = try #require(lines.of(victim), "\(engine) doesn't name \(victim): \(lines)")
      #expect(line.tgid == Int(victim))
      #expect(line.wait_seconds ?? -1 >= 0)
      #expect(line.start_time == Self.startTicks(victim), "\(engine)")
      return (engine, line)
    }
  }

  /// Field 22 of proc_pid_stat(5).
  private static func startTicks(_ pid: pid_t) -> UInt64? {
    let stat = TestFolder.text("/proc/\(pid)/stat")
    guard let end = stat.lastIndex(of: ")") else { return nil }
    return stat[end...].split(separator: " ").dropFirst(20).first.flatMap { UInt64($0) }
  }

  @Test(
    .enabled(if: Machine.canThrottle, Comment(rawValue: Machine.needsThrottle)),
    arguments: [
      (ThrottledDisk.Work.directWrite, ["block I/O"], ["disk"], "pwrite64"),
      (.bufferedRead, ["page read from disk"], ["disk"], "pread64"),
      (
        .fsyncedWrite, ["page writeback", "ext4 journal commit"], ["writeback", "filesystem-log"],
        "fsync"
      ),
    ])
  func aThrottledDisk(
    work: ThrottledDisk.Work, names: [String], kinds: [String], call: String
  ) async throws {
    let stall = try await ThrottledDisk.make(work)
    for (engine, line) in try await found(stall.victim) {
      #expect(names.contains(line.wait_reason ?? ""), "\(engine): \(line)")
      #expect(kinds.contains(line.wait_class ?? ""), "\(engine): \(line)")
      #expect(line.state == "D", "\(engine): \(line)")
      #expect(line.syscall?.value == call, "\(engine): \(line)")
      #expect(line.stack?.value?.isEmpty == false, "\(engine): \(line)")
      #expect(line.holders == [], "\(engine): nobody holds it")
      #expect(line.cmdline.contains("culprit-test-load"), "\(engine): \(line)")
      #expect(line.read_bytes.value != nil && line.write_bytes.value != nil)
    }
    try await stall.release()
  }

  @Test(.enabled(if: Machine.canMountLoop, Comment(rawValue: Machine.needsLoop)))
  func aFrozenFileSystem() async throws {
    let stall = try await FrozenDisk.make()
    for (engine, line) in try await found(stall.victim) {
      #expect(line.wait_reason == "frozen filesystem", "\(engine): \(line)")
      #expect(line.wait_class == "frozen", "\(engine): \(line)")
      #expect(line.state == "D", "\(engine): \(line)")
      #expect(line.write_bytes.value == 0, "\(engine): it can't have written")
    }
    try await stall.release()
  }

  @Test(
    .enabled(if: Machine.canMountFUSE, Comment(rawValue: Machine.needsFUSE)),
    arguments: [
      (HungFUSE.Victim.stat, "FUSE reply", "S"), (.directRead, "FUSE reply", "S"),
      (.bufferedRead, "FUSE read", "D"),
    ])
  func aFUSEServerThatStoppedAnswering(
    victim: HungFUSE.Victim, name: String, state: String
  ) async throws {
    let hung = try await HungFUSE.make()
    try #require(FUSEControl.isMounted)
    let pid = try await hung.hang(victim)
    for (engine, line) in try await found(pid) {
      #expect(line.wait_reason == name, "\(engine): \(line)")
      #expect(line.wait_class == "fuse", "\(engine): \(line)")
      #expect(line.state == state, "\(engine): \(line)")
    }
    try await hung.release()
  }

  @Test(arguments: HeldLock.Kind.allCases)
  func aLockIsNamedWithItsHolder(kind: HeldLock.Kind) async throws {
    let lock = try await HeldLock.make(kind, waiters: 2)
    for waiter in lock.waiters {
      for (engine, line) in try await found(waiter) {
        #expect(line.wait_reason == "file lock", "\(engine): \(line)")
        #expect(line.wait_class == "lock", "\(engine): \(line)")
        #expect(line.state == "S", "\(engine): \(line)")
        #expect(line.holders?.first == Int(lock.holder), "\(engine): \(line)")
        #expect(line.syscall?.value == (kind == .flock ? "flock" : "fcntl"), "\(engine): \(line)")
      }
    }
    try await lock.release()
  }

  @Test func aVforkParentWaitsForItsChildAndNoDisk() async throws {
    let stall = try await VforkParent.make()
    for (engine, line) in try await found(stall.parent) {
      #expect(line.wait_reason == "vfork child", "\(engine): \(line)")
      #expect(line.wait_class == "process", "\(engine): \(line)")
      #expect(line.state == "D", "\(engine): \(line)")
    }
    try await stall.release()
  }

  @Test(arguments: AgentProgram.engines)
  func checkSaysThatSomebodyWaits(engine: String) async throws {
    let stall = try await VforkParent.make()
    let words = ["suspects", "--check", "--for", "700ms", "--engine", engine]
    let result = try await AgentProgram.run(words)
    #expect(result.code == 3, "\(result)")
    #expect(result.outputText.contains("vfork child"), "\(result)")
    try await stall.release()
  }

  /// Load may be CPU and no byte moved.
  @Test(arguments: AgentProgram.engines)
  func whoKeepsACPUBusyIsNamed(engine: String) async throws {
    let hog = try Program(["sh", "-c", "while :; do :; done"])
    let line = try await eventually("it to be named") {
      try await AgentProgram.suspects(["--engine", engine, "--for", "1s"]).of(hog.pid)
    }
    #expect(line.cpu_percent > 4 && line.write_bytes.value == 0, "\(line)")
    hog.send(SIGKILL)
    try await hog.end()
  }

  /// However short the look: nothing is said that wasn't looked for.
  @Test(arguments: AgentProgram.engines)
  func aMomentIsTwoTicks(engine: String) async throws {
    let result = try await AgentProgram.run(["suspects", "--engine", engine, "--for", "0"])
    #expect(result.code == 0 && !result.outputText.contains("gap"), "\(result)")
    #expect(!result.outputText.contains("Looking"), "\(result)")
  }

  /// Many that come and go are one line, under who started them.
  @Test(.enabled(if: Machine.isRoot, "needs root, to hear of ends"))
  func whoComesAndGoesIsPutTogether() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let script = """
      while :; do dd if=/dev/zero of="$0" bs=64k count=4 oflag=direct 2>/dev/null; sleep 0.05; done
      """
    let shell = try Program(["sh", "-c", script, folder.file("x")])
    _ = try await eventually("the line of many") {
      let text = try await AgentProgram.run(["suspects", "--for", "2s", "--rows", "200"]).outputText
      return text.split(separator: "\n").first {
        $0.contains("×") && $0.contains("[dd] (ended), started by \(shell.pid)")
      }
    }
    shell.send(SIGKILL)
    try await shell.end()
  }

  /// kptr_restrict=2 hides addresses from everybody; names aren't addresses.
  @Test(.enabled(if: Machine.isRoot, "needs root, to set kptr_restrict"))
  func addressesMayBeHidden() async throws {
    let setting = "/proc/sys/kernel/kptr_restrict"
    let before = TestFolder.text(setting)
    try "2\n".write(toFile: setting, atomically: false, encoding: .utf8)
    defer { try? before.write(toFile: setting, atomically: false, encoding: .utf8) }
    let stall = try await VforkParent.make()
    for engine in ["auto", "proc"] {
      let lines = try await AgentProgram.suspects(["--engine", engine, "--for", "500ms"])
      let line = try #require(lines.of(stall.parent), "\(lines)")
      #expect(line.wait_class == "process", "\(engine): \(line)")
      let stack = try #require(line.stack?.value)
      #expect(stack.contains { $0.contains("fork") }, "\(engine): \(stack)")
    }
    try await stall.release()
  }

  /// In a time namespace the boot clock is another: how long somebody has waited is not.
  @Test(
    .enabled(if: Machine.isRoot, "needs root, for a time namespace"), arguments: ["auto", "proc"])
  func theBootClockMayBeAnother(engine: String) async throws {
    let stall = try await VforkParent.make()
    let result = try await Program.run([
      "unshare", "-T", "--boottime", "100000000", "--monotonic", "50000000", AgentProgram.path,
      "suspects", "--json", "--engine", engine, "--for", "1s",
    ])
    #expect(result.code == 0, "\(result)")
    let lines = try result.lines.map {
      try JSONDecoder().decode(SuspectLine.self, from: Data($0.utf8))
    }
    let line = try #require(lines.of(stall.parent), "\(result)")
    #expect((0..<600).contains(line.wait_seconds ?? -1), "\(line)")
    try await stall.release()
  }

  /// The kernel keeps whatever name and command line a process wants; what we print is fit for any
  /// terminal.
  @Test(arguments: ["\\033[2J\\033[31mx", "a\\nb) R 1 (", "\\377\\376\\2331m", "\\007\\010\\015"])
  func aHostileNameIsNeverPrintedRaw(name: String) async throws {
    let folder = try TestFolder(below: "/var/tmp")
    // It dirties new pages over and over, so it is a suspect.
    let script = """
      printf "$1" >/proc/$$/comm; echo $$
      while :; do printf %8192s x >>"$0/file"; sleep 0.05; done
      """
    let hostile = try Program(["sh", "-c", script, folder.path, name, "\u{1B}]0;x\u{07}\u{9B}2J"])
    try await until("its name") { !hostile.output.isEmpty }
    for words in [["--json"], []] {
      // A busy machine may not let it write for a while.
      let result = try await eventually("it to be named") {
        let result = try await AgentProgram.run(
          ["suspects", "--for", "1s", "--rows", "1000", "--cmdline", "full"] + words)
        return result.outputText.contains("\(hostile.pid)") ? result : nil
      }
      #expect(result.code == 0, "\(result)")
      let text = try #require(String(validating: result.output, as: UTF8.self))
      #expect(
        !text.unicodeScalars.contains {
          $0.value < 0x20 && $0 != "\n" || (0x7F..<0xA0).contains($0.value)
        }, "\(result.output.filter { $0 != 0x0A && $0 < 0x20 })")
    }
    hostile.send(SIGKILL)
    try await hostile.end()
  }
}
