import Foundation
import TestSupport
import Testing

/// `culprit-agent trace`, as a user runs it.
@Suite(
  .enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)),
  .enabled(if: Machine.canTrace, Comment(rawValue: Machine.needsTrace)), .live)
struct TraceTests {
  static let engines = ["bpf", "strace"]

  /// Of sixty workers of one program three hammer a file with fsync. They are named, first, and with
  /// the file; nothing is left behind.
  @Test(arguments: engines)
  func theThreeThatHammerAreNamedFirst(engine: String) async throws {
    let workers = try await Workers.make(60, hammers: 3, hertz: 2)
    let result = try await AgentProgram.trace([
      "--match", "worker .*--file \(workers.file)$", "--engine", engine, "--max", "60", "--for",
      "2s", "--json", "--top", "60",
    ])
    #expect(result.code == 0, "\(result)")
    let lines = try TraceLines(result)
    #expect(lines.summary.matched == 60 && lines.summary.attached == 60, "\(result)")
    #expect(lines.summary.detached_verified == 60 && lines.summary.skipped.isEmpty)
    #expect(lines.processes.count == 60)
    #expect(Set(lines.processes.prefix(3).map(\.pid)) == Set(workers.pids.prefix(3)))
    for process in lines.processes.prefix(3) {
      #expect(process.files.first?.path == workers.file, "\(process)")
      #expect(process.sync_calls > 0 && process.write_bytes > 0 && process.engine == engine)
      let verdict = process.verdict ?? ""
      #expect(verdict.contains("fsync") && verdict.contains(workers.file))
    }
    #expect(workers.held.isEmpty)
    #expect(ProcessTree.pids(whoseCommandHolds: "-p\0\(workers.pids[0])\0").isEmpty)
    try await workers.goOn()
    try await workers.finish()
  }

  /// However the agent ends, nobody is left stopped, or slowed.
  @Test(arguments: [SIGKILL, SIGTERM])
  func nobodyIsLeftStoppedByAnAgentThatEnds(signal: Int32) async throws {
    let workers = try await Workers.make(50, hammers: 2)
    let agent = try Program(
      AgentProgram.traceWords([
        "--match", "worker .*--file \(workers.file)$", "--engine", "strace", "--max", "50", "--for",
        "100s", "--json",
      ]))
    try await until("strace at all of them", detail: { agent.errorText }) {
      workers.pids.allSatisfy { TracedState.tracer(of: $0) > 0 }
    }
    let straces = ProcessTree.descendants(of: agent.pid)
    #expect(straces.count == 51, "fifty and the reaper")
    agent.send(signal)
    let result = try await agent.end()
    try await until("all to be free", detail: { workers.held.joined(separator: "\n") }) {
      workers.held.isEmpty
    }
    try await until("all strace to end", detail: { "\(straces.filter { kill($0, 0) == 0 })" }) {
      straces.allSatisfy { !isOurs($0) }
    }
    try await workers.goOn()
    #expect(workers.held.isEmpty)
    // Told to end, it reports what there is.
    if signal == SIGTERM {
      #expect(result.code == 0, "\(result)")
      #expect(try TraceLines(result).summary.detached_verified == 50)
    }
    try await workers.finish()
  }

  private func isOurs(_ pid: pid_t) -> Bool {
    ["strace", "culprit-reaper"].contains(ProcessTree.name(of: pid))
  }

  /// Ctrl-Z stops the agent and not the straces: they are ended for it.
  @Test func nobodyIsLeftStoppedByAnAgentThatStandsStill() async throws {
    let workers = try await Workers.make(3, hammers: 1)
    let agent = try Program(
      AgentProgram.traceWords([
        "--pid", workers.pids.map { "\($0)" }.joined(separator: ","), "--engine", "strace", "--for",
        "200s", "--json",
      ]))
    try await until("strace at all of them", detail: { agent.errorText }) {
      workers.pids.allSatisfy { TracedState.tracer(of: $0) > 0 }
    }
    agent.send(SIGSTOP)
    try await until("all to be free") { workers.held.isEmpty }
    try await workers.goOn()
    agent.send(SIGCONT)
    let result = try await agent.end()
    #expect(result.outputText.contains("stood still"), "\(result)")
    #expect(try TraceLines(result).summary.detached_verified == 3)
    try await workers.finish()
  }

