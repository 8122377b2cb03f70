import BPFEngine
import Foundation
import ProcFS
import Records
import Strace
import Synchronization
import TestSupport
import TraceReport

/// What the programs in the kernel saw of some processes while something was done.
struct KernelTrace {
  var processes: [TracedProcess]
  var refusals: [TraceOutcome.Refusal?]
  var notices: [String]
  /// How long it took from the first call being counted, as the test's clock saw it.
  var seconds: Double

  /// Traces `pids` and does `body` once all are watched; lets go of them when it returns, or where
  /// `seconds` are given, after these.
  static func of(
    _ pids: [pid_t], for seconds: Double? = nil, sizes: TraceSizes? = nil,
    during body: () async throws -> Void
  ) async throws -> KernelTrace {
    let run = KernelRun(try pids.map(tracee), seconds, sizes)
    try await until("the trace to begin") { try run.hasBegun }
    do {
      try await body()
    } catch {
      run.stop()
      throw error
    }
    if seconds == nil { run.stop() }
    let (findings, took) = try await eventually("the trace to end") { try run.result }
    return KernelTrace(findings, took)
  }

  private init(_ findings: TraceFindings, _ seconds: Double) {
    processes = findings.outcomes.map { outcome in
      var process = TracedProcess(
        identity: ProcessIdentity(id: outcome.tracee.id, name: outcome.tracee.name))
      outcome.tally.write(into: &process)
      process.threads = outcome.threads
      process.nanoseconds = outcome.nanoseconds
      process.ending = outcome.ending
      process.lostCalls = outcome.lostCalls
      process.usesIOUring = outcome.usesIOUring
      return process
    }
    refusals = findings.outcomes.map(\.refusal)
    notices = findings.notices
    self.seconds = seconds
  }

  static func tracee(_ pid: pid_t) throws -> Tracee {
    let root = try ProcRoot()
    var buffer = ReadBuffer(capacity: 4096, limit: 4096)
    guard root.readRecord(ProcPath(pid: pid, "stat"), into: &buffer) == .bytes,
      let stat = buffer.withBytes({ TaskStat($0) })
    else { throw TestTrouble("no process \(pid)") }
    return Tracee(id: ProcessID(pid: pid, startTicks: stat.startTicks), name: stat.name)
  }

  /// The only process.
  var only: TracedProcess { processes[0] }
}

/// The engine at work, on a thread of its own: it blocks.
private final class KernelRun: Sendable {
  private struct State {
    var hasBegun = false
    var isOver = false
    var result: Result<(TraceFindings, Double), any Error>?
  }

  private let state = Mutex(State())

  init(_ tracees: [Tracee], _ seconds: Double?, _ sizes: TraceSizes?) {
    Thread { [self] in
      let result = Result { try run(tracees, seconds ?? 120, sizes) }
      state.withLock { $0.result = result }
    }.start()
  }

  private func run(
    _ tracees: [Tracee], _ seconds: Double, _ sizes: TraceSizes?
  ) throws -> (TraceFindings, Double) {
    var engine = try BPFTraceEngine(sizes: sizes)
    var began: Double?
    let findings = try engine.run(
      tracees, for: UInt64(seconds * 1e9),
      isStopped: {
        if began == nil { began = Monotonic.now }
        return state.withLock {
          $0.hasBegun = true
          return $0.isOver
        }
      }, progress: {})
    return (findings, Monotonic.now - (began ?? Monotonic.now))
  }

  var hasBegun: Bool {
    get throws {
      _ = try result
      return state.withLock { $0.hasBegun }
    }
  }

  var result: (TraceFindings, Double)? {
    get throws { try state.withLock { try $0.result?.get() } }
  }

  func stop() { state.withLock { $0.isOver = true } }
}

extension TracedProcess {
  /// All calls of a name, whatever they were on.
  func count(_ name: String) -> UInt64 { calls(name).reduce(0) { $0 + $1.count } }
  func bytes(_ name: String) -> UInt64 { calls(name).reduce(0) { $0 + $1.bytes } }
  func calls(_ name: String) -> [TracedCall] { calls.filter { $0.name == name } }

  func file(_ path: String) -> TracedFile? { files.first { $0.path == path } }
  func errors(_ call: String, _ error: String) -> UInt64 {
    errors.first { $0.call == call && $0.error == error }?.count ?? 0
  }
}

extension Machine {
  /// Programs can be loaded into the kernel that count system calls.
  static let canTrace = isRoot && (try? BPFTraceEngine().check()) != nil
}
