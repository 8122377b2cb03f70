/// What is on its way to a command's standard input through a session.
///
/// A write that returned LIBSSH2_ERROR_EAGAIN must be repeated with the same pointer and length
/// (send_existing in libssh2's transport.c), so each piece is copied to memory of its own, which
/// stays where it is until the piece has left as a whole. Pieces are small: while one is half
/// sent nothing may be read, and a server that wants new keys at that moment has to wait.
final class SessionOutput {
  /// Bytes handed to libssh2 at once.
  static let pieceBytes = 8 << 10

  private var queue = OutputQueue()
  /// Allocated while there is something to send only: a fleet has thousands of sessions.
  private var piece: UnsafeMutableRawBufferPointer?
  /// What of `piece` is to be sent: libssh2 takes less than it is given where the window is small.
  private var pending = 0..<0

  deinit {
    piece?.deallocate()
  }

  var isEmpty: Bool { pending.isEmpty && queue.isEmpty }

  func append(_ bytes: [UInt8]) -> Bool { queue.append(bytes) }

  enum Step {
    /// Something left, or there is nothing to send.
    case done
    /// The same is to be tried again.
    case again
    case failed(String)
  }

  /// Sends one piece, or goes on with the one that is half sent.
  func send(through channel: SSHChannel) -> Step {
    guard let bytes = nextPiece() else { return .done }
    switch channel.write(bytes) {
    case .bytes(let count):
      pending = (pending.lowerBound + min(count, pending.count))..<pending.upperBound
      if isEmpty { release() }
      return .done
    case .empty: return .again
    case .failed(let text): return .failed(text)
    }
  }

  private func nextPiece() -> UnsafeRawBufferPointer? {
    if pending.isEmpty, !queue.isEmpty {
      let room = piece ?? .allocate(byteCount: SessionOutput.pieceBytes, alignment: 16)
      piece = room
      queue.withNext(limit: SessionOutput.pieceBytes) { bytes in
        room.copyMemory(from: bytes)
        pending = 0..<bytes.count
        return bytes.count
      }
    }
    guard !pending.isEmpty, let piece else { return nil }
    return UnsafeRawBufferPointer(rebasing: piece[pending])
  }

  private func release() {
    piece?.deallocate()
    piece = nil
    pending = 0..<0
  }
}
