import Bytes
import CSystem
import Glibc
import ProcFS
import Records
import TraceReport

/// Traces with strace(1), one for each process. Whatever happens to us, to them or to the processes,
/// none is left stopped: those that don't let go when asked are killed, and the kernel lets go then.
public struct StraceEngine: ~Copyable, TraceEngineRun {
  public var engine: TraceEngine { .strace }
  public var stopsProcesses: Bool { true }

  /// Started between two readings of those that run already.
  private static let startedAtOnce = 8
  /// Output is left to gather for so long: waking up for each line would cost the host more.
  private static let gatherMilliseconds = 10
  private static let turnMilliseconds: Int32 = 100
  private static let lookNanoseconds: UInt64 = 200_000_000

  private let program: StraceProgram
  let limits: TraceLimits
  let root: ProcRoot
  let scope: PtraceScope
  private let keeper: KeptOutput?
  private var check: TraceGuard
  private(set) var children: [StraceChild] = []
  private var findings = TraceFindings()
  private var hostBytes = 0
  private var isOverBudget = false
  private var piece = [UInt8](repeating: 0, count: StraceChild.pieceBytes)
  var buffer = ReadBuffer(capacity: 4096, limit: 1 << 16)
  var listing = ReadBuffer(capacity: 4096, limit: 1 << 20)

  /// - Parameter keeper: where raw output goes besides.
  /// - Throws: `TraceFailure.cannotRun`, where nobody may be traced here.
  init(
    _ program: StraceProgram, at site: TraceSite, limits: TraceLimits = TraceLimits(),
    keeper: KeptOutput? = nil
  ) throws(TraceFailure) {
    let check = try TraceGuard(site, stops: true)
    let root = try ProcRoot(tracing: site.root)
    var buffer = ReadBuffer(capacity: 4096, limit: 1 << 16)
    let scope = PtraceScope(root, using: &buffer)
    if let refusal = scope.refusal { throw .cannotRun(refusal) }
    self.init(program, root, check, scope, limits, keeper)
  }

  private init(
    _ program: StraceProgram, _ root: consuming ProcRoot, _ check: consuming TraceGuard,
    _ scope: PtraceScope, _ limits: TraceLimits, _ keeper: KeptOutput?
  ) {
    self.root = root
    self.check = check
    (self.program, self.scope, self.limits, self.keeper) = (program, scope, limits, keeper)
  }

  // MARK: The run

  public mutating func run(
    _ tracees: [Tracee], for nanoseconds: UInt64, isStopped: () -> Bool, progress: () -> Void
  ) throws(TraceFailure) -> TraceFindings {
    // Two pipes each, and both ends of them for a moment.
    _ = HeldFiles.raiseLimit()
    LateEnds.take()
    let reaper = try Reaper()
    start(tracees, reaper, isStopped)
    var deadline = MonotonicClock.now &+ nanoseconds
    let attachDeadline = MonotonicClock.now &+ UInt64(limits.attachMilliseconds) * 1_000_000
    var (nextLook, isAttaching) = (UInt64(0), true)
    while !isStopped(), children.contains(where: { $0.phase < .leaving }) {
      let now = MonotonicClock.now
      if isAttaching, now >= attachDeadline || !children.contains(where: { $0.phase == .starting })
      {
        (isAttaching, deadline) = (false, now &+ nanoseconds)
      }
      if !isAttaching, now >= deadline { break }
      turn(milliseconds: StraceEngine.turnMilliseconds)
      reaper.reassure()
      if now >= nextLook {
        letGoOfEnded()
        progress()
        nextLook = now &+ StraceEngine.lookNanoseconds
      }
    }
    letGo {
      reaper.reassure()
      progress()
    }
    for child in children where child.phase != .ended { LateEnds.await(child.pid) }
    let end = reaper.dismiss()
    if let why = commonFailure {
      _ = keeper?.finish()
      throw .cannotRun(why)
    }
    for child in children { findings.outcomes.append(outcome(of: child)) }
    tellChildren()
    switch end {
    case .empty:
      for child in children { if let text = oddEnd(of: child) { notice(text) } }
    case .wasNeeded:
      notice("the trace ended early: we stood still for seconds (stopped, or with the host)")
    case .notEmpty:
      notice("a strace is left that can't be killed: ps -o pid,stat,wchan -C strace")
    }
    findings.notices += keeper?.finish() ?? []
    if let warning = scope.warning { notice(warning) }
    return findings
  }

