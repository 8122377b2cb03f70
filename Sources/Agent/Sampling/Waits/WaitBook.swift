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
  /// Tasks that one search for FUSE waiters looks at.
  private static let searchLimit = 8192

  private let root: ProcRoot
  private var waits: [Key: Wait] = [:]
  private var listing = ReadBuffer(capacity: 32_768, limit: 1 << 20)
  private var threads = ReadBuffer(capacity: 4096, limit: 1 << 20)
  private var buffer = ReadBuffer(capacity: 256, limit: 4096)

  init(_ path: String = "/proc") throws(ProcError) { root = try ProcRoot(path) }

  /// Sets `reason` and `waitSeconds` of every task, and forgets those that don't wait any more.
  mutating func name(_ waiting: inout [WaitingTask], at now: UInt64) {
    guard !waiting.isEmpty || !waits.isEmpty else { return }
    for index in waiting.indices {
      let key = Key(process: waiting[index].process, tid: waiting[index].tid)
      let stack = waiting[index].stack.value ?? []
      var wait = waits[key]
      if wait == nil || wait?.stack != stack {
        let reason = WaitReasons.reason(
          stack: stack, waitChannel: waiting[index].waitChannel.value,
          systemCall: waiting[index].systemCall.value)
        wait = Wait(since: wait?.since ?? now, seen: now, reason: reason, stack: stack)
      }
      wait?.seen = now
      waits[key] = wait
      waiting[index].reason = wait?.reason ?? .unknown
      let known = Double(now &- (wait?.since ?? now)) / 1e9
      waiting[index].waitSeconds = max(waiting[index].waitSeconds, known)
    }
    if waits.contains(where: { $0.value.seen != now }) {
      waits = waits.filter { $0.value.seen == now }
    }
  }

  /// Tells those that wait for a file lock who holds it.
  func nameHolders(_ waiting: inout [WaitingTask], of locks: [FileLock]) {
    guard !locks.isEmpty else { return }
    var places: [Int32: [Int]] = [:]
    for index in waiting.indices { places[waiting[index].process.pid, default: []].append(index) }
    for lock in locks {
      for index in lock.waiters.flatMap({ places[$0] ?? [] }) {
        waiting[index].reason = WaitReason(name: "file lock", kind: .lock)
        if let holder = lock.holder, !waiting[index].holders.contains(holder) {
          waiting[index].holders.append(holder)
        }
      }
    }
  }

  /// Tasks that sleep in the kernel until a FUSE server answers. Looked for only while a
  /// connection has requests waiting: it reads the wait channel of every task.
  mutating func tasksAwaitingFUSE() -> [(pid: Int32, tid: Int32)] {
    var pids: [Int32] = []
    _ = root.listNumbers(ProcPath(), using: &listing) { pids.append($0) }
    var found: [(pid: Int32, tid: Int32)] = []
    var looked = 0
    for pid in pids where looked < WaitBook.searchLimit {
      var tids: [Int32] = []
      _ = root.listNumbers(ProcPath(pid: pid, "task"), using: &threads) { tids.append($0) }
      for tid in tids {
        looked += 1
        guard case .bytes = root.readRecord(ProcPath(pid: pid, tid: tid, "wchan"), into: &buffer)
        else { continue }
        let channel = buffer.withBytes { TaskWaitChannel.function($0) }
        // `request_wait_answer`, `fuse_dev_…` never: that is the server waiting for work.
        if let channel, channel.hasPrefix("request_wait_answer") { found.append((pid, tid)) }
      }
    }
    return found
  }
}
