import ProcFS
import Records
import WaitReasons

/// Knows of every waiting task since when it waits, and names what for.
struct WaitBook: ~Copyable {
  private struct Key: Hashable {
    var process: ProcessID
    var tid: Int32
  }

  private struct Wait {
    var since: UInt64
    var seen: UInt64
    var reason: WaitReason
    /// The stack that the reason was named by.
    var stack: [String]
  }

  /// Waiting tasks in one tick beyond which sleepers are not looked for.
  static let limit = 4096

  private let root: ProcRoot
  private var sleepers: SleeperReader
  private var fuse: FUSEWaiters
  private var waits: [Key: Wait] = [:]
  private var buffer = ReadBuffer(capacity: 4096, limit: 1 << 20)

  init(_ path: String = "/proc") throws(ProcError) {
    let root = try ProcRoot(path)
    let sleepers = try SleeperReader(path)
    let fuse = try FUSEWaiters(path)
    self.init(root, sleepers, fuse)
  }

  private init(
    _ root: consuming ProcRoot, _ sleepers: consuming SleeperReader, _ fuse: consuming FUSEWaiters
  ) {
    self.root = root
    self.sleepers = sleepers
    self.fuse = fuse
  }

  /// A task that waits without being in `D`; `nil` where it has gone.
  mutating func sleeper(pid: Int32, tid: Int32, at now: UInt64) -> WaitingTask? {
    sleepers.task(pid: pid, tid: tid, at: now)
  }

  /// The tasks of a process that wait for a file lock; /proc/locks names the process only.
  mutating func lockWaiters(of pid: Int32) -> [Int32] {
    sleepers.tasks(of: pid) { channel in
      let reason = WaitReasons.reason(stack: [], waitChannel: channel, systemCall: nil)
      return reason.name == "file lock" || reason.name == "NFS file lock"
    }
  }

  /// Tasks that await a FUSE server's answer.
  mutating func tasksAwaitingFUSE(
    _ requests: Reading<UInt64>, at now: UInt64
  ) -> [FUSEWaiters.Task] {
    fuse.find(requests, at: now)
  }

  /// Sets `reason` and `waitSeconds` of every task. Where these `areAll` that wait, the others are
  /// forgotten.
  mutating func name(_ waiting: inout [WaitingTask], at now: UInt64, areAll: Bool) {
    if areAll { sleepers.forget(notSeenAt: now) }
    guard !waiting.isEmpty || !waits.isEmpty else { return }
    for index in waiting.indices {
      let key = Key(process: waiting[index].process, tid: waiting[index].tid)
      let stack = waiting[index].stack.value ?? []
      var wait = waits[key]
      if wait == nil || wait?.stack != stack {
        let reason = reason(of: waiting[index], stack)
        wait = Wait(since: wait?.since ?? now, seen: now, reason: reason, stack: stack)
      }
      // Who has it from the kernel knows better: a task may have gone on and come back since.
      let told = waiting[index].waitSeconds
      if told > 0 { wait?.since = now &- min(UInt64(told * 1e9), now) }
      wait?.seen = now
      waits[key] = wait
      waiting[index].reason = wait?.reason ?? .unknown
      if told <= 0 { waiting[index].waitSeconds = Double(now &- (wait?.since ?? now)) / 1e9 }
    }
    if areAll, waits.contains(where: { $0.value.seen != now }) {
      waits = waits.filter { $0.value.seen == now }
    }
  }

  private mutating func reason(of task: WaitingTask, _ stack: [String]) -> WaitReason {
    let reason = WaitReasons.reason(
      stack: stack, waitChannel: task.waitChannel.value, systemCall: task.systemCall.value)
    guard reason.name == "page read" || reason.name == "page writeback",
      let type = FileSystemOfWait.type(of: task, root, using: &buffer)
    else { return reason }
    return WaitReasons.reason(reason, ofFileSystem: type)
  }

  /// Tells those that wait for a file lock who holds it.
  func nameHolders(_ waiting: inout [WaitingTask], of locks: [FileLock]) {
    guard !locks.isEmpty else { return }
    var places: [Int32: [Int]] = [:]
    for index in waiting.indices { places[waiting[index].process.pid, default: []].append(index) }
    for lock in locks {
      for index in lock.waiters.flatMap({ places[$0] ?? [] })
      where waiting[index].reason.kind == .unknown || waiting[index].reason.name == "file lock" {
        waiting[index].reason = WaitReason(name: "file lock", kind: .lock)
        if let holder = lock.holder, !waiting[index].holders.contains(holder) {
          waiting[index].holders.append(holder)
        }
      }
    }
  }
}