  @Test func fiveHundredMatchesAreRefused() async throws {
    let load = try LoadGenerator(["sleepers", "--children", "500"])
    _ = try await load.truth()
    let pattern = "culprit-test-load sleepers --children 500$"
    let start = Monotonic.now
    for more in [[], ["--max", "499"]] {
      let result = try await AgentProgram.trace(
        ["--match", pattern, "--engine", "strace"] + more)
      #expect(result.code == 1 && result.output.isEmpty, "\(result)")
      // Five hundred and their parent.
      #expect(result.errorText.contains("501 processes match"), "\(result)")
    }
    #expect(Monotonic.now - start < 50)
    try await load.finish()
  }

  @Test(arguments: [
    (["--match", "no-such-program-anywhere"], 1, "no command line matches"),
    // Its own command line holds it.
    (["--match", "trace --match trace"], 1, "no command line matches"),
    (["--pid", "4194300"], 1, "no process 4194300"), (["--unit", "no-such"], 1, "no-such"),
    (["--match", "("], 2, "Unmatched"), ([], 2, "--suspects"), (["--pid", "x"], 2, "pids"),
    (["--pid", "1", "--suspects"], 2, "one of"), (["--pid", "1", "--for", "1h"], 2, "5m"),
    (["--pid", "1", "--engine", "proc"], 2, "auto, bpf, strace"),
    (["--pid", "1", "--max", "501"], 2, "1 to 500"),
    (["--pid", "1", "--keep", "/tmp/x"], 2, "--engine strace"), (["--pid", "1", "x"], 2, "pids"),
  ])
  func wrongUseAndNobodyAreTold(words: [String], code: Int32, part: String) async throws {
    let result = try await AgentProgram.trace(words)
    #expect(result.code == code && result.output.isEmpty, "\(result)")
    #expect(result.errorText.contains(part), "\(result)")
  }

  @Test func whoIsToBeLeftAloneIs() async throws {
    let result = try await AgentProgram.trace(
      ["--pid", "1", "\(getpid())", "--engine", "strace", "--json"])
    #expect(result.code == 1)
    let summary = try TraceLines(result).summary
    #expect(summary.matched == 2 && summary.attached == 0)
    // The test is the agent's parent.
    #expect(summary.skipped.map(\.reason).sorted() == ["agent", "init"])
    let text = try await AgentProgram.trace(["--pid", "1", "--engine", "strace"])
    #expect(text.outputText.contains("init is never traced"), "\(text)")
  }

  /// Where a strace has capabilities of its own, the kernel forgets that it is to die with us.
  @Test(.enabled(if: Machine.has("setpriv"), "needs setpriv"))
  func theReaperEndsThoseThatTheKernelWouldntEnd() async throws {
    let folder = try TestFolder()
    try folder.writeProgram(
      "exec setpriv --pdeathsig clear /usr/bin/strace \"$@\"", to: "strace")
    let workers = try await Workers.make(2, hammers: 1)
    let agent = try Program(
      AgentProgram.traceWords([
        "--pid", "\(workers.pids[0])", "\(workers.pids[1])", "--engine", "strace", "--for", "100s",
      ]), environment: ["PATH": "\(folder.path):/usr/bin:/bin:/usr/sbin:/sbin"])
    try await until("strace at both", detail: { agent.errorText }) {
      workers.pids.allSatisfy { TracedState.tracer(of: $0) > 0 }
    }
    let straces = ProcessTree.descendants(of: agent.pid)
    let reaper = try #require(straces.first { ProcessTree.name(of: $0) == "culprit-reaper" })
    // It holds nothing but the pipe that it hears us by.
    #expect(ProcessTree.descriptorCount(of: reaper) == 1)
    agent.send(SIGKILL)
    try await agent.end()
    try await until("all to be free") { workers.held.isEmpty }
    try await until("all strace to end") { straces.allSatisfy { !isOurs($0) } }
    try await workers.goOn()
    try await workers.finish()
  }