  /// Starts one strace after the other, each at a process that is still the same and may be traced.
  private mutating func start(
    _ tracees: [Tracee], _ reaper: borrowing Reaper, _ isStopped: () -> Bool
  ) {
    for (index, tracee) in tracees.enumerated() {
      if index % StraceEngine.startedAtOnce == 0 { turn(milliseconds: 0) }
      reaper.reassure()
      guard !isStopped() else {
        refuse(tracee, .isOverBudget, "the trace was ended before its turn came")
        continue
      }
      if case .refused(let refusal) = check.look(at: tracee.id) {
        refuse(tracee, refusal.reason, refusal.detail)
        continue
      }
      do throws(TraceFailure) {
        let child = try StraceChild(program, tracee, group: reaper.group)
        let threads = root.taskIDs(
          of: tracee.id.pid, limit: TraceGuard.threadLimit, using: &listing)
        for tid in threads { child.addThread(tid) }
        children.append(child)
      } catch {
        refuse(tracee, .isOverBudget, "\(error)")
      }
    }
  }

  private mutating func refuse(
    _ tracee: Tracee, _ reason: SkippedProcess.Reason, _ detail: String
  ) {
    var outcome = TraceOutcome(tracee)
    outcome.refusal = TraceOutcome.Refusal(reason, detail)
    findings.outcomes.append(outcome)
  }

  /// Those that became another program were let go of then: of a shell only the pipes and the waiting.
  private mutating func tellChildren() {
    let count = findings.outcomes.reduce(0) { $0 + $1.children }
    guard let text = TraceFindings.notice(ofChildren: count) else { return }
    notice("\(text), up to where they became another program; --engine bpf watches that, too")
  }

  private mutating func notice(_ text: String) {
    if findings.notices.count < HostTrace.noticeLimit { findings.notices.append(text) }
  }

  // MARK: A turn

  /// Waits at most so long for somebody to say something, and reads it.
  mutating func turn(milliseconds: Int32) {
    var polled: [pollfd] = []
    for child in children {
      for number in [child.output, child.messages] where number >= 0 {
        polled.append(pollfd(fd: number, events: Int16(POLLIN), revents: 0))
      }
    }
    let ready = poll(&polled, nfds_t(polled.count), milliseconds)
    guard ready > 0 else {
      // Nobody has anything open any more, and is yet to end.
      if polled.isEmpty { Pause.sleep(milliseconds: Int(min(milliseconds, 10))) }
      return takeEnds()
    }
    var readable: Set<Int32> = []
    for entry in polled where entry.revents != 0 { readable.insert(entry.fd) }
    var isFlooded = false
    for place in children.indices {
      let child = children[place]
      if readable.contains(child.messages) { readMessages(of: child) }
      guard readable.contains(child.output) else { continue }
      let count = child.readOutput(into: &piece, counts: child.ending != .overBudget)
      if count > 0 { take(count, of: child, place) }
      if count == piece.count { isFlooded = true }
    }
    takeEnds()
    if !isFlooded, milliseconds > 0 {
      Pause.sleep(milliseconds: min(Int(milliseconds), StraceEngine.gatherMilliseconds))
    }
  }

  private mutating func readMessages(of child: StraceChild) {
    var attached: [Int32] = []
    child.readMessages(into: &piece) { attached.append($0) }
    for pid in attached {
      if pid == child.tracee.id.pid {
        // Between the last look and the attaching its pid may have become another's.
        let stat = root.taskStat(pid, using: &buffer)
        if let stat, stat.startTicks != child.tracee.id.startTicks { child.leaveStranger() }
      } else if root.status(ProcPath(pid: child.tracee.id.pid, tid: pid, "")) != nil {
        child.addThread(pid)
      }
    }
  }

  private mutating func take(_ count: Int, of child: StraceChild, _ place: Int) {
    hostBytes += count
    if child.ending != .overBudget {
      keeper?.append(piece.span.extracting(0..<count), of: child.tracee)
    }
    if child.bytes > limits.processBytes { child.leave(.overBudget) }
    guard hostBytes > limits.hostBytes, !isOverBudget else { return }
    isOverBudget = true
    notice(
      "all straces together printed more than \(limits.hostBytes >> 20) MiB: "
        + "none went on after that; trace fewer, or for a shorter time")
    for other in children { other.leave(.overBudget) }
  }

  /// A strace stays with the children of a process that has ended itself.
  private mutating func letGoOfEnded() {
    for child in children where child.phase == .tracing {
      if !isAlive(child.tracee.id) {
        child.leave(.exited)
      } else if root.taskStatus(child.tracee.id.pid, using: &buffer)?.tracerPID == 0 {
        child.noteFree()
      }
    }
  }
}
