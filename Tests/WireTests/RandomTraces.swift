import Records
import TestSupport

// Traces with every field anywhere in its range.

extension SeededGenerator {
  mutating func traceRequest() -> TraceRequest {
    let selection: TraceRequest.Selection =
      switch count(upTo: 3) {
      case 0: .commandLine("x" + text(upTo: 60))
      case 1:
        .pids((0...count(upTo: 9)).map { _ in Int32.random(in: 1...Int32.max, using: &self) })
      case 2: .suspects
      default: .unit("x" + text(upTo: 60))
      }
    return TraceRequest(
      selection, engine: pick([.bpf, .strace, nil]),
      milliseconds: UInt32.random(in: 1...TraceRequest.mostMilliseconds, using: &self),
      processLimit: UInt32.random(in: 1...TraceRequest.mostProcesses, using: &self),
      isDryRun: chance(30))
  }

  mutating func traced() -> TracedProcess {
    var who = identity()
    who.ancestors = []
    var process = TracedProcess(identity: who)
    process.threads = count(upTo: 10_000)
    process.nanoseconds = number()
    process.ending = pick(TracedProcess.Ending.allCases)
    process.calls = list(upTo: TracedProcess.callLimit) { $0.call() }
    process.omittedCalls = number()
    process.files = list(upTo: TracedProcess.fileLimit) { $0.tracedFile() }
    process.omittedFiles = count(upTo: 5_000)
    process.errors = list(upTo: TracedProcess.errorLimit) {
      TracedError(call: $0.symbol(), error: $0.symbol(), count: $0.number())
    }
    process.lostCalls = number()
    process.usesIOUring = chance(20)
    return process
  }

  private mutating func call() -> TracedCall {
    var call = TracedCall(name: symbol(), kind: pick(CallClass.allCases))
    call.count = number()
    call.errors = number()
    call.nanoseconds = number()
    call.bytes = number()
    call.slowestNanoseconds = number()
    call.slowestPath = optional { $0.text(upTo: 300) }
    call.latencies = list(upTo: TracedCall.latencyBuckets) { $0.number() }
    return call
  }

  private mutating func tracedFile() -> TracedFile {
    var file = TracedFile(path: text(upTo: 300))
    file.calls = number()
    file.readBytes = number()
    file.writeBytes = number()
    file.syncCalls = number()
    file.nanoseconds = number()
    return file
  }

  /// Without its processes.
  mutating func trace() -> HostTrace {
    var trace = HostTrace(
      time: time(), engine: pick(TraceEngine.allCases), isDryRun: chance(20))
    trace.nanoseconds = number()
    trace.matched = count(upTo: 100_000)
    trace.verified = count(upTo: 500)
    trace.skipped = list(upTo: 12) { generator in
      SkippedProcess(
        id: generator.process(), name: generator.name(),
        reason: generator.pick(SkippedProcess.Reason.allCases), detail: generator.text(upTo: 300),
        wait: generator.optional { $0.waiting() })
    }
    trace.omittedSkipped = count(upTo: 90_000)
    trace.notices = list(upTo: HostTrace.noticeLimit) { $0.text(upTo: 200) }
    return trace
  }
}
