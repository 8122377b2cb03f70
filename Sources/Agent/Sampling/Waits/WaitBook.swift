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
  private var sleepers: SleeperReader
  private var waits: [Key: Wait] = [:]
  private var fuseSearched: UInt64 = 0
  private var wasFUSEAwaited = false
  private static let searchNanoseconds: UInt64 = 5_000_000_000
  private var listing = ReadBuffer(capacity: 32_768, limit: 1 << 20)
  private var threads = ReadBuffer(capacity: 4096, limit: 1 << 20)
  private var buffer = ReadBuffer(capacity: 256, limit: 4096)

  init(_ path: String = "/proc") throws(ProcError) {
    let root = try ProcRoot(path)
    let sleepers = try SleeperReader(path)
    self.init(root, sleepers)
  }

  private init(_ root: consuming ProcRoot, _ sleepers: consuming SleeperReader) {
    self.root = root
    self.sleepers = sleepers
  }

  /// A task that waits without being in `D`; `nil` where it has gone.
  mutating func sleeper(pid: Int32, tid: Int32, at now: UInt64) -> WaitingTask? {
    sleepers.task(pid: pid, tid: tid, at: now)
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
      wait?.seen = now
      waits[key] = wait
      waiting[index].reason = wait?.reason ?? .unknown
      let known = Double(now &- (wait?.since ?? now)) / 1e9
      waiting[index].waitSeconds = max(waiting[index].waitSeconds, known)
    }
    if areAll, waits.contains(where: { $0.value.seen != now }) {
      waits = waits.filter { $0.value.seen == now }
    }
  }

  private mutating func reason(of task: WaitingTask, _ stack: [String]) -> WaitReason {
    let reason = WaitReasons.reason(
      stack: stack, waitChannel: task.waitChannel.value, systemCall: task.systemCall.value)
    guard reason.name == "page read" || reason.name == "page writeback",
      let type = FileSystemOfWait.type(of: task, root, using: &listing)
    else { return reason }
    return WaitReasons.reason(reason, ofFileSystem: type)
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

  /// Whether some task may await a FUSE server: the connections say so or, where nobody has mounted
  /// them, a FUSE file system is mounted. Without them it is looked for every five seconds.
  mutating func mayAwaitFUSE(_ requests: Reading<UInt64>, at now: UInt64) -> Bool {
    if case .known(let count) = requests { return count > 0 }
    if now &- fuseSearched < WaitBook.searchNanoseconds { return wasFUSEAwaited }
    fuseSearched = now
    wasFUSEAwaited =
      root.read(ProcPath("1/mountinfo"), into: &listing) == .bytes
      && listing.withBytes { WaitBook.hasFUSE($0) }
    return wasFUSEAwaited
  }

  /// Whether a line of proc_pid_mountinfo(5) has the type `fuse`, `fuseblk` or `fuse.NAME`.
  private static func hasFUSE(_ bytes: Span<UInt8>) -> Bool {
    var cursor = 0
    let mark: StaticString = "- fuse"
    while cursor + mark.utf8CodeUnitCount + 1 < bytes.count {
      let rest = bytes.extracting(cursor..<bytes.count)
      let next = rest[mark.utf8CodeUnitCount]
      if rest.starts(with: mark), next != UInt8(ascii: "c") { return true }
      cursor += 1
    }
    return false
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
    wasFUSEAwaited = !found.isEmpty
    return found
  }
}
