import CZlib
import Synchronization

/// An executable as gzip(1) packs it: a third of the bytes. It is packed when the first host needs it,
/// and once for all of them.
final class PackedProgram: Sendable {
  private enum State {
    case notYet
    /// `nil` where zlib refused.
    case packed([UInt8]?)
  }

  private let program: [UInt8]
  private let state = Mutex(State.notYet)

  init(_ program: [UInt8]) {
    self.program = program
  }

  /// `nil` where it can't be packed.
  var bytes: [UInt8]? {
    state.withLock { state in
      if case .packed(let bytes) = state { return bytes }
      let bytes = PackedProgram.gzip(program)
      state = .packed(bytes)
      return bytes
    }
  }

  private static func gzip(_ bytes: [UInt8]) -> [UInt8]? {
    let room = culprit_gzip_bound(bytes.count)
    let packed = [UInt8](unsafeUninitializedCapacity: room) { into, count in
      let written = bytes.withUnsafeBytes { from in
        culprit_gzip(from.baseAddress, from.count, into.baseAddress, room)
      }
      count = max(0, written)
    }
    return packed.isEmpty ? nil : packed
  }
}
