import Foundation
import Records
import TestSupport
import Testing

@testable import Strace

/// The real strace at real processes.
@Suite(.enabled(if: Machine.canTrace, Comment(rawValue: Machine.needsTrace)), .live)
struct StraceEngineTests {
  /// Counted as the workers themselves count: each block is a write and a sync.
  @Test func whatIsToldIsWhatWasDone() async throws {
    let workers = try await Workers.make(3, hammers: 1)
    let before = workers.counts
    let trace = try await TraceRun(TraceRun.request(workers.pids, seconds: 1)).trace()
    let after = workers.counts
    #expect(trace.attached == 3 && trace.verified == 3 && trace.notices.isEmpty, "\(trace)")
    let first = try #require(trace.processes.first)
    #expect(first.identity.id.pid == workers.pids[0])
    #expect(first.syncCalls > 0 && first.syncCalls <= UInt64(after[0] - before[0]) + 1)
    #expect(first.writeBytes >= (first.syncCalls - 1) * 4096)
    #expect(first.files.first?.path == workers.file)
    #expect(first.ending == .detached && first.lostCalls == 0)
    #expect(workers.held.isEmpty)
    try await workers.goOn()
    try await workers.finish()
  }

  @Test func allThreadsAreSeenAndFreedAgain() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let load = try LoadGenerator([
      "write", "--threads", "8", "--rounds", "0", "--bytes", "256k", "--block", "4k", "--file",
      folder.file("x"),
    ])
    try await until("its threads") { ProcessTree.tasks(of: load.pid).count == 9 }
    let tasks = ProcessTree.tasks(of: load.pid)
    let trace = try await TraceRun(TraceRun.request([load.pid], seconds: 1)).trace()
    let process = try #require(trace.of(load.pid), "\(trace)")
    #expect(process.threads >= 8 && process.writeBytes > 0)
    #expect(process.files.first?.path == folder.file("x"))
    #expect(trace.verified == 1 && TracedState.held(load.pid).isEmpty)
    // They go on, each of them.
    let runs = tasks.map { TaskState(pid: load.pid, tid: $0)?.runs }
    try await until("all threads to go on") {
      zip(tasks.dropFirst(), runs.dropFirst()).allSatisfy {
        TaskState(pid: load.pid, tid: $0)?.runs ?? 0 > $1 ?? 0
      }
    }
    load.program.send(SIGKILL)
    try await load.program.end()
  }

  /// Children come along, since strace can't tell them from threads; what they do stands under who
  /// began them, as the other engine has it.
  @Test func aForkStormIsFollowedAndFreed() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let load = try LoadGenerator([
      "fork", "--go", "--children", "300", "--parallel", "8", "--bytes", "4k", "--file",
      folder.file("x"),
    ])
    try await until("it to wait") { TaskState(pid: load.pid)?.syscall == 0 }
    let run = TraceRun(TraceRun.request([load.pid], seconds: 60))
    try await TraceRun.attached([load.pid])
    try load.go()
    // It ends by itself, and so does the trace.
    let truth = try await load.truth(within: 90)
    try await load.finish()
    let trace = try await run.trace()
    #expect(truth.children == 300)
    let process = try #require(trace.of(load.pid), "\(trace)")
    #expect(process.ending == .exited && trace.verified == 1, "\(process.ending) \(trace.notices)")
    let writes = process.calls.filter { $0.name == "pwrite64" }.reduce(0) { $0 + $1.count }
    #expect(
      writes == 300 && process.files.first { $0.path == folder.file("x") }?.writeBytes == 300 * 4096
    )
    #expect(process.threads == 1 && process.lostCalls == 0, "\(process)")
    #expect(trace.notices.contains { $0.hasPrefix("300 children that began") }, "\(trace.notices)")
  }

  @Test func whoBecomesAnotherProgramIsLetGo() async throws {
    let load = try LoadGenerator(["exec", "--go", "sleep", "1000"])
    _ = try await load.truth()
    let run = TraceRun(TraceRun.request([load.pid], seconds: 60))
    try await TraceRun.attached([load.pid])
    try load.go()
    let trace = try await run.trace(within: 50)
    #expect(trace.of(load.pid)?.ending == .replaced && trace.verified == 1, "\(trace)")
    #expect(TaskState(pid: load.pid)?.name == "sleep" && TracedState.held(load.pid).isEmpty)
    load.program.send(SIGKILL)
    try await load.program.end()
  }

  /// Some end before strace is there, some while it attaches, some after: nothing is made of it.
  @Test func whoEndsMeanwhileIsNoTrouble() async throws {
    let short = try (0..<12).map {
      try Program(["sleep", "0.\($0 < 10 ? "0" : "")\($0)"])
    }
    let long = try Program(["sleep", "1000"])
    let pids = short.map(\.pid) + [long.pid]
    let trace = try await TraceRun(TraceRun.request(pids, seconds: 1)).trace()
    #expect(trace.of(long.pid)?.ending == .detached, "\(trace)")
    #expect(trace.verified == trace.attached)
    for process in trace.processes where process.identity.id.pid != long.pid {
      #expect([.exited, .replaced].contains(process.ending), "\(process)")
    }
    #expect(
      trace.skipped.allSatisfy { [.isGone, .isZombie].contains($0.reason) }, "\(trace.skipped)")
    for program in short { try await program.end() }
    long.send(SIGKILL)
    try await long.end()
  }

  @Test func whoIsTracedAlreadyIsLeftToThatOne() async throws {
    let sleeper = try Program(["sleep", "1000"])
    let other = try Program(["strace", "-qq", "-o", "/dev/null", "-p", "\(sleeper.pid)"])
    try await TraceRun.attached([sleeper.pid])
    let trace = try await TraceRun(TraceRun.request([sleeper.pid], seconds: 1)).trace()
    let skipped = try #require(trace.skipped(sleeper.pid), "\(trace)")
    #expect(skipped.reason == .isTraced && skipped.detail.contains("strace (\(other.pid))"))
    #expect(TracedState.tracer(of: sleeper.pid) == other.pid)
    other.send(SIGTERM)
    try await other.end()
    sleeper.send(SIGKILL)
    try await sleeper.end()
  }

  @Test func oneTraceAtATimeAndWhoHasItIsNamed() async throws {
    let name = "culprit-test-\(UUID().uuidString)"
    let lock = try TraceLock(name)
    do throws(TraceFailure) {
      _ = try TraceLock(name)
      Issue.record("two at once")
    } catch {
      guard case .isBusy(let why) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(why.contains("process \(getpid())"))
    }
    lock.release()
    try TraceLock(name).release()
  }

  /// A name that somebody without rights sits on keeps nobody from tracing.
  @Test(.enabled(if: Machine.canRunWithoutRights && Machine.has("perl"), "needs setpriv and perl"))
  func othersCantKeepUsFromTracing() async throws {
    let name = "culprit-test-\(UUID().uuidString)"
    let squatter = try Program(
      Machine.withoutRights + [
        "perl", "-MSocket", "-e",
        """
        $| = 1;
        socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die;
        bind($s, sockaddr_un("\\0\(name)-0")) or die;
        listen($s, 1) or die; print "ready"; sleep 1000;
        """,
      ])
    try await until("the squatter") { squatter.outputText.contains("ready") }
    try TraceLock(name).release()
    squatter.send(SIGKILL)
    try await squatter.end()
  }
}
