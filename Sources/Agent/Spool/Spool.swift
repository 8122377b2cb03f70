import Records
import Wire

/// A bounded ring of frames on a disk: what a collector fetches that was away.
///
/// Frames lie in pieces (``SpoolSegment``) of one stream each; each start of an agent begins a new
/// stream, so that no number is ever used twice. When the ring is full its oldest piece goes. A
/// piece that is full is compressed; what is written reaches the disk at least every 30 s, which is
/// what a power cut may cost. An agent that is killed loses nothing that was written: the next
/// start takes up what is whole of the last piece.
///
/// One thread writes, through ``writer``; another reads, through ``read(_:)``. What there is can be
/// told by any at any time, without asking the disk.
public final class Spool: Sendable {
  /// Bytes of frames in a piece before it is sealed.
  static let segmentBytes = 512 << 10
  /// The smallest spool that makes sense.
  public static let leastBytes = 1 << 20
  public static let usualBytes = 64 << 20

  let folder: SpoolFolder
  let index: SpoolIndex
  let segmentBytes: Int
  /// What of an earlier agent's files couldn't be used, in words.
  public let notices: [String]

  /// Opens the spool in the folder `path`, and takes up what an earlier agent left there.
  public convenience init(path: String, limitBytes: Int = usualBytes) throws(SpoolError) {
    try self.init(
      path: path, limitBytes: max(Spool.leastBytes, limitBytes),
      segmentBytes: min(Spool.segmentBytes, max(Spool.leastBytes, limitBytes) / 16))
  }

  init(path: String, limitBytes: Int, segmentBytes: Int) throws(SpoolError) {
    folder = try SpoolFolder(path)
    index = SpoolIndex(limitBytes: limitBytes)
    self.segmentBytes = segmentBytes
    notices = try SpoolRecovery(folder: folder, index: index).run()
  }

  public var path: String { folder.path }

  /// What it holds.
  public var inventory: SpoolInventory { index.inventory }

  /// Says why frames don't get to the disk, or with `nil` that they do again.
  public func note(problem: String?) { index.setProblem(problem) }

  /// What one thread writes with.
  public func writer(of stream: StreamID) -> SpoolWriter {
    SpoolWriter(spool: self, stream: stream)
  }

  /// Frames of a span, as bytes to be sent on, and how far they go. Reads the disk: it may hang.
  public func read(_ span: FrameSpan) -> (frames: [UInt8], through: UInt64) {
    var reader = SpoolReader(folder: folder, index: index, span: span)
    return reader.read()
  }
}
