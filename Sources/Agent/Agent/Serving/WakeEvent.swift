import CSystem
import Glibc

/// Wakes a thread that polls (eventfd(2)). It owns its descriptor.
final class WakeEvent: Sendable {
  let descriptor: Int32

  init() throws(Failure) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    guard descriptor >= 0 else {
      throw Failure("no eventfd: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  func signal() { WakeEvent.signal(descriptor) }

  static func signal(_ descriptor: Int32) {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  /// Forgets the signals that came.
  func absorb() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }

  /// Waits for a signal, at most so long, and forgets it.
  func wait(milliseconds: Int32) {
    var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if poll(&poller, 1, milliseconds) > 0 { absorb() }
  }
}

/// A thread of its own for something that may hang.
enum AgentThread {
  static let stackBytes: UInt = 256 << 10

  /// Starts it; it can't be joined, and signals go elsewhere.
  static func start(
    stackBytes: UInt = stackBytes, _ body: @escaping @Sendable () -> Void
  ) throws(Failure) {
    let box = Unmanaged.passRetained(Box(body))
    let result = culprit_start_thread(
      { argument in
        guard let argument else { return nil }
        Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, box.toOpaque(), stackBytes)
    guard result == 0 else {
      box.release()
      throw Failure("no thread: \(String(cString: strerror(-result)))")
    }
  }

  private final class Box: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
