import Foundation
import Records
import Synchronization
import TestSupport

@testable import Strace

/// A trace within the test's own process, on a thread of its own, since it blocks and strace dies with
/// the thread that started it. What the test has started itself may be traced.
final class TraceRun: Sendable {
  private struct State {
    var outcome: Result<HostTrace, TraceFailure>?
  }

  private let state = Mutex(State())
  private let isAsked = Mutex(false)

  /// - Parameters:
  ///   - limits: its name is replaced, so that no other test is in the way.
  ///   - strace: in place of the real one.
  init(
    _ request: TraceRequest, limits: TraceLimits = TraceLimits(), strace: String? = nil,
    keepingIn folder: String? = nil
  ) {
    var limits = limits
    limits.name = "culprit-test-\(UUID().uuidString)"
    let (program, bounds) = (strace.map { StraceProgram(path: $0) }, limits)
    Thread.detachNewThread { [self] in
      var tracer = HostTracer(limits: bounds, strace: program)
      tracer.own = 0
      let result = Result { () throws(TraceFailure) in
        try tracer.run(request, keepingIn: folder, isStopped: { self.isAsked.withLock { $0 } })
      }
      state.withLock { $0.outcome = result }
    }
  }

  /// Ends it early.
  func stop() { isAsked.withLock { $0 = true } }

  var isOver: Bool { state.withLock { $0.outcome != nil } }

  func trace(within seconds: Double = 90) async throws -> HostTrace {
    let outcome = try await eventually("the trace to end", within: seconds) {
      state.withLock { $0.outcome }
    }
    return try outcome.get()
  }

  /// Of these pids, for so long.
  static func request(
    _ pids: [pid_t], seconds: Double, engine: TraceEngine = .strace
  ) -> TraceRequest {
    TraceRequest(
      .pids(pids), engine: engine, milliseconds: UInt32(seconds * 1000), processLimit: 500)
  }

  /// Waits until somebody traces all of these.
  static func attached(_ pids: [pid_t]) async throws {
    try await until("strace to attach") { pids.allSatisfy { TracedState.tracer(of: $0) > 0 } }
  }
}

extension HostTrace {
  func of(_ pid: pid_t) -> TracedProcess? { processes.first { $0.identity.id.pid == pid } }
  func skipped(_ pid: pid_t) -> SkippedProcess? { skipped.first { $0.id.pid == pid } }
}
