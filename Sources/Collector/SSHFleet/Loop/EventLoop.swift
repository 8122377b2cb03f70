import CSystem
import Foundation
import Glibc
import Synchronization

/// Something that owns descriptors watched by a loop. Called on the loop's thread only.
protocol LoopHandler: AnyObject {
  func handle(_ events: UInt32, of descriptor: Int32)
  /// When `deadlinePassed` is to be called, on the monotonic clock; `.max` for never.
  var deadline: UInt64 { get }
  func deadlinePassed(_ now: UInt64)
}

/// A thread that waits on epoll for many hosts at once.
///
/// Everything that belongs to a host (session, buffers, state) is touched on its loop's thread
/// alone; other threads reach it by `post`.
final class EventLoop: @unchecked Sendable {
  // Invariant of @unchecked: all stored state but `mailbox` and the two constant descriptors is
  // used by the loop's own thread only.
  private let epoll: Descriptor
  private let wake: Descriptor
  private let mailbox = Mutex<[@Sendable () -> Void]>([])
  private var handlers: [Int32: any LoopHandler] = [:]
  private var deadlines = DeadlineQueue()
  private var isStopping = false
  private var gathering = Gathering()
  /// Links between their first step and their command's start: they shouldn't wait.
  var loginsUnderWay = 0
  /// Shared by all hosts of the loop: bytes are handed on before the next read.
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 16)

  init() throws(LinkFailure) {
    let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    let wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    self.epoll = Descriptor(owning: epoll)
    self.wake = Descriptor(owning: wake)
    guard epoll >= 0, wake >= 0 else {
      throw LinkFailure(.unreachable, "no descriptors for an event loop: \(errorText(errno))")
    }
    control(EPOLL_CTL_ADD, wake, EPOLLIN.rawValue)
  }

  deinit {
    buffer.deallocate()
  }

  /// The first `count` bytes of `buffer`, valid until something is read into it again.
  func bytes(_ count: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeRawBufferPointer(rebasing: buffer[0..<count]).bindMemory(to: UInt8.self)
  }

  // MARK: - From any thread

  /// Runs `body` on the loop's thread, soon.
  func post(_ body: @escaping @Sendable () -> Void) {
    let wasEmpty = mailbox.withLock { box in
      box.append(body)
      return box.count == 1
    }
    if wasEmpty { eventfd_write(wake.number, 1) }
  }

  func stop() {
    post { self.isStopping = true }
  }

  // MARK: - On the loop's thread

  func watch(_ descriptor: Int32, _ events: UInt32, _ handler: any LoopHandler) {
    let operation = handlers[descriptor] == nil ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
    handlers[descriptor] = handler
    control(operation, descriptor, events)
  }

  /// To be called before the descriptor is closed.
  func forget(_ descriptor: Int32) {
    guard handlers.removeValue(forKey: descriptor) != nil else { return }
    control(EPOLL_CTL_DEL, descriptor, 0)
  }

  func addTimed(_ handler: any LoopHandler) {
    deadlines.add(handler)
  }

  func removeTimed(_ handler: any LoopHandler) {
    deadlines.remove(handler)
  }

  /// A handler's deadline may have come nearer.
  func deadlineChanged(of handler: any LoopHandler) {
    deadlines.deadlineChanged(of: handler)
  }

  /// The thread's body: returns after `stop`.
  func run() {
    var mask = sigset_t()
    sigfillset(&mask)
    // Signals belong to the main thread: an interrupted call inside libssh2 is an error to it.
    pthread_sigmask(SIG_BLOCK, &mask, nil)
    var events = [epoll_event](repeating: epoll_event(), count: 256)
    while !isStopping {
      gathering.pause(isBusy: loginsUnderWay > 0)
      let count = epoll_wait(epoll.number, &events, Int32(events.count), timeoutMilliseconds())
      gathering.count(Int(max(0, count)))
      for index in 0..<max(0, Int(count)) { dispatch(events[index]) }
      runMailbox()
      fireDeadlines()
    }
  }

  private func dispatch(_ event: epoll_event) {
    let descriptor = event.data.fd
    guard descriptor != wake.number else {
      var value: eventfd_t = 0
      eventfd_read(wake.number, &value)
      return
    }
    handlers[descriptor]?.handle(event.events, of: descriptor)
  }

  private func runMailbox() {
    let bodies = mailbox.withLock { box in
      let bodies = box
      box.removeAll()
      return bodies
    }
    for body in bodies { body() }
  }

  private func fireDeadlines() {
    let now = monotonicNow()
    var due: [any LoopHandler] = []
    // All first: one that isn't done with its deadline has to wait for the next turn.
    while let handler = deadlines.popDue(now) { due.append(handler) }
    for handler in due {
      handler.deadlinePassed(now)
      deadlines.deadlineChanged(of: handler)
    }
  }

  private func timeoutMilliseconds() -> Int32 {
    let earliest = deadlines.earliest
    guard earliest != .max else { return -1 }
    let now = monotonicNow()
    return earliest <= now ? 0 : Int32(min(60_000, (earliest - now) / 1_000_000 + 1))
  }

  private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32) {
    var event = epoll_event()
    event.events = events
    event.data.fd = descriptor
    epoll_ctl(epoll.number, operation, descriptor, &event)
  }
}
