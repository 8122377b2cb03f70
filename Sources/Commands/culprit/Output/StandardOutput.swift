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

  /// Writes all of `bytes`; throws `readerGone` where nobody reads standard output any more.
  static func write(_ bytes: [UInt8], to descriptor: Int32) throws(CommandFailure) {
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress?.advanced(by: start), bytes.count - start)
      }
      if count > 0 {
        start += count
        continue
      }
      if errno == EINTR { continue }
      if errno == EPIPE, descriptor == STDOUT_FILENO { throw .readerGone }
      if errno == EAGAIN {
        waitUntilWritable(descriptor)
        continue
      }
      throw .failed("can't write the output: \(String(cString: strerror(errno)))")
    }
  }

  private static func waitUntilWritable(_ descriptor: Int32) {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    poll(&waiting, 1, 1000)
  }
}

/// A line on standard error.
func printError(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}
