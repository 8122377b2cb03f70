import Bytes
import ProcFS
import Records

/// Says who must not be traced, and why. A process that strace stops and can't let go of hangs for
/// ever; one that only the kernel's programs watch doesn't notice.
struct TraceGuard: ~Copyable {
  typealias Refusal = TraceOutcome.Refusal

  /// Threads of one process that are looked at.
  static let threadLimit = 8192

  private let root: ProcRoot
  let lineage: Lineage
  private let stops: Bool
  private var buffer = ReadBuffer(capacity: 4096, limit: 1 << 16)
  private var listing = ReadBuffer(capacity: 4096, limit: 1 << 20)

  enum Verdict: Equatable {
    case free
    case refused(Refusal)
    /// These threads are in `D` just now. Most pass through it: see ``StuckTasks``.
    case uninterruptible([Int32])
  }

  /// - Parameter stops: the engine stops processes.
  init(_ site: TraceSite, stops: Bool) throws(TraceFailure) {
    root = try ProcRoot(tracing: site.root)
    lineage = Lineage(site, root, using: &buffer)
    self.stops = stops
  }

  // MARK: At first sight

  /// What is plain from who it is.
  func refusal(of candidate: Candidate) -> Refusal? {
    let pid = candidate.id.pid
    if pid == 1 { return Refusal(.isInit, "init is never traced") }
    if pid == lineage.own { return Refusal(.isAgent, "it is who asks") }
    if let isServer = lineage.parents[pid] {
      return isServer
        ? Refusal(
          .isSSHD, "it serves the login that asks, which would be cut off: ask from another login")
        : Refusal(.isAgent, "it started who asks, or traces that: ask from elsewhere")
    }
    if candidate.isKernelThread {
      return Refusal(
        .isKernelThread,
        "a kernel thread makes no system calls: culprit-agent process \(pid) says what it waits for"
      )
    }
    if candidate.state == .zombie || candidate.state == .dead {
      return Refusal(.isZombie, "it has ended; only its parent is still to take notice")
    }
    return nil
  }

  // MARK: Thread by thread

  /// What all its threads say just now.
  mutating func look(at id: ProcessID) -> Verdict {
    guard let stat = root.taskStat(id.pid, using: &buffer), stat.startTicks == id.startTicks else {
      return .refused(Refusal(.isGone, "it ended before it could be traced"))
    }
    if let refusal = refusal(of: Candidate(stat)) { return .refused(refusal) }
    if lineage.isOurs(id.pid, root, using: &buffer) {
      return .refused(Refusal(.isAgent, "we started it ourselves"))
    }
    var stuck: [Int32] = []
    var stopped = 0
    let tids = root.taskIDs(of: id.pid, limit: TraceGuard.threadLimit, using: &listing)
    for tid in tids {
      guard let status = root.taskStatus(tid, using: &buffer) else { continue }
      if let tracer = status.tracerPID, tracer != 0 { return .refused(isTraced(by: tracer)) }
      if status.innermostPID == 1, stops {
        return .refused(
          Refusal(
            .isInit,
            "it is the first process of a container: stopping that is not for us; "
              + "--engine bpf watches it without"))
      }
      if status.state == .uninterruptible { stuck.append(tid) }
      if status.state == .stopped || status.state == .traced { stopped += 1 }
    }
    if stopped > 0, stopped == tids.count {
      return .refused(
        Refusal(.isStopped, "stopped by a signal: kill -CONT \(id.pid) lets it go on"))
    }
    return stuck.isEmpty ? .free : .uninterruptible(stuck)
  }

  private mutating func isTraced(by tracer: Int32) -> Refusal {
    let name = root.taskStat(tracer, using: &buffer).map {
      Printable.text($0.name.bytes.span, limit: 64)
    }
    // A tracer outside of our pid namespace has no number here.
    let who = tracer < 0 ? "somebody" : name.map { "\($0) (\(tracer))" } ?? "\(tracer)"
    return Refusal(
      .isTraced, "\(who) traces it already, and slows it: end that first, or leave it alone")
  }
}
