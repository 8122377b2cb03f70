import Glibc

/// One end that bytes come from or go to: a socket, or a pipe of sshd. Never waited for: who reads
/// or writes asks poll(2) first.
enum ByteEnd {
  enum Outcome: Equatable {
    case bytes(Int)
    /// Nothing just now.
    case later
    /// The other side has gone, or the descriptor is no use any more.
    case end
  }

  /// Appends what has come, at most `limit` bytes.
  static func read(_ descriptor: Int32, into bytes: inout [UInt8], limit: Int) -> Outcome {
    withUnsafeTemporaryAllocation(byteCount: limit, alignment: 16) { buffer in
      // A pipe isn't read without poll(2)'s word, so that read(2) doesn't wait.
      var count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
      if count < 0, errno == ENOTSOCK {
        count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      }
      guard count > 0 else { return outcome(count) }
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      return .bytes(count)
    }
  }

  /// Writes what goes without waiting.
  static func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Outcome {
    bytes.withUnsafeBytes { buffer in
      let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
      var count = send(descriptor, buffer.baseAddress, buffer.count, flags)
      if count < 0, errno == ENOTSOCK {
        // Where a pipe can be written to, so many bytes fit (pipe(7), PIPE_BUF).
        count = Glibc.write(descriptor, buffer.baseAddress, min(buffer.count, 4096))
      }
      return count > 0 ? .bytes(count) : outcome(count)
    }
  }

  /// The same without having asked before.
  static func writeIfReady(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Outcome {
    var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&poller, 1, 0) > 0 else { return .later }
    return write(descriptor, bytes)
  }

  private static func outcome(_ count: Int) -> Outcome {
    guard count < 0 else { return .end }
    return errno == EAGAIN || errno == EINTR ? .later : .end
  }
}
