import CSystem
import Glibc
import Synchronization

/// One thread of a ``GuardedReader``, and the memory that both share.
///
/// Who may touch what, which is what makes `@unchecked Sendable` right:
/// * `requests`, `requestCount` and what the reader remembers (`hangsWith`, …) are the reader's
///   while the thread is idle (`isBusy` is false); the thread only reads the first two.
/// * result `i` and its bytes are the thread's until it stores `done > i` (releasing), and the
///   reader's from when it loads that (acquiring).
final class GuardedWorker: @unchecked Sendable {
  static let requestLimit = 256
  private static let leastRoomBytes = 64 << 10
  private static let stackBytes = 128 << 10

  private struct Result {
    var errno: Int32
    var start: Int32
    var count: Int32
  }

  private let root: Int32
  /// Most bytes of one file, and of all that are read in one go.
  private let fileLimit: Int
  private let roomBytes: Int
  private let wake: Int32
  private let reply: Int32
  private let requests: UnsafeMutablePointer<TaskFileRequest>
  private let results: UnsafeMutablePointer<Result>
  private let room: UnsafeMutableRawPointer
  private var requestCount = 0
  /// What the thread was left with.
  private(set) var hangsWith: TaskFileRequest?
  private var hangingPlace = 0

  private let done = Atomic<Int>(0)
  private let isBusy = Atomic<Bool>(false)
  private let isAbandoned = Atomic<Bool>(false)
  private let isDismissed = Atomic<Bool>(false)
  private let tid = Atomic<Int32>(0)

  /// `nil` where there is no descriptor or thread to be had.
  init?(root: Int32, fileLimit: Int) {
    self.root = dup(root)
    self.fileLimit = fileLimit
    roomBytes = max(GuardedWorker.leastRoomBytes, fileLimit)
    wake = eventfd(0, Int32(EFD_CLOEXEC))
    reply = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    requests = .allocate(capacity: GuardedWorker.requestLimit)
    results = .allocate(capacity: GuardedWorker.requestLimit)
    room = .allocate(byteCount: roomBytes, alignment: 16)
    guard self.root >= 0, wake >= 0, reply >= 0, startThread() else { return nil }
  }

  deinit {
    for descriptor in [root, wake, reply] where descriptor >= 0 { close(descriptor) }
    requests.deallocate()
    results.deallocate()
    room.deallocate()
  }

  // MARK: The reader's side

  var isFree: Bool { hangsWith == nil && !isBusy.load(ordering: .acquiring) }
  var isHanging: Bool { hangsWith != nil && isBusy.load(ordering: .acquiring) }
  /// Requests done so far.
  var progress: Int { done.load(ordering: .acquiring) }

  /// Forgets the requests before.
  func clear() { requestCount = 0 }

  func add(_ request: TaskFileRequest) {
    (requests + requestCount).initialize(to: request)
    requestCount += 1
  }

  func start() {
    done.store(0, ordering: .relaxed)
    isAbandoned.store(false, ordering: .relaxed)
    isBusy.store(true, ordering: .releasing)
    GuardedWorker.signal(wake)
  }

  /// Whether the thread is through with its requests, after at most so long.
  func wait(milliseconds: Int32) -> Bool {
    var poller = pollfd(fd: reply, events: Int16(POLLIN), revents: 0)
    while poll(&poller, 1, milliseconds) > 0 {
      GuardedWorker.absorb(reply)
      // A reply that was late for an earlier wait says nothing of this one.
      if !isBusy.load(ordering: .acquiring) { return true }
    }
    return !isBusy.load(ordering: .acquiring)
  }

  /// Leaves the thread alone with what it hangs with; how many were done before.
  func abandon() -> Int {
    isAbandoned.store(true, ordering: .sequentiallyConsistent)
    // From here on it does at most the one it is with.
    let finished = done.load(ordering: .sequentiallyConsistent)
    guard isBusy.load(ordering: .sequentiallyConsistent), finished < requestCount else {
      return finished
    }
    hangingPlace = finished
    hangsWith = requests[finished]
    return finished
  }

  /// Makes a thread whose answer came too late free again; `false` where it still hangs.
  func takeBack() -> Bool {
    guard hangsWith != nil, !isBusy.load(ordering: .acquiring) else { return false }
    hangsWith = nil
    return true
  }

