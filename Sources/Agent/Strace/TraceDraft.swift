import Bytes
import ProcFS
import Records
import Sampling
import TraceReport

/// A trace on its way: who was found, who is left alone, what was seen.
struct TraceDraft: ~Copyable {
  let request: TraceRequest
  let engine: TraceEngine
  private let root: String
  private let policy: CommandLinePolicy
  private let begin = MonotonicClock.now
  private var trace: HostTrace
  private var check: TraceGuard
  private var candidates: [Candidate] = []
  private(set) var tracees: [Tracee] = []
  private var identities: [ProcessID: ProcessIdentity] = [:]
  private var rings: Set<ProcessID> = []
  /// Threads that were in `D` before the trace, of those that are traced all the same.
  private var waiting: [ProcessID: [Int32]] = [:]

  init(
    _ request: TraceRequest, at site: TraceSite, policy: CommandLinePolicy
  ) throws(TraceFailure) {
    engine = request.engine ?? .bpf
    check = try TraceGuard(site, stops: engine == .strace)
    trace = HostTrace(time: Clocks.now, engine: engine, isDryRun: request.isDryRun)
    (self.request, root, self.policy) = (request, site.root, policy)
  }

  // MARK: Who

  /// Finds those that the request is about.
  ///
  /// - Throws: `tooMany`, where more than it allows would be traced; `noMatch`, `badSelection`.
  mutating func select(_ isStopped: () -> Bool) throws(TraceFailure) {
    let found = try TraceSelection.find(
      request, in: root, own: check.lineage.own, isStopped: isStopped)
    for notice in found.notices { self.notice(notice) }
    // Of suspects the first ones are traced that may be.
    let isRanking = request.selection == .suspects
    let limit = min(request.processLimit, TraceRequest.mostProcesses)
    trace.matched = found.candidates.count + found.missing.count
    for pid in found.missing {
      skip(
        ProcessID(pid: pid, startTicks: 0), TaskName(),
        .init(.isGone, "no process has this pid (any more)"))
    }
    for (place, candidate) in found.candidates.enumerated() {
      if isRanking, candidates.count >= Int(limit) {
        trace.matched = place
        break
      }
      if let refusal = check.refusal(of: candidate) {
        skip(candidate.id, candidate.name, refusal)
      } else {
        candidates.append(candidate)
      }
    }
    guard candidates.count <= Int(limit) else {
      throw .tooMany(matched: candidates.count, limit: Int(limit))
    }
  }

  /// Looks at each more closely, and who it is.
  mutating func inspect(_ isStopped: () -> Bool) throws(TraceFailure) {
    let stops = engine == .strace
    var stuck = try StuckTasks(root)
    for candidate in candidates {
      switch check.look(at: candidate.id) {
      case .free: break
      case .refused(let refusal):
        skip(candidate.id, candidate.name, refusal)
        continue
      case .uninterruptible(let tids):
        waiting[candidate.id] = tids
        if stops { stuck.watch(tids, of: candidate.id) }
      }
      tracees.append(Tracee(id: candidate.id, name: candidate.name))
    }
    let waits = stuck.settle(isStopped: isStopped)
    // Nobody had the time to wake up.
    guard !isStopped() else { return }
    for tracee in tracees {
      guard let wait = waits[tracee.id] else { continue }
      let advice =
        "strace would hang with it until it wakes up; --engine bpf watches it without stopping it"
      skip(tracee.id, tracee.name, .init(.isUninterruptible, advice), wait: wait)
    }
    tracees.removeAll { waits[$0.id] != nil }
    try identify()
  }

  private mutating func identify() throws(TraceFailure) {
    var rings = try RingSearch(root)
    do throws(ProcError) {
      var people = try ProcessIdentityReader(root: root, policy: policy)
      for tracee in tracees {
        identities[tracee.id] = people.identity(of: tracee.id)
        if rings.hasRing(tracee.id.pid) { self.rings.insert(tracee.id) }
      }
    } catch {
      throw .failed("\(root) can't be read: \(error)")
    }
  }

