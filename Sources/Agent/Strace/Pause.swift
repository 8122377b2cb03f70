import Glibc

enum Pause {
  /// Sleeps for a moment; a signal cuts it short.
  static func sleep(milliseconds: Int) {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    nanosleep(&time, nil)
  }
}

/// What an errno means, in words.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
