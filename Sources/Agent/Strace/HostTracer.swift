import Bytes
import Glibc
import ProcFS
import Records
import TraceReport

/// Traces processes of this host: finds them, leaves alone whom it must, watches the others for a
/// while, sees that all are free again, and reports.
public struct HostTracer {
  private let root: String
  /// We: a test that traces what it has started itself is somebody else.
  var own = getpid()
  private let policy: CommandLinePolicy
  private let limits: TraceLimits
  private let strace: StraceProgram?

  /// - Parameters:
  ///   - root: of `/proc`.
  ///   - policy: how much of a command line is told. It is matched as it is.
  ///   - strace: the program; `nil`: the one that is found when it is needed.
  public init(
    root: String = "/proc", policy: CommandLinePolicy = .masked,
    limits: TraceLimits = TraceLimits(), strace: StraceProgram? = nil
  ) {
    (self.root, self.policy, self.limits, self.strace) = (root, policy, limits, strace)
  }

  /// Takes as long as the request says and a few seconds, with all processes let go of at its end.
  ///
  /// - Parameters:
  ///   - askers: processes that ask for it over a socket: they and their parents are left alone, as are
  ///     we and ours.
  ///   - folder: where strace's raw output is kept besides; only for who asks on the host itself.
  ///   - isStopped: asked all the time; once it says so, the trace ends with what it has.
  ///   - progress: told at least once a second.
  public func run(
    _ request: TraceRequest, askers: [Int32] = [], keepingIn folder: String? = nil,
    isStopped: () -> Bool = { false }, progress: () -> Void = {}
  ) throws(TraceFailure) -> HostTrace {
    let site = TraceSite(root: root, askers: askers, own: own)
    var draft = try TraceDraft(request, at: site, policy: policy)
    try draft.select(isStopped)
    try draft.inspect(isStopped)
    if request.isDryRun {
      let refusal = refusal(of: draft.engine, site)
      return draft.finishDryRun(request.engine == nil ? refusal?.withWayOut : refusal)
    }
    if isStopped() { draft.leaveAll() }
    guard !draft.tracees.isEmpty else { return draft.finish() }
    let lock = try TraceLock(limits.name)
    do throws(TraceFailure) {
      try watch(&draft, site, folder, isStopped, progress)
    } catch {
      lock.release()
      throw request.engine == nil ? error.withWayOut : error
    }
    lock.release()
    return draft.finish()
  }

  private func watch(
    _ draft: inout TraceDraft, _ site: TraceSite, _ folder: String?, _ isStopped: () -> Bool,
    _ progress: () -> Void
  ) throws(TraceFailure) {
    switch draft.engine {
    case .bpf:
      var engine = try BPFTraceEngine(root: root)
      try draft.watch(&engine, isStopped, progress)
    case .strace:
      // Before anything is made in the folder.
      let program = try straceProgram()
      var kept: KeptOutput?
      if let folder { kept = try keeper(in: folder, for: draft.tracees) }
      var engine: StraceEngine
      do throws(TraceFailure) {
        engine = try StraceEngine(program, at: site, limits: limits, keeper: kept)
      } catch {
        _ = kept?.finish()
        throw error
      }
      try draft.watch(&engine, isStopped, progress)
    }
  }

  private func keeper(
    in folder: String, for tracees: [Tracee]
  ) throws(TraceFailure) -> KeptOutput {
    let keeper = try KeptOutput(in: folder, waitingBytes: limits.waitingBytes)
    do throws(TraceFailure) {
      for tracee in tracees { try keeper.open(for: tracee) }
    } catch {
      _ = keeper.finish()
      throw error
    }
    return keeper
  }

  private func straceProgram() throws(TraceFailure) -> StraceProgram {
    if let strace { return strace }
    return try StraceProgram.find()
  }

  /// Why the engine can't run here; `nil` where it can.
  private func refusal(of engine: TraceEngine, _ site: TraceSite) -> TraceFailure? {
    do throws(TraceFailure) {
      switch engine {
      case .bpf: try BPFTraceEngine(root: root).check()
      case .strace: _ = try StraceEngine(try straceProgram(), at: site, limits: limits)
      }
      return nil
    } catch {
      return error
    }
  }
}

extension TraceFailure {
  /// Where the cheap engine can't run, what the other one may cost.
  var withWayOut: TraceFailure {
    guard case .cannotRun(let why) = self else { return self }
    return .cannotRun(
      "\(why). --engine strace may run, but stops a process twice at each of its calls: one that "
        + "does little else gets up to 217 times slower, which for a busy database is an outage")
  }
}
