import Bytes
import CSystem
import Glibc

/// The owner of a file descriptor: it is closed once, when its owner goes.
struct Descriptor: ~Copyable, Sendable {
  let number: Int32

  init(owning number: Int32) {
    self.number = number
  }

  deinit {
    close(number)
  }
}

/// The text of an `errno`.
func errorText(_ code: Int32) -> String {
  String(cString: strerror(code))
}

/// Nanoseconds of the monotonic clock: for deadlines, never for timestamps.
func monotonicNow() -> UInt64 { MonotonicClock.now }
