import Records

extension Record {
  static let traceRequest = TraceRequest(
    .commandLine("postgres: .*writer"), engine: .strace, milliseconds: 5_000, processLimit: 8)

  /// A database's process that waits for its journal most of the time.
  static let traced: TracedProcess = {
    var who = ProcessIdentity(
      id: ProcessID(pid: 1_234, startTicks: 98_765), name: TaskName("postgres"),
      userID: .known(113), user: "postgres", commandLine: .known("postgres: wal writer"),
      controlGroup: .unsupported)
    who.unit = "postgresql.service"
    var process = TracedProcess(identity: who)
    process.threads = 3
    process.nanoseconds = 5_003_000_000
    process.ending = .overBudget
    process.lostCalls = 2
    process.usesIOUring = true
    process.omittedCalls = 77
    process.omittedFiles = 4
    process.calls = [
      call("fdatasync", .sync, 211, milliseconds: 4_550, slowest: "/var/lib/pg/pg_wal/1"),
      call("write", .write, 211, milliseconds: 12, bytes: 1 << 20),
      call("futex", .wait, 9, milliseconds: 3, errors: 4),
    ]
    var file = TracedFile(path: "/var/lib/pg/pg_wal/1")
    file.calls = 422
    file.writeBytes = 1 << 20
    file.syncCalls = 211
    file.nanoseconds = 4_562_000_000
    process.files = [file]
    process.errors = [TracedError(call: "futex", error: "EAGAIN", count: 4)]
    return process
  }()

  /// Of three that matched one was traced; one waits in D, one is the first process.
  static let trace: HostTrace = {
    var trace = HostTrace(time: night, engine: .bpf)
    trace.nanoseconds = 5_100_000_000
    trace.matched = 3
    trace.verified = 1
    trace.omittedSkipped = 2
    trace.notices = ["the host has no BTF"]
    let waiting = busyTick.waiting[0]
    trace.skipped = [
      SkippedProcess(
        id: waiting.process, name: waiting.name, reason: .isUninterruptible,
        detail: "it waits for its disk", wait: waiting),
      SkippedProcess(
        id: ProcessID(pid: 1, startTicks: 3), name: TaskName("systemd"), reason: .isInit,
        detail: ""),
    ]
    return trace
  }()

  private static func call(
    _ name: String, _ kind: CallClass, _ count: UInt64, milliseconds: UInt64, bytes: UInt64 = 0,
    errors: UInt64 = 0, slowest: String? = nil
  ) -> TracedCall {
    var call = TracedCall(name: name, kind: kind)
    call.count = count
    call.errors = errors
    call.nanoseconds = milliseconds * 1_000_000
    call.bytes = bytes
    call.slowestNanoseconds = milliseconds * 10_000
    call.slowestPath = slowest
    call.latencies = [0, 3, count - 3]
    return call
  }
}
