import Bytes
import ProcFS
import Records

/// Finds the tasks that sleep in the kernel until a FUSE server answers: they may be in `S`, so no
/// engine sees them.
///
/// That takes the wait channel of every task of the host, so it is done only where somebody waits:
/// while the connections' count of waiting requests stays above 0, or, where nobody has mounted
/// these, while a FUSE file system is; every five seconds, and less often where it finds nobody. In
/// between, those that were found are looked at.
struct FUSEWaiters: ~Copyable {
  struct Task: Equatable {
    var pid: Int32
    var tid: Int32
  }

  /// Tasks that one search looks at.
  private static let searchLimit = 16_384
  private static let searchNanoseconds: UInt64 = 5_000_000_000
  /// Where searches find nobody.
  private static let longestPause: UInt64 = 60_000_000_000

  private let root: ProcRoot
  private var found: [Task] = []
  /// Somebody waited a tick ago.
  private var hasWaited = false
  private var lastSearch: UInt64 = 0
  private var pause = searchNanoseconds
  private var listing = ReadBuffer(capacity: 32_768, limit: 1 << 20)
  private var threads = ReadBuffer(capacity: 4096, limit: 1 << 20)
  private var buffer = ReadBuffer(capacity: 256, limit: 4096)

  init(_ path: String = "/proc") throws(ProcError) { root = try ProcRoot(path) }

  /// `requests` is what the connections say; `now` is CLOCK_MONOTONIC, nanoseconds.
  mutating func find(_ requests: Reading<UInt64>, at now: UInt64) -> [Task] {
    if case .known(let count) = requests, count == 0 {
      (hasWaited, lastSearch, pause) = (false, 0, FUSEWaiters.searchNanoseconds)
      found.removeAll()
      return found
    }
    // Requests are answered all the time: who is to wait has been there a tick ago.
    defer { hasWaited = true }
    guard hasWaited || requests.value == nil else { return found }
    if lastSearch == 0 || now &- lastSearch >= pause {
      lastSearch = now
      if requests.value != nil || isMounted() { search() } else { found.removeAll() }
      let isInVain = found.isEmpty
      pause = isInVain ? min(pause * 2, FUSEWaiters.longestPause) : FUSEWaiters.searchNanoseconds
    } else {
      var still: [Task] = []
      for task in found where awaits(task) { still.append(task) }
      found = still
    }
    return found
  }

  private mutating func search() {
    var pids: [Int32] = []
    _ = root.listNumbers(ProcPath(), using: &listing) { pids.append($0) }
    found.removeAll()
    var looked = 0
    for pid in pids where looked < FUSEWaiters.searchLimit {
      var tids: [Int32] = []
      _ = root.listNumbers(ProcPath(pid: pid, "task"), using: &threads) { tids.append($0) }
      looked += tids.count
      for tid in tids where awaits(Task(pid: pid, tid: tid)) {
        found.append(Task(pid: pid, tid: tid))
      }
    }
  }

  /// `request_wait_answer` of fs/fuse/dev.c. A server that waits for work is in `fuse_dev_do_read`.
  private mutating func awaits(_ task: Task) -> Bool {
    let path = ProcPath(pid: task.pid, tid: task.tid, "wchan")
    guard root.readRecord(path, into: &buffer) == .bytes else { return false }
    return buffer.withBytes { $0.starts(with: "request_wait_answer") }
  }

  /// Whether a file system of type `fuse`, `fuseblk` or `fuse.NAME` is mounted on the host.
  private mutating func isMounted() -> Bool {
    guard root.read(ProcPath("1/mountinfo"), into: &listing) == .bytes else { return false }
    return listing.withBytes { FUSEWaiters.hasFUSE($0) }
  }

  /// The type stands behind a single hyphen (proc_pid_mountinfo(5)); `fusectl` is no such one.
  static func hasFUSE(_ bytes: Span<UInt8>) -> Bool {
    let mark: StaticString = " - fuse"
    let length = mark.utf8CodeUnitCount
    var start = 0
    while start + length < bytes.count {
      let rest = bytes.extracting(start..<bytes.count)
      if rest[0] == UInt8(ascii: " "), rest.starts(with: mark), rest[length] != UInt8(ascii: "c") {
        return true
      }
      start += 1
    }
    return false
  }
}
