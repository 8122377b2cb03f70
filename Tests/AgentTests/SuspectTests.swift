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
}