  func deliver(
    _ count: Int, from place: Int, _ body: (Int, GuardedOutcome, Span<UInt8>) -> Void
  ) {
    for index in 0..<count { deliver(index, place: place + index, body) }
  }

  /// The answer to what the thread hung with, or that it still does.
  func deliverLate(place: Int, _ body: (Int, GuardedOutcome, Span<UInt8>) -> Void) {
    guard takeBack() else { return body(place, .late, Span()) }
    // It may have stopped just before it came to that one.
    guard hangingPlace < progress else { return body(place, .late, Span()) }
    deliver(hangingPlace, place: place, body)
  }

  private func deliver(
    _ index: Int, place: Int, _ body: (Int, GuardedOutcome, Span<UInt8>) -> Void
  ) {
    let result = results[index]
    let outcome = result.errno == 0 ? ReadOutcome.bytes : ReadOutcome(errno: result.errno)
    let bytes = UnsafeRawBufferPointer(start: room + Int(result.start), count: Int(result.count))
    bytes.withMemoryRebound(to: UInt8.self) { body(place, .read(outcome), $0.span) }
  }

  /// Whether the thread has work and only lacks a CPU: it doesn't hang then.
  var wantsToRun: Bool {
    let tid = tid.load(ordering: .acquiring)
    guard tid > 0 else { return true }
    guard let root = try? ProcRoot("/proc/self/task") else { return false }
    var buffer = ReadBuffer(capacity: 1024, limit: 1024)
    guard root.readRecord(ProcPath(pid: tid, "stat"), into: &buffer) == .bytes else { return false }
    return buffer.withBytes { TaskStat($0)?.state == .running }
  }

  /// Ends the thread as soon as it is idle.
  func dismiss() {
    isDismissed.store(true, ordering: .releasing)
    isAbandoned.store(true, ordering: .sequentiallyConsistent)
    GuardedWorker.signal(wake)
  }

  // MARK: The thread's side

  private func startThread() -> Bool {
    let worker = Unmanaged.passRetained(self)
    let result = culprit_start_thread(
      { argument in
        guard let argument else { return nil }
        let worker = Unmanaged<GuardedWorker>.fromOpaque(argument)
        worker._withUnsafeGuaranteedRef { $0.serve() }
        worker.release()
        return nil
      }, worker.toOpaque(), UInt(GuardedWorker.stackBytes))
    if result != 0 { worker.release() }
    return result == 0
  }

  private func serve() {
    tid.store(culprit_thread_id(), ordering: .releasing)
    while true {
      GuardedWorker.absorb(wake)
      if isBusy.load(ordering: .acquiring) {
        work()
        isBusy.store(false, ordering: .sequentiallyConsistent)
        GuardedWorker.signal(reply)
      }
      if isDismissed.load(ordering: .acquiring) { return }
    }
  }

  private func work() {
    var used = 0
    for index in 0..<requestCount {
      guard used + fileLimit <= roomBytes else { return }
      let size = GuardedWorker.read(
        requests[index].path, below: root, into: room + used, atMost: fileLimit)
      results[index] = Result(
        errno: Int32(clamping: size < 0 ? -size : 0), start: Int32(used),
        count: Int32(clamping: max(0, size)))
      used += max(0, size)
      done.store(index + 1, ordering: .sequentiallyConsistent)
      if isAbandoned.load(ordering: .sequentiallyConsistent) { return }
    }
  }

  /// Bytes read, or -errno.
  private static func read(
    _ path: ProcPath, below root: Int32, into room: UnsafeMutableRawPointer, atMost limit: Int
  ) -> Int {
    let file = path.withCString { culprit_open_at(root, $0, 0) }
    guard file >= 0 else { return Int(file) }
    defer { close(file) }
    var total = 0
    while total < limit {
      let size = Glibc.read(file, room + total, limit - total)
      if size == 0 { break }
      if size < 0 {
        if errno == EINTR { continue }
        return total > 0 ? total : -Int(errno)
      }
      total += size
    }
    return total
  }

  private static func signal(_ descriptor: Int32) {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  private static func absorb(_ descriptor: Int32) {
    var count: UInt64 = 0
    _ = Glibc.read(descriptor, &count, 8)
  }
}
