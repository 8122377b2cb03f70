import Foundation
import TestSupport
import Testing

/// Without rights the agent runs with less, and says what is missing.
@Suite(
  .enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)),
  .enabled(if: Machine.isRoot && Machine.canRunWithoutRights, "needs root, and to give it away"),
  .live)
struct UnprivilegedTests {
  private func run(_ words: [String]) async throws -> ProgramResult {
    try await AgentProgram.run(words, withoutRights: true)
  }

  @Test func autoFallsBackAndSaysWhy() async throws {
    let result = try await run(["run", "--stdout", "--for", "2s", "--interval", "500ms"])
    #expect(result.code == 0, "\(result.errorText)")
    let stream = try FrameCheck(result.output)
    let hello = try #require(stream.hello)
    #expect(hello.engine == .proc)
    #expect(hello.engineReason.contains("BPF"), "\(hello.engineReason)")
    #expect(hello.engineReason.contains("not permitted"), "\(hello.engineReason)")
    // What everybody may see is there.
    let tick = try #require(stream.ticks.last)
    #expect(tick.processCount > 1)
    #expect(tick.row[.us] != nil && tick.load != nil)
  }

  @Test func bpfIsRefusedWithAWayOut() async throws {
    let result = try await run(["suspects", "--engine", "bpf"])
    #expect(result.code == 1, "\(result)")
    #expect(result.errorText.contains("--engine auto"), "\(result)")
    #expect(result.output.isEmpty)
  }

  @Test(.enabled(if: Machine.canThrottle, Comment(rawValue: Machine.needsThrottle)))
  func whatOthersMovedIsDeniedAndNever0() async throws {
    let stall = try await ThrottledDisk.make(.directWrite)
    let lines = try await AgentProgram.suspects(["--for", "2s"], withoutRights: true)
    let line = try #require(lines.of(stall.victim), "\(lines)")
    #expect(line.state == "D")
    #expect(line.read_bytes.absence == "denied", "\(line)")
    #expect(line.write_bytes.absence == "denied", "\(line)")
    #expect(line.cancelled_write_bytes.absence == "denied", "\(line)")
    #expect(line.stack?.absence == "denied", "\(line)")
    #expect(line.syscall?.absence == "denied", "\(line)")
    // Whoever it is, everybody may know.
    #expect(line.comm.hasPrefix("culprit-test"))
    #expect(line.cmdline.contains("culprit-test-load"))
    try await stall.release()
  }

  @Test func whatIsOursIsKnown() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    chmod(folder.path, 0o777)
    let script = "while :; do printf %8192s x >>\"$0/file\"; sleep 0.05; done"
    let writer = try Program(Machine.withoutRights + ["sh", "-c", script, folder.path])
    try await until("its first file") {
      FileManager.default.fileExists(atPath: folder.file("file"))
    }
    let line = try await eventually("it to be named") {
      try await AgentProgram.suspects(["--for", "2s"], withoutRights: true).of(writer.pid)
    }
    #expect(line.write_bytes.value ?? 0 > 0, "\(line)")
    writer.send(SIGKILL)
    try await writer.end()
  }

  @Test func doctorSaysWhatIsDenied() async throws {
    let result = try await run(["doctor", "--json"])
    #expect(result.code == 0, "\(result)")
    let iterator = try #require(result.lines.first { $0.contains("\"BPF task iterator\"") })
    #expect(iterator.contains("\"denied\""), "\(iterator)")
    #expect(iterator.contains("setcap"), "\(iterator)")
    #expect(try await run(["doctor", "--check"]).code == 3)
  }

  /// What hidepid hides is missing, and doctor says so and what to do.
  @Test func hiddenProcessesAreMissedAndSaidSo() async throws {
    let hidden = "mount -t proc -o hidepid=2 proc /proc && exec \"$@\""
    func run(_ words: [String]) async throws -> ProgramResult {
      try await Program.run(
        ["unshare", "-m", "--propagation", "private", "sh", "-c", hidden, "sh"]
          + Machine.withoutRights + [AgentProgram.path] + words)
    }
    let frames = try await run(["run", "--stdout", "--for", "1s", "--interval", "200ms"])
    #expect(frames.code == 0, "\(frames)")
    let tick = try #require(try FrameCheck(frames.output).ticks.last)
    // Itself, and what else is nobody's.
    #expect(tick.processCount >= 1 && tick.processCount < 20)
    #expect(tick.row[.us] != nil && tick.load != nil)
    let suspects = try await run(["suspects", "--for", "200ms"])
    #expect(suspects.outputText.contains("tasks can't be seen here"), "\(suspects)")
    let doctor = try await run(["doctor", "--json"])
    let line = try #require(doctor.lines.first { $0.contains("hidepid") }, "\(doctor)")
    #expect(line.contains("remount,hidepid=0"), "\(line)")
  }

  @Test func aVforkParentOfAnothersIsNamed() async throws {
    let stall = try await VforkParent.make()
    let lines = try await AgentProgram.suspects(["--for", "1s"], withoutRights: true)
    let line = try #require(lines.of(stall.parent), "\(lines)")
    // wchan tells no more than it may: what can't be seen is unknown, never a disk.
    #expect(["process", "unknown"].contains(line.wait_class), "\(line)")
    try await stall.release()
  }
}
