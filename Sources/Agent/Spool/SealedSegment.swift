import CZlib
import Glibc
import Records

/// Compressing a piece and back.
enum SealedSegment {
  /// Frames that a piece may hold: the size at which it is sealed, and one of the largest.
  static let frameLimit = (Spool.segmentBytes + (1 << 20) + 4096) * 2

  /// Writes the piece `segment`, whose frames are `frames`, as a sealed file in place of whatever
  /// has its number. It is on the disk when this returns.
  static func write(
    _ segment: SpoolSegment, _ frames: [UInt8], in folder: SpoolFolder
  ) throws(SpoolError) -> SpoolSegment {
    var sealed = segment
    sealed.isSealed = true
    sealed.frameBytes = frames.count
    let file = try packed(sealed, frames)
    sealed.fileBytes = file.count
    let unfinished = SpoolSegment.name(segment.number) + SpoolSegment.unfinished
    try folder.remove(unfinished)
    do throws(SpoolError) {
      let new = try folder.create(unfinished)
      try new.write(file.span, at: 0)
      try new.sync()
      try folder.rename(unfinished, to: sealed.fileName)
    } catch {
      try? folder.remove(unfinished)
      throw error
    }
    folder.sync()
    return sealed
  }

  private static func packed(
    _ segment: SpoolSegment, _ frames: [UInt8]
  ) throws(SpoolError) -> [UInt8] {
    let room = culprit_deflate_bound(frames.count)
    var packed = [UInt8](repeating: 0, count: SealedHeader.bytes + room)
    let count = packed.withUnsafeMutableBytes { into in
      frames.withUnsafeBytes { from in
        culprit_deflate(
          from.baseAddress, from.count, into.baseAddress?.advanced(by: SealedHeader.bytes), room)
      }
    }
    guard count >= 0 else { throw .file(path: segment.fileName, errno: ENOMEM) }
    packed.removeLast(room - count)
    packed.replaceSubrange(
      0..<SealedHeader.bytes, with: SealedHeader.encode(segment, packedBytes: count))
    return packed
  }

  /// The frames of a sealed piece.
  static func frames(
    of segment: SpoolSegment, in folder: SpoolFolder
  ) throws(SpoolError) -> [UInt8] {
    let file = try folder.openToRead(segment.fileName)
    let bytes = try file.read(from: 0, count: min(file.size, segment.fileBytes))
    guard
      let (found, packedBytes) = SealedHeader.decode(
        bytes.span, number: segment.number, fileBytes: bytes.count, frameLimit: frameLimit)
    else { throw .damaged(path: file.path) }
    var frames = [UInt8](repeating: 0, count: found.frameBytes)
    let count = frames.withUnsafeMutableBytes { into in
      bytes.withUnsafeBytes { from in
        culprit_inflate(
          from.baseAddress?.advanced(by: SealedHeader.bytes), packedBytes, into.baseAddress,
          into.count)
      }
    }
    guard count == frames.count else { throw .damaged(path: file.path) }
    return frames
  }
}