  /// Nobody is attached to: whoever else works on this machine is left in peace.
  @Test func suspectsAreThoseThatWriteMost() async throws {
    let workers = try await Workers.make(4, hammers: 2, block: 1 << 20)
    let lines = try TraceLines(
      try await AgentProgram.trace([
        "--suspects", "--engine", "strace", "--dry-run", "--json", "--max", "100", "--top", "100",
      ]))
    let named = lines.processes.map(\.pid) + lines.summary.skipped.map(\.pid)
    for pid in workers.pids.prefix(2) { #expect(named.contains(pid), "\(named)") }
    try await workers.finish()
  }

  /// Writers that live for some milliseconds each: the shell that starts them is to be traced.
  @Test(.enabled(if: TracedHost.canWatchInKernel, "needs a kernel that can be asked to watch"))
  func ofThoseThatComeAndGoTheParentIsSuspected() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let loop = try Program([
      "sh", "-c", "while :; do dd if=/dev/zero of=\"$0\" bs=64k count=1 2>/dev/null; done",
      folder.file("f"),
    ])
    try await until("it to write") { !folder.read("f").isEmpty }
    try await until("the shell to be suspected") {
      let lines = try TraceLines(
        try await AgentProgram.trace([
          "--suspects", "--engine", "bpf", "--dry-run", "--json", "--max", "100", "--top", "100",
        ]))
      return lines.processes.contains { $0.pid == loop.pid }
    }
    loop.send(SIGKILL)
    try await loop.end()
  }

  @Test(.enabled(if: Machine.canThrottle, Comment(rawValue: Machine.needsThrottle)))
  func aUnitIsItsControlGroup() async throws {
    let stall = try await ThrottledDisk.make(.directWrite)
    let name = (stall.cgroup as NSString).lastPathComponent
    let lines = try TraceLines(
      try await AgentProgram.trace(["--unit", name, "--engine", "strace", "--dry-run", "--json"]))
    #expect(lines.summary.matched == 1)
    let pids = lines.processes.map(\.pid) + lines.summary.skipped.map(\.pid)
    #expect(pids == [stall.victim])
    try await stall.release()
  }

  /// No system call shows what goes through an io_uring.
  @Test(.enabled(if: Machine.has("perl") && Machine.hasIOUring, "needs perl and an io_uring"))
  func anIOUringIsTold() async throws {
    let number = 425
    let ring = try Program([
      "perl", "-e",
      "$| = 1; my $p = \"\\0\" x 120; print syscall(\(number), 4, $p), qq(\\n); sleep 1000",
    ])
    let descriptor = try await eventually("its ring") {
      Int32(ring.outputText.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    defer { ring.send(SIGKILL) }
    #expect(descriptor >= 0)
    let result = try await AgentProgram.trace(
      ["--pid", "\(ring.pid)", "--engine", "strace", "--for", "200ms", "--json"])
    #expect(result.outputText.contains("\"io_uring\":true"), "\(result)")
  }

  @Test func aDryRunTouchesNobody() async throws {
    let workers = try await Workers.make(3, hammers: 1)
    let words = ["--match", "--file \(workers.file)$", "--engine", "strace", "--dry-run"]
    let result = try await AgentProgram.trace(words)
    #expect(result.code == 0, "\(result)")
    for pid in workers.pids { #expect(result.outputText.contains("\(pid)")) }
    let lines = try TraceLines(try await AgentProgram.trace(words + ["--json"]))
    #expect(lines.processes.count == 4 && lines.summary.attached == 0)
    try await workers.finish()
  }

  /// What a process writes, and what its files are called, reaches no terminal as it is.
  @Test func hostileNamesAndBytesAreNeverPrintedRaw() async throws {
    let name = "x\u{1B}[31m\u{07}\n\"> )= -1 EPERM<\u{9B}2J…"
    let folder = try TestFolder(below: "/var/tmp")
    let workers = try await Workers.make(1, hammers: 1, in: folder, name: name)
    for words in [["--json"], []] {
      let result = try await AgentProgram.trace(
        ["--pid", "\(workers.pids[0])", "--engine", "strace", "--for", "500ms"] + words)
      #expect(result.code == 0, "\(result)")
      let text = try #require(String(validating: result.output, as: UTF8.self))
      #expect(text.contains("\(folder.path)/x␛[31m␇"), "\(text)")
      #expect(
        !text.unicodeScalars.contains {
          $0.value < 0x20 && $0 != "\n" || (0x7F..<0xA0).contains($0.value)
        })
    }
    try await workers.finish()
  }

  @Test func rawOutputIsKeptForUsAlone() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let workers = try await Workers.make(2, hammers: 1)
    let kept = folder.file("kept")
    let words = [
      "--pid", "\(workers.pids[0])", "\(workers.pids[1])", "--engine", "strace", "--for", "1s",
      "--keep", kept,
    ]
    let result = try await AgentProgram.trace(words)
    #expect(result.code == 0, "\(result)")
    #expect(mode(kept) == 0o700)
    for pid in workers.pids {
      let file = "\(kept)/culprit-test-lo-\(pid).strace"
      #expect(mode(file) == 0o600)
      let text = TestFolder.text(file)
      #expect(text.contains("pwrite64(") && text.contains(workers.file), "\(text.prefix(500))")
      // The bytes themselves are nowhere.
      #expect(
        text.split(separator: "\n").allSatisfy {
          !$0.contains("pwrite64(") || $0.contains("\"\"...")
        })
    }
    // Nothing is written over.
    let again = try await AgentProgram.trace(words)
    #expect(again.code == 1 && again.errorText.contains("File exists"), "\(again)")
    #expect(workers.held.isEmpty)
    try await workers.finish()
  }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  // MARK: Where it can't

