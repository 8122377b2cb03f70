import ProcFS
import Records

/// Reads where a task is that waits without being in `D`: for a file lock, or for a FUSE server.
/// Such tasks are few, and known by pid; `/proc` gives them cheaper than a walk over all.
///
/// A task that hasn't run since it was read last still is where it was.
struct SleeperReader: ~Copyable {
  private struct Key: Hashable {
    var pid: Int32
    var tid: Int32
  }

  private struct Known {
    var runs: TaskRunTime
    var task: WaitingTask
    var since: UInt64
    var seen: UInt64
  }

  private let root: ProcRoot
  private var guarded: GuardedReader
  private var known: [Key: Known] = [:]
  private var buffer = ReadBuffer(capacity: 4096, limit: 1 << 16)
  private var listing = ReadBuffer(capacity: 4096, limit: 1 << 16)

  init(_ path: String = "/proc") throws(ProcError) {
    let root = try ProcRoot(path)
    guarded = GuardedReader(root: root)
    self.root = root
  }

  /// `nil` where it has gone. `now` is CLOCK_MONOTONIC, nanoseconds.
  mutating func task(pid: Int32, tid: Int32, at now: UInt64) -> WaitingTask? {
    let key = Key(pid: pid, tid: tid)
    let runs = read(pid, tid, "schedstat") { TaskRunTime($0) }
    guard let stat = read(pid, tid, "stat", { TaskStat($0) }) else {
      known[key] = nil
      return nil
    }
    if var found = known[key], let runs, found.runs == runs, !runs.isEmpty {
      found.seen = now
      known[key] = found
      found.task.waitSeconds = Double(now &- min(found.since, now)) / 1e9
      return found.task
    }
    guard let leader = tid == pid ? stat : read(pid, pid, "stat", { TaskStat($0) }) else {
      return nil
    }
    var task = WaitingTask(
      process: ProcessID(pid: pid, startTicks: leader.startTicks), tid: tid, name: stat.name,
      state: stat.state)
    let ran = stat.processor.flatMap { lastRun(pid, tid, on: $0, at: now) }
    let since = ran ?? now
    task.waitIsAtLeast = ran == nil
    task.waitSeconds = Double(now &- min(since, now)) / 1e9
    task.waitChannel = waitChannel(pid, tid)
    readGuarded(&task)
    if let runs { known[key] = Known(runs: runs, task: task, since: since, seen: now) }
    return task
  }

  /// Tasks of one process that are looked through.
  private static let taskLimit = 1024

  /// The tasks of a process whose wait channel is one of those wanted; its first where it has no
  /// other, or none shows.
  mutating func tasks(of pid: Int32, _ isWanted: (String) -> Bool) -> [Int32] {
    var tids: [Int32] = []
    _ = root.listNumbers(ProcPath(pid: pid, "task"), using: &listing) { tid in
      if tids.count < SleeperReader.taskLimit { tids.append(tid) }
    }
    guard tids.count > 1 else { return [pid] }
    let found = tids.filter { tid in
      if case .known(let channel) = waitChannel(pid, tid) { return isWanted(channel) }
      return false
    }
    return found.isEmpty ? [pid] : found
  }

  /// Forgets those that were not asked for at `now`.
  mutating func forget(notSeenAt now: UInt64) {
    if known.contains(where: { $0.value.seen != now }) {
      known = known.filter { $0.value.seen == now }
    }
  }

  private mutating func read<Value>(
    _ pid: Int32, _ tid: Int32, _ file: StaticString, _ parse: (Span<UInt8>) -> Value?
  ) -> Value? {
    guard root.readRecord(ProcPath(pid: pid, tid: tid, file), into: &buffer) == .bytes else {
      return nil
    }
    return buffer.withBytes(parse)
  }

  /// When it ran last, by the monotonic clock: the scheduler's clock is told by ourselves, who
  /// run now. Each CPU has its own, which leaves out interrupts and stolen time, so that nothing
  /// can be said of a task that ran on another.
  private mutating func lastRun(
    _ pid: Int32, _ tid: Int32, on cpu: Int32, at now: UInt64
  ) -> UInt64? {
    guard root.readRecord(ProcPath("thread-self/stat"), into: &buffer) == .bytes,
      buffer.withBytes({ TaskStat($0)?.processor }) == cpu,
      root.readRecord(ProcPath("thread-self/sched"), into: &buffer) == .bytes,
      let own = buffer.withBytes({ TaskSchedule.lastRunNanoseconds($0) }),
      let last = read(pid, tid, "sched", { TaskSchedule.lastRunNanoseconds($0) })
    else { return nil }
    return min(last &+ (now &- own), now)
  }

  private mutating func waitChannel(_ pid: Int32, _ tid: Int32) -> Reading<String> {
    let outcome = root.readRecord(ProcPath(pid: pid, tid: tid, "wchan"), into: &buffer)
    guard outcome == .bytes else { return outcome.reading { nil } }
    return buffer.withBytes { TaskWaitChannel.function($0) }.map { .known($0) } ?? .unsupported
  }

  private mutating func readGuarded(_ task: inout WaitingTask) {
    let files = [TaskFile.stack, .syscall].map {
      TaskFileRequest(
        pid: task.process.pid, tid: task.tid, file: $0, startTicks: task.process.startTicks)
    }
    var (stack, systemCall) = (Reading<[String]>.gap, Reading<String>.gap)
    guarded.read(files) { index, outcome, bytes in
      guard case .read(let outcome) = outcome else { return }
      if index == 0 {
        stack = WaitDetails.stack(outcome, bytes)
      } else {
        systemCall = WaitDetails.systemCall(outcome, bytes)
      }
    }
    (task.stack, task.systemCall) = (stack, systemCall)
  }
}

/// What `/proc` says of where a task waits.
enum WaitDetails {
  static func stack(_ outcome: ReadOutcome, _ bytes: Span<UInt8>) -> Reading<[String]> {
    // A kernel without CONFIG_STACKTRACE has no such file, and one that can't tell an empty one.
    if outcome == .vanished { return .unsupported }
    guard outcome == .bytes else { return outcome.reading { nil } }
    let functions = TaskStack.functions(bytes)
    return functions.isEmpty ? .unsupported : .known(functions)
  }

  static func systemCall(_ outcome: ReadOutcome, _ bytes: Span<UInt8>) -> Reading<String> {
    if outcome == .vanished { return .unsupported }
    guard outcome == .bytes else { return outcome.reading { nil } }
    return TaskSystemCall(bytes).map { .known($0.name) } ?? .gap
  }
}
