import Bytes
import Glibc
import ProcFS
import Records
import TraceReport

// How all are let go of, and what is told of each afterwards.

extension StraceEngine {
  private static let drainMilliseconds: Int32 = 50

  /// Asks all to let go, and kills those that don't in time: one whose process went into `D` waits for
  /// that to wake up, and the kernel doesn't.
  mutating func letGo(_ progress: () -> Void) {
    for child in children { child.leave(.detached) }
    drain(limits.graceMilliseconds, progress)
    for child in children where child.phase != .ended { child.killNow() }
    drain(limits.killMilliseconds, progress)
  }

  private mutating func drain(_ milliseconds: Int, _ progress: () -> Void) {
    let deadline = MonotonicClock.now &+ UInt64(milliseconds) * 1_000_000
    while children.contains(where: { $0.phase != .ended }), MonotonicClock.now < deadline {
      turn(milliseconds: StraceEngine.drainMilliseconds)
      progress()
    }
    // Whoever else holds the pipe open has nothing to say.
    for child in children { _ = child.takeEnd() }
  }

  /// Takes the ends of those that have said all.
  func takeEnds() {
    for child in children where child.phase != .ended && child.output < 0 { _ = child.takeEnd() }
  }

  /// Whether the process is there, with threads that run; its first one may have ended before them.
  mutating func isAlive(_ id: ProcessID) -> Bool {
    guard let stat = root.taskStat(id.pid, using: &buffer), stat.startTicks == id.startTicks else {
      return false
    }
    return stat.state != .zombie && stat.state != .dead
      || root.taskIDs(of: id.pid, limit: 2, using: &listing).count > 1
  }

  // MARK: What is told

  /// Why strace itself doesn't work here; `nil` where it does.
  var commonFailure: String? {
    guard let first = children.first, let text = first.lastMessage else { return nil }
    for child in children where child.attachedAt != nil || child.refusal != nil { return nil }
    guard first.status ?? 0 != 0, first.phase == .ended else { return nil }
    let advice =
      text.utf8.span.contains("option") ? "strace 4.8 or newer is wanted" : "try: strace -f -p PID"
    return "strace doesn't work here (\(text)): \(advice); --engine bpf needs none"
  }

  mutating func outcome(of child: StraceChild) -> TraceOutcome {
    var outcome = TraceOutcome(child.tracee)
    outcome.touched = Array(child.touched)
    let seen = child.finish()
    if child.isStranger {
      outcome.refusal = .init(.isGone, "it ended before it could be traced")
      return outcome
    }
    if child.attachedAt == nil {
      let status = root.taskStatus(child.tracee.id.pid, using: &buffer)
      if child.phase == .ended || status?.tracerPID != child.pid {
        outcome.refusal = refusal(of: child)
        return outcome
      }
    }
    outcome.nanoseconds = child.nanoseconds
    outcome.ending = ending(of: child, seen)
    outcome.lostCalls = child.lostLines
    guard let seen else { return outcome }
    outcome.tally = seen.tally
    outcome.threads = max(1, seen.threads)
    outcome.children = seen.children
    outcome.lostCalls = outcome.lostCalls.addingSaturated(seen.lostCalls)
    outcome.usesIOUring = seen.usesIOUring
    return outcome
  }

  private mutating func ending(
    of child: StraceChild, _ seen: StraceProcess?
  ) -> TracedProcess.Ending {
    if child.phase != .ended { return .unverified }
    if child.ending != .detached { return child.ending }
    if seen?.ending == .exited { return .exited }
    // It ended by itself: nothing was left to trace.
    guard child.status == 0 else { return .detached }
    return isAlive(child.tracee.id) ? .replaced : .exited
  }

  private mutating func refusal(of child: StraceChild) -> TraceOutcome.Refusal {
    let why = child.refusal ?? ""
    if !isAlive(child.tracee.id) || why.utf8.span.contains("No such process") {
      return .init(.isGone, "it ended before it could be traced")
    }
    guard child.phase == .ended else {
      return .init(.isOverBudget, "strace itself didn't start: the disk that it is on hangs")
    }
    guard !why.isEmpty else {
      guard child.status == 0 || child.status ?? 0 & 0x7f == SIGTERM else {
        return .init(.isDenied, child.lastMessage ?? "strace ended: \(endText(child.status))")
      }
      return .init(.isOverBudget, "the trace was over before it was attached")
    }
    guard why.utf8.span.contains("not permitted") else { return .init(.isDenied, why) }
    let tracer = root.taskStatus(child.tracee.id.pid, using: &buffer)?.tracerPID ?? 0
    if tracer != 0 { return .init(.isTraced, "\(tracer) traces it since a moment ago") }
    return .init(.isDenied, scope.advice)
  }

  /// What is odd in how a strace ended that had attached; `nil` where nothing is.
  func oddEnd(of child: StraceChild) -> String? {
    guard child.attachedAt != nil else { return nil }
    let who = "strace of \(Printable.text(child.tracee.name.bytes.span)) (\(child.tracee.id.pid))"
    guard child.phase == .ended else {
      return "the \(who) can't be killed: kill -KILL \(child.pid), once what it waits for is over"
    }
    guard let status = child.status, status != 0 else { return nil }
    // Asked to let go, it ends with the signal; killed, with the other one.
    let signal = status & 0x7f
    if child.wasAsked, signal == SIGTERM || signal == SIGKILL { return nil }
    let seconds = child.nanoseconds / 1_000_000_000
    return "the \(who) ended by itself after \(seconds) s: \(child.lastMessage ?? endText(status))"
  }

  private func endText(_ status: Int32?) -> String {
    guard let status else { return "nobody knows how" }
    let signal = status & 0x7f
    return signal == 0 ? "exit code \(status >> 8 & 0xff)" : "signal \(signal)"
  }
}
