import Foundation
import Records
import TestSupport
import Testing

@testable import Strace

/// What goes wrong in the middle: processes that get stuck, straces that die or won't end, output
/// without end.
@Suite(.enabled(if: Machine.canTrace, Comment(rawValue: Machine.needsTrace)), .live)
struct StraceFaultTests {
  @Test func whoPrintsTooMuchIsLetGoAndTheOthersGoOn() async throws {
    let workers = try await Workers.make(3, hammers: 1)
    var limits = TraceLimits()
    limits.processBytes = 20_000
    let run = TraceRun(TraceRun.request(workers.pids, seconds: 300), limits: limits)
    try await TraceRun.attached(Array(workers.pids.dropFirst()))
    let before = workers.counts[0]
    try await until("the flooder to be let go") {
      workers.counts[0] > before + 500 && TracedState.held(workers.pids[0]).isEmpty
    }
    #expect(!run.isOver)
    run.stop()
    let trace = try await run.trace()
    let flooder = try #require(trace.of(workers.pids[0]), "\(trace)")
    #expect(flooder.ending == .overBudget && flooder.syncCalls > 10)
    for pid in workers.pids.dropFirst() { #expect(trace.of(pid)?.ending == .detached) }
    #expect(trace.verified == 3 && workers.held.isEmpty)
    try await workers.goOn()
    try await workers.finish()
  }

  @Test func theHostHasABudgetOfItsOwn() async throws {
    let workers = try await Workers.make(4, hammers: 2)
    var limits = TraceLimits()
    limits.hostBytes = 50_000
    let run = TraceRun(TraceRun.request(workers.pids, seconds: 100), limits: limits)
    // Long before its time.
    let trace = try await run.trace(within: 60)
    #expect(trace.processes.allSatisfy { $0.ending == .overBudget }, "\(trace)")
    #expect(trace.notices.contains { $0.contains("trace fewer") }, "\(trace)")
    // On a slow machine it may be used up before the last is attached.
    #expect(trace.attached > 0 && trace.verified == trace.attached, "\(trace)")
    #expect(trace.attached + trace.skipped.count == 4, "\(trace)")
    #expect(trace.skipped.allSatisfy { $0.reason == .isOverBudget } && workers.held.isEmpty)
    try await workers.goOn()
    try await workers.finish()
  }

  /// Somebody's `killall strace`.
  @Test func aStraceThatIsKilledIsToldAndItsProcessIsFree() async throws {
    let workers = try await Workers.make(2, hammers: 1)
    let run = TraceRun(TraceRun.request(workers.pids, seconds: 300))
    try await TraceRun.attached(workers.pids)
    // Some of its calls are told by then.
    try await workers.goOn()
    let tracer = TracedState.tracer(of: workers.pids[0])
    // 0 would be our own process group.
    try #require(tracer > 1)
    kill(tracer, SIGKILL)
    try await until("it to be free") { TracedState.held(workers.pids[0]).isEmpty }
    try await workers.goOn()
    run.stop()
    let trace = try await run.trace()
    #expect(trace.attached == 2 && trace.verified == 2, "\(trace)")
    let notice = try #require(trace.notices.first, "\(trace)")
    #expect(notice.contains("\(workers.pids[0])") && notice.contains("signal 9"))
    #expect(trace.notices.count == 1 && trace.of(workers.pids[0])?.syncCalls ?? 0 > 0)
    try await workers.goOn()
    try await workers.finish()
  }

  /// It stays, whatever it is asked, until it is killed. What it holds is let go of by the kernel.
  @Test func aStraceThatWontEndIsKilled() async throws {
    let folder = try TestFolder()
    // The real one, told to ignore who asks it to end: as one is that waits for a process in D.
    let stubborn = try folder.writeProgram(
      "trap '' TERM; exec strace -I never \"$@\"", to: "strace")
    let sleeper = try Program(["sleep", "1000"])
    var limits = TraceLimits()
    limits.graceMilliseconds = 300
    let trace = try await TraceRun(
      TraceRun.request([sleeper.pid], seconds: 0.5), limits: limits, strace: stubborn
    ).trace()
    #expect(trace.attached == 1 && trace.verified == 1 && trace.notices.isEmpty, "\(trace)")
    #expect(TracedState.held(sleeper.pid).isEmpty)
    sleeper.send(SIGKILL)
    try await sleeper.end()
  }

  /// Where strace is a script that runs it, what is ended is the script: the real one must not stay.
  @Test func aStraceBehindAScriptStaysNowhere() async throws {
    let folder = try TestFolder()
    let wrapper = try folder.writeProgram("strace \"$@\"; exit", to: "strace")
    let sleeper = try Program(["sleep", "1000"])
    var limits = TraceLimits()
    limits.graceMilliseconds = 300
    let run = TraceRun(
      TraceRun.request([sleeper.pid], seconds: 0.5), limits: limits, strace: wrapper)
    // Told or refused: nobody is held afterwards.
    _ = try? await run.trace()
    try await until("nobody to be held") { TracedState.held(sleeper.pid).isEmpty }
    sleeper.send(SIGKILL)
    try await sleeper.end()
  }

  /// strace takes what was under way for read(2), which is call number 0.
  @Test func whoSleepsReadsNothing() async throws {
    let sleeper = try Program(["sleep", "1000"])
    let trace = try await TraceRun(TraceRun.request([sleeper.pid], seconds: 1)).trace()
    let process = try #require(trace.of(sleeper.pid), "\(trace)")
    #expect(process.blockedNanoseconds == 0 && !process.calls.contains { $0.kind == .read })
    sleeper.send(SIGKILL)
    try await sleeper.end()
  }

  /// A process that is not seen free is told, with what helps.
  @Test func whoIsLeftStoppedIsToldWithTheCommandThatHelps() async throws {
    let folder = try TestFolder()
    let cruel = try folder.writeProgram(
      """
      for pid do :; done
      echo "strace: Process $pid attached" >&2
      kill -STOP $pid
      sleep 0.1
      """, to: "strace")
    let sleeper = try Program(["sleep", "1000"])
    let trace = try await TraceRun(
      TraceRun.request([sleeper.pid], seconds: 30), strace: cruel
    ).trace(within: 25)
    #expect(trace.of(sleeper.pid)?.ending == .unverified && trace.verified == 0, "\(trace)")
    #expect(trace.notices.contains { $0.contains("kill -CONT \(sleeper.pid)") }, "\(trace.notices)")
    sleeper.send(SIGKILL)
    try await sleeper.end()
  }

  @Test func aStraceThatCantBeUsedIsOneError() async throws {
    let folder = try TestFolder()
    let old = try folder.writeProgram(
      "echo \"strace: invalid option -- 'b'\" >&2; exit 1", to: "strace")
    let notOurs = try folder.write("no program at all", to: "text", mode: 0o755)
    let sleeper = try Program(["sleep", "1000"])
    for (path, why) in [(old, "4.8 or newer"), (notOurs, "Exec format error")] {
      let run = TraceRun(TraceRun.request([sleeper.pid], seconds: 30), strace: path)
      do {
        let trace = try await run.trace(within: 25)
        Issue.record("\(trace)")
      } catch let error as TraceFailure {
        guard case .cannotRun(let text) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(text.contains(why), "\(text)")
      }
    }
    sleeper.send(SIGKILL)
    try await sleeper.end()
  }

  // MARK: D

  @Test(.enabled(if: Machine.canFreeze && Machine.canMountLoop, "needs loop devices and fsfreeze"))
  func whoIsStuckBeforeIsToldWithWhatItWaitsFor() async throws {
    let stall = try await FrozenDisk.make()
    let start = Monotonic.now
    let trace = try await TraceRun(TraceRun.request([stall.victim], seconds: 30)).trace()
    #expect(Monotonic.now - start < 20 && trace.attached == 0)
    let skipped = try #require(trace.skipped(stall.victim), "\(trace)")
    #expect(skipped.reason == .isUninterruptible)
    #expect(skipped.wait?.reason.name == "frozen filesystem", "\(skipped)")
    #expect(skipped.wait?.stack.value?.isEmpty == false)
    try await stall.release()
  }

  /// strace itself would wait for it for ever.
  @Test(.enabled(if: Machine.canFreeze && Machine.canMountLoop, "needs loop devices and fsfreeze"))
  func whoGetsStuckMeanwhileHoldsUpNobody() async throws {
    let disk = try await LoopDisk.make()
    let workers = try await Workers.make(3, hammers: 2, in: disk.folder, name: "mount/x")
    let run = TraceRun(TraceRun.request(workers.pids, seconds: 300))
    try await TraceRun.attached(workers.pids)
    try await workers.goOn()
    try disk.freeze()
    try await until("a worker to be stuck") {
      workers.pids.contains { TaskState(pid: $0)?.state == "D" }
    }
    // What hangs from now on hangs for so long.
    try await Task.sleep(for: .seconds(1))
    run.stop()
    let start = Monotonic.now
    let trace = try await run.trace(within: 80)
    // A grace of two seconds.
    #expect(Monotonic.now - start < 40)
    #expect(workers.pids.contains { TaskState(pid: $0)?.state == "D" })
    #expect(trace.attached == 3 && trace.verified == 3, "\(trace)")
    // The call that hung until the end has its time.
    #expect(
      trace.processes.contains { process in
        process.calls.contains { $0.kind.isFileWork && $0.slowestNanoseconds > 300_000_000 }
      }, "\(trace)")
    #expect(workers.held.isEmpty)
    try disk.thaw()
    try await workers.goOn()
    #expect(workers.held.isEmpty)
    try await workers.finish()
    try await disk.release()
  }
}
