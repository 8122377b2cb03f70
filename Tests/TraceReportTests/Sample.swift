import Records

@testable import TraceReport

/// Processes as a trace of ten seconds might have them.
enum Sample {
  static func process(
    _ pid: Int32 = 7, seconds: Double = 10, threads: Int = 1, _ body: (inout TraceTally) -> Void
  ) -> TracedProcess {
    var tally = TraceTally()
    body(&tally)
    let id = ProcessID(pid: pid, startTicks: UInt64(pid))
    var process = TracedProcess(identity: ProcessIdentity(id: id, name: TaskName("worker")))
    tally.write(into: &process)
    process.threads = threads
    process.nanoseconds = UInt64(seconds * 1e9)
    return process
  }

  /// Calls that all took as long.
  static func add(
    _ tally: inout TraceTally, _ name: String, _ path: String?, _ count: UInt64, bytes: UInt64 = 0,
    seconds: Double = 0, slowest: Double? = nil, errors: UInt64 = 0, error: String = "ENOENT"
  ) {
    var seen = ObservedCalls(name: name, path: path, count: count)
    seen.bytes = bytes
    seen.nanoseconds = UInt64(seconds * 1e9)
    let mean = seen.nanoseconds / max(1, count)
    seen.slowestNanoseconds = slowest.map { UInt64($0 * 1e9) } ?? mean
    if seconds > 0 {
      let bucket = ObservedCalls.latencyBucket(nanoseconds: mean)
      seen.latencies = [UInt64](repeating: 0, count: bucket) + [count]
    }
    seen.errors = errors
    tally.add(seen)
    if errors > 0 { tally.addError(error, of: name, count: errors) }
  }
}
