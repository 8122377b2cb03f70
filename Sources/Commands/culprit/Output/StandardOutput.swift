import Foundation

/// Standard output. A reader that has gone (`| head`) is a good end of the program.
enum StandardOutput {
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  static func write(_ text: String) {
    write(Array(text.utf8))
  }

  static func write(_ bytes: [UInt8]) {
    do throws(CommandFailure) {
      try write(bytes, to: STDOUT_FILENO)
    } catch {
      if !error.description.isEmpty { printError("culprit: \(error.description)") }
      exit(error.code)
    }
  }

  /// What a pipe that says it is writable takes without blocking (PIPE_BUF, pipe(7)).
  private static let pieceBytes = 4096

  /// Writes all of `bytes`; throws `readerGone` where nobody reads standard output any more.
  ///
  /// Where the reader doesn't read on (a full pipe, Ctrl-S), `isGivenUp` is asked several times
  /// a second; when it says so, the rest is left out.
  static func write(
    _ bytes: [UInt8], to descriptor: Int32, unless isGivenUp: (() -> Bool)? = nil
  ) throws(CommandFailure) {
    var start = 0
    while start < bytes.count {
      var length = bytes.count - start
      if let isGivenUp {
        length = min(length, pieceBytes)
        while !waitUntilWritable(descriptor, milliseconds: 200) {
          if isGivenUp() { return }
        }
      }
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress?.advanced(by: start), length)
      }
      if count > 0 {
        start += count
        continue
      }
      if errno == EINTR { continue }
      if errno == EPIPE, descriptor == STDOUT_FILENO { throw .readerGone }
      if errno == EAGAIN {
        _ = waitUntilWritable(descriptor, milliseconds: 1000)
        continue
      }
      throw .failed("can't write the output: \(String(cString: strerror(errno)))")
    }
  }

  /// Whether a write may be tried: it has room, or an error to tell.
  private static func waitUntilWritable(_ descriptor: Int32, milliseconds: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&waiting, 1, milliseconds) > 0
  }
}

/// A line on standard error. Where nobody reads that, there is nobody to tell.
func printError(_ text: String) {
  try? StandardOutput.write(Array((text + "\n").utf8), to: STDERR_FILENO)
}