  /// It is to end before it has begun.
  mutating func leaveAll() {
    for tracee in tracees {
      skip(tracee.id, tracee.name, .init(.isOverBudget, "the trace was ended before its turn"))
    }
    tracees = []
  }

  private mutating func skip(
    _ id: ProcessID, _ name: TaskName, _ refusal: TraceOutcome.Refusal, wait: WaitingTask? = nil
  ) {
    guard trace.skipped.count < HostTrace.skippedLimit else {
      trace.omittedSkipped += 1
      return
    }
    trace.skipped.append(
      SkippedProcess(
        id: id, name: name, reason: refusal.reason,
        detail: Printable.text(refusal.detail, limit: 300), wait: wait))
  }

  mutating func notice(_ text: String) {
    guard trace.notices.count < HostTrace.noticeLimit else { return }
    trace.notices.append(Printable.text(text, limit: 500))
  }

  // MARK: What

  /// Traces, and looks afterwards whether all are free.
  mutating func watch<Engine: TraceEngineRun & ~Copyable>(
    _ engine: inout Engine, _ isStopped: () -> Bool, _ progress: () -> Void
  ) throws(TraceFailure) {
    let nanoseconds = UInt64(min(request.milliseconds, TraceRequest.mostMilliseconds)) * 1_000_000
    let findings = try engine.run(
      tracees, for: nanoseconds, isStopped: isStopped, progress: progress)
    for notice in findings.notices { self.notice(notice) }
    var release = try ReleaseCheck(root)
    var stuck = try StuckTasks(root)
    for outcome in findings.outcomes {
      if let refusal = outcome.refusal {
        skip(outcome.tracee.id, outcome.tracee.name, refusal)
      } else if !engine.stopsProcesses, outcome.tally.isEmpty,
        let wait = stuck.wait(waiting, of: outcome.tracee.id)
      {
        skip(
          outcome.tracee.id, outcome.tracee.name,
          .init(.isUninterruptible, "it waited all the time: no call of it began or ended"),
          wait: wait)
      } else {
        add(outcome, &release, isStopping: engine.stopsProcesses)
      }
    }
  }

  private mutating func add(
    _ outcome: TraceOutcome, _ release: inout ReleaseCheck, isStopping: Bool
  ) {
    var process = self.process(outcome.tracee)
    outcome.tally.write(into: &process)
    process.threads = max(1, outcome.threads)
    process.nanoseconds = outcome.nanoseconds
    process.ending = outcome.ending
    process.lostCalls = outcome.lostCalls
    process.usesIOUring = process.usesIOUring || outcome.usesIOUring
    // Programs in the kernel hold nobody.
    let trouble =
      isStopping ? release.trouble(of: outcome.tracee, touched: outcome.touched) : nil
    if let trouble {
      process.ending = .unverified
      notice(trouble)
    }
    if process.ending != .unverified { trace.verified += 1 }
    trace.processes.append(process)
  }

  private func process(_ tracee: Tracee) -> TracedProcess {
    var process = TracedProcess(
      identity: identities[tracee.id] ?? ProcessIdentity(id: tracee.id, name: tracee.name))
    process.usesIOUring = rings.contains(tracee.id)
    return process
  }

  // MARK: Its end

  consuming func finish() -> HostTrace {
    trace.processes = TraceRanking.sorted(trace.processes)
    trace.nanoseconds = MonotonicClock.now &- begin
    return trace
  }

  /// Who would have been traced; `refusal` is why nobody would be.
  consuming func finishDryRun(_ refusal: TraceFailure?) -> HostTrace {
    if let refusal { notice("the trace itself would be refused: \(refusal)") }
    trace.processes = tracees.map { process($0) }
    trace.nanoseconds = MonotonicClock.now &- begin
    return trace
  }
}