  /// Whom we may not trace is told, and why; nothing of it hurts.
  @Test(.enabled(if: Machine.canRunWithoutRights, "needs setpriv"))
  func withoutRightsOthersAreDenied() async throws {
    let workers = try await Workers.make(1, hammers: 1)
    let result = try await AgentProgram.trace(
      ["--pid", "\(workers.pids[0])", "--engine", "strace", "--for", "1s", "--json"],
      withoutRights: true)
    #expect(result.code == 1, "\(result)")
    let summary = try TraceLines(result).summary
    #expect(summary.skipped.map(\.reason) == ["denied"] && summary.attached == 0, "\(result)")
    #expect(summary.skipped.first?.detail.contains("sudo") == true, "\(result)")
    try await workers.goOn()
    try await workers.finish()
  }

  @Test(
    .enabled(
      if: Machine.canRunWithoutRights && Machine.allowsTracingOwn,
      "needs setpriv, and a kernel.yama.ptrace_scope of 0"))
  func withoutRightsOurOwnCanBeTraced() async throws {
    let sleeper = try Program(
      Machine.withoutRights + ["sh", "-c", "while :; do sleep 0.05; done"])
    try await until("its shell") { TaskState(pid: sleeper.pid)?.name == "sh" }
    let result = try await AgentProgram.trace(
      ["--pid", "\(sleeper.pid)", "--engine", "strace", "--for", "1s", "--json"],
      withoutRights: true)
    #expect(result.code == 0, "\(result)")
    let lines = try TraceLines(result)
    #expect(lines.summary.detached_verified == 1 && lines.processes.first?.calls ?? 0 > 0)
    sleeper.send(SIGKILL)
    try await sleeper.end()
  }

  /// Where there is no strace (here it is hidden), the package is named, before anything is done.
  @Test func withoutStraceThePackageIsNamed() async throws {
    let sleeper = try Program(["sleep", "1000"])
    let hide = """
      for folder in /usr/bin /bin /usr/local/bin; do
        [ ! -e $folder/strace ] || mount --bind /dev/null $folder/strace
      done
      exec "$@"
      """
    let result = try await Program.run(
      ["unshare", "-nm", "--propagation", "private", "sh", "-c", hide, "sh", AgentProgram.path]
        + ["trace", "--pid", "\(sleeper.pid)", "--engine", "strace"],
      environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"])
    #expect(result.code == 1 && result.output.isEmpty, "\(result)")
    #expect(result.errorText.contains("install the package strace"), "\(result)")
    sleeper.send(SIGKILL)
    try await sleeper.end()
  }
}
