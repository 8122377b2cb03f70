import CZlib
import Glibc
import Records
import Wire

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
    let columns = FramePacking.pack(frames)
    let (form, content): (SealedHeader.Form, _) =
      columns.map { (.packed, $0) } ?? (.plain, frames)
    let start = form.headerBytes
    let room = culprit_deflate_bound(content.count)
    var packed = [UInt8](repeating: 0, count: start + room)
    let count = packed.withUnsafeMutableBytes { into in
      content.withUnsafeBytes { from in
        culprit_deflate(from.baseAddress, from.count, into.baseAddress?.advanced(by: start), room)
      }
    }
    guard count >= 0 else { throw .file(path: segment.fileName, errno: ENOMEM) }
    packed.removeLast(room - count)
    let header = SealedHeader.encode(
      segment, form, zlibBytes: count, contentBytes: content.count)
    packed.replaceSubrange(0..<start, with: header)
    return packed
  }

  /// The frames of a sealed piece.
  static func frames(
    of segment: SpoolSegment, in folder: SpoolFolder
  ) throws(SpoolError) -> [UInt8] {
    let file = try folder.openToRead(segment.fileName)
    let bytes = try file.read(from: 0, count: min(file.size, segment.fileBytes))
    guard
      let found = SealedHeader.decode(
        bytes.span, number: segment.number, fileBytes: bytes.count, frameLimit: frameLimit),
      let content = inflated(bytes, found), let frames = frames(in: content, found),
      frames.count == found.segment.frameBytes
    else { throw .damaged(path: file.path) }
    return frames
  }

  private static func inflated(_ file: [UInt8], _ found: SealedHeader.Found) -> [UInt8]? {
    var content = [UInt8](repeating: 0, count: found.contentBytes)
    let count = content.withUnsafeMutableBytes { into in
      file.withUnsafeBytes { from in
        culprit_inflate(
          from.baseAddress?.advanced(by: found.form.headerBytes), found.zlibBytes, into.baseAddress,
          into.count)
      }
    }
    return count == content.count ? content : nil
  }

  private static func frames(in content: [UInt8], _ found: SealedHeader.Found) -> [UInt8]? {
    switch found.form {
    case .plain: content
    case .packed: FramePacking.unpack(content, limit: found.segment.frameBytes)
    }
  }
}
