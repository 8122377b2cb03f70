import ProcFS
import Records
import TestSupport
import Testing

@testable import Strace

/// Who is left alone, and why, over a `/proc` of which all is known.
@Suite struct TraceGuardTests {
  private func dryRun(
    _ tree: ProcTree, _ pids: [Int32], own: Int32 = 0, askers: [Int32] = [],
    engine: TraceEngine = .strace
  ) throws -> HostTrace {
    var tracer = HostTracer(root: tree.path)
    tracer.own = own
    return try tracer.run(
      TraceRequest(.pids(pids), engine: engine, isDryRun: true), askers: askers)
  }

  @Test func eachReasonIsTold() throws {
    let tree = try ProcTree()
    try tree.add(1, "systemd", parent: 0)
    try tree.add(10)
    try tree.add(11, "kthreadd", flags: 0x20_0000)
    try tree.add(12, state: "Z")
    try tree.add(13, tracer: 14)
    try tree.add(14, "gdb")
    try tree.add(15, state: "T")
    try tree.add(16, innermost: 1)
    try tree.add(17, threads: [(tid: 18, state: "t", tracer: 14)])
    let trace = try dryRun(tree, [1, 10, 11, 12, 13, 15, 16, 17, 99])
    #expect(trace.processes.map(\.identity.id.pid) == [10])
    let reasons = Dictionary(uniqueKeysWithValues: trace.skipped.map { ($0.id.pid, $0.reason) })
    #expect(
      reasons == [
        1: .isInit, 11: .isKernelThread, 12: .isZombie, 13: .isTraced, 15: .isStopped,
        16: .isInit, 17: .isTraced, 99: .isGone,
      ])
    let traced = try #require(trace.skipped.first { $0.id.pid == 13 })
    #expect(traced.detail.contains("gdb (14)"))
    let stopped = try #require(trace.skipped.first { $0.id.pid == 15 })
    #expect(stopped.detail.contains("kill -CONT 15"))
    #expect(trace.matched == 9 && trace.attached == 0)
  }

  /// One thread that is stopped, as under a job's control, is none of our business; all are.
  @Test func whoIsStoppedInPartGoesOn() throws {
    let tree = try ProcTree()
    try tree.add(10, threads: [(tid: 11, state: "T", tracer: 0)])
    try tree.add(20, state: "T", threads: [(tid: 21, state: "T", tracer: 0)])
    let trace = try dryRun(tree, [10, 20])
    #expect(trace.processes.map(\.identity.id.pid) == [10])
    #expect(trace.skipped.map(\.reason) == [.isStopped])
  }

  @Test func whoAsksAndItsParentsAndChildrenAreLeftAlone() throws {
    let tree = try ProcTree()
    try tree.add(5, "sshd-session")
    try tree.add(6, "bash", parent: 5)
    try tree.add(7, "culprit-agent", parent: 6)
    try tree.add(8, "strace", parent: 7)
    try tree.add(9, "xterm")
    try tree.add(20, "sshd")
    try tree.add(21, "culprit-agent", parent: 20)
    try tree.add(30, "strace")
    try tree.add(40, "sshd")
    try tree.set("Tgid:\t6\nTracerPid:\t30\n", "6/status")
    let pids: [Int32] = [5, 6, 7, 8, 9, 20, 21, 30, 40]
    let trace = try dryRun(tree, pids, own: 7, askers: [21])
    #expect(trace.processes.map(\.identity.id.pid) == [9, 40])
    let reasons = Dictionary(uniqueKeysWithValues: trace.skipped.map { ($0.id.pid, $0.reason) })
    #expect(
      reasons == [
        5: .isSSHD, 6: .isAgent, 7: .isAgent, 8: .isAgent, 20: .isSSHD, 21: .isAgent,
        30: .isAgent,
      ])
  }

  /// Those that are stuck in `D` get where they wait in place of their calls.
  @Test func whoIsStuckIsToldWithItsWait() throws {
    let tree = try ProcTree()
    try tree.add(10, threads: [(tid: 11, state: "D", tracer: 0)])
    try tree.add(20)
    let trace = try dryRun(tree, [10, 20])
    #expect(trace.processes.map(\.identity.id.pid) == [20])
    let skipped = try #require(trace.skipped.first)
    #expect(skipped.reason == .isUninterruptible && skipped.id.pid == 10)
    let wait = try #require(skipped.wait)
    #expect(wait.tid == 11 && wait.stack.value == ["jbd2_log_wait_commit"])
    #expect(wait.reason.name.contains("journal") && wait.systemCall.value == "fsync")
    #expect(skipped.detail.contains("--engine bpf"))
  }

  /// Programs in the kernel stop nobody.
  @Test func whoIsStuckCanBeWatchedFromTheKernel() throws {
    let tree = try ProcTree()
    try tree.add(10, state: "D")
    try tree.add(11, innermost: 1)
    let trace = try dryRun(tree, [10, 11], engine: .bpf)
    #expect(trace.processes.map(\.identity.id.pid) == [10, 11] && trace.skipped.isEmpty)
  }

  @Test func aPidThatIsAnothersByNowIsGone() throws {
    let tree = try ProcTree()
    try tree.add(10, start: 2000)
    var check = try TraceGuard(TraceSite(root: tree.path, own: 0), stops: true)
    #expect(check.look(at: ProcessID(pid: 10, startTicks: 2000)) == .free)
    guard case .refused(let refusal) = check.look(at: ProcessID(pid: 10, startTicks: 1000)) else {
      Issue.record("the heir was taken for who had it before")
      return
    }
    #expect(refusal.reason == .isGone)
  }

  // MARK: Yama, which this kernel may not have

  private func scope(_ value: Int?, mayTrace: Bool) throws -> PtraceScope {
    let tree = try ProcTree()
    if let value { try tree.set("\(value)\n", "sys/kernel/yama/ptrace_scope") }
    try tree.set("CapEff:\t\(mayTrace ? "0000000000080000" : "0")\n", "self/status")
    let root = try ProcRoot(tree.path)
    var buffer = ReadBuffer()
    return PtraceScope(root, using: &buffer)
  }

  @Test func nobodyMayBeTracedAndTheSettingIsNamed() throws {
    for (value, mayTrace) in [(2, false), (3, false), (3, true)] {
      let refusal = try #require(try scope(value, mayTrace: mayTrace).refusal)
      #expect(refusal.contains("kernel.yama.ptrace_scope is \(value)"))
    }
    for (value, mayTrace) in [(0, false), (1, false), (2, true), (nil, false)] {
      #expect(try scope(value, mayTrace: mayTrace).refusal == nil)
    }
  }

  @Test func aRefusalNamesWhatToDo() throws {
    #expect(try scope(1, mayTrace: false).advice.contains("sysctl kernel.yama.ptrace_scope=0"))
    #expect(try scope(0, mayTrace: false).advice.contains("sudo"))
    #expect(try scope(nil, mayTrace: true).advice.contains("--engine bpf"))
  }

  @Test func theEngineItselfRefusesWhereNobodyMay() throws {
    let tree = try ProcTree()
    try tree.add(10)
    try tree.set("3\n", "sys/kernel/yama/ptrace_scope")
    var tracer = HostTracer(root: tree.path)
    tracer.own = 0
    do throws(TraceFailure) {
      _ = try tracer.run(TraceRequest(.pids([10]), engine: .strace))
      Issue.record("it was traced")
    } catch {
      guard case .cannotRun(let why) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(why.contains("ptrace_scope is 3"))
    }
    // A dry run says so, and who it would have been.
    let trace = try tracer.run(TraceRequest(.pids([10]), engine: .strace, isDryRun: true))
    #expect(
      trace.processes.count == 1 && trace.notices.contains { $0.contains("ptrace_scope is 3") })
  }
}
