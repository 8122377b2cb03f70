import Records
import TraceReport

/// Traces as agents might make them.
enum SampleTraces {
  static let all: [String: [(host: String, trace: HostTrace)]] = [
    "trace-one": [("db1", hammered)], "trace-fleet": [("web1", quiet), ("db1", hammered)],
    "trace-dry": [("db1", dry)], "trace-nobody": [("db1", nobody)],
  ]

  /// Three workers: one hammers a file, one waits for it, one is stuck. Others are left alone.
  static let hammered: HostTrace = {
    var trace = HostTrace(time: SampleReports.night, engine: .bpf)
    trace.nanoseconds = 10_240_000_000
    trace.matched = 6
    trace.processes = TraceRanking.sorted([victim, culprit])
    trace.skipped = [
      SkippedProcess(
        id: ProcessID(pid: 4801, startTicks: 77), name: TaskName("worker"),
        reason: .isUninterruptible, detail: "in D: detaching would hang until it wakes up",
        wait: WaitingTask(
          process: ProcessID(pid: 4801, startTicks: 77), tid: 4801, name: TaskName("worker"),
          state: .uninterruptible,
          reason: WaitReason(name: "ext4 journal commit", kind: .filesystemLog), waitSeconds: 12.5,
          waitChannel: .known("jbd2_log_wait_commit"), systemCall: .known("fsync"),
          stack: .known(["jbd2_log_wait_commit", "ext4_sync_file", "do_fsync"]))),
      SkippedProcess(
        id: ProcessID(pid: 4802, startTicks: 78), name: TaskName("wor\u{1B}[31m".utf8.span),
        reason: .isTraced, detail: "process 4900 (gdb) traces it already"),
      SkippedProcess(
        id: ProcessID(pid: 4803, startTicks: 79), name: TaskName("worker"), reason: .isGone,
        detail: "it ended before it could be traced"),
    ]
    trace.omittedSkipped = 1
    trace.verified = 2
    trace.notices = [
      "4712 (worker) has an io_uring: what goes through it isn't in these figures",
      "a long notice that does not fit into a line of eighty columns is continued on the next one, set in",
    ]
    return trace
  }()

  static let quiet: HostTrace = {
    var trace = HostTrace(time: SampleReports.night, engine: .strace)
    trace.nanoseconds = 10_000_000_000
    trace.matched = 1
    var tally = TraceTally()
    add(&tally, "epoll_wait", nil, 40, seconds: 9.9)
    add(&tally, "recvfrom", "socket:[4711]", 4000, bytes: 5 << 20, seconds: 0.02)
    trace.processes = [made(900, "nginx", "nginx: worker process", tally)]
    trace.processes[0].ending = .unverified
    return trace
  }()

  static let dry: HostTrace = {
    var trace = hammered
    trace.isDryRun = true
    trace.nanoseconds = 4_000_000
    for index in trace.processes.indices {
      trace.processes[index] = TracedProcess(identity: trace.processes[index].identity)
    }
    trace.verified = 0
    trace.notices = []
    return trace
  }()

  static let nobody = HostTrace(time: SampleReports.night, engine: .bpf)

  private static let culprit: TracedProcess = {
    var tally = TraceTally()
    add(&tally, "pwrite64", "/var/lib/app/queue.db", 1200, bytes: 1200 * 4096, seconds: 0.12)
    add(&tally, "fsync", "/var/lib/app/queue.db", 1200, seconds: 9.1, slowest: 0.312)
    add(&tally, "newfstatat", "/etc/app.conf", 30, seconds: 0.001, errors: 28)
    add(&tally, "read", "pipe:[99]", 20, bytes: 20, seconds: 0.4)
    var process = made(4711, "worker", "/usr/bin/worker --queue main --password=***", tally)
    process.threads = 3
    return process
  }()

  private static let victim: TracedProcess = {
    var tally = TraceTally()
    for number in 0..<8 {
      add(
        &tally, "write", "/var/log/app/worker-\(number).log", 2, bytes: 180, seconds: 1.1)
    }
    var process = made(4712, "worker", "/usr/bin/worker --queue slow", tally)
    process.usesIOUring = true
    process.ending = .exited
    process.lostCalls = 3
    return process
  }()

  private static func made(
    _ pid: Int32, _ name: StaticString, _ command: String, _ tally: TraceTally
  ) -> TracedProcess {
    var who = ProcessIdentity(id: ProcessID(pid: pid, startTicks: 5), name: TaskName(name))
    who.commandLine = .known(command)
    who.userID = .known(33)
    who.user = "app"
    var process = TracedProcess(identity: who)
    tally.write(into: &process)
    process.nanoseconds = 10_000_000_000
    return process
  }

  static func add(
    _ tally: inout TraceTally, _ name: String, _ path: String?, _ count: UInt64, bytes: UInt64 = 0,
    seconds: Double = 0, slowest: Double? = nil, errors: UInt64 = 0
  ) {
    var seen = ObservedCalls(name: name, path: path, count: count)
    seen.bytes = bytes
    seen.nanoseconds = UInt64(seconds * 1e9)
    let mean = seen.nanoseconds / max(1, count)
    seen.slowestNanoseconds = slowest.map { UInt64($0 * 1e9) } ?? mean
    seen.latencies =
      [UInt64](repeating: 0, count: ObservedCalls.latencyBucket(nanoseconds: mean)) + [count]
    seen.errors = errors
    tally.add(seen)
    if errors > 0 { tally.addError("ENOENT", of: name, count: errors) }
  }
}
