import Glibc
import Records
import Wire

/// Writes frames of one stream into a spool. Its disk may hang, so it has a thread of its own.
///
/// Where writing fails nothing of the piece is lost that was whole before; the same frames can be
/// given again, or others with a gap frame before them.
public struct SpoolWriter: ~Copyable {
  /// How long what was written may stay in the kernel's hands: what a power cut costs.
  public static let syncNanoseconds: UInt64 = 30_000_000_000

  private let spool: Spool
  private let stream: StreamID
  /// The stream's hello frame, which each piece begins with.
  private var hello: [UInt8] = []
  private var growing: Growing?
  private var unsyncedSince: UInt64?

  /// The piece that frames go into.
  private final class Growing {
    let file: SpoolFile
    var segment: SpoolSegment
    /// No frame but the hello yet: it isn't in the index.
    var isEmpty = true

    init(file: consuming SpoolFile, segment: SpoolSegment) {
      self.file = file
      self.segment = segment
    }
  }

  init(spool: Spool, stream: StreamID) {
    self.spool = spool
    self.stream = stream
  }

  /// Whether frames of a piece that isn't full are open: they are sealed by ``finish()``.
  public var isWriting: Bool { growing != nil }

  /// Appends whole frames, one behind the other. The stream's first is its hello.
  ///
  /// - Parameter now: CLOCK_MONOTONIC, nanoseconds.
  public mutating func append(_ frames: Span<UInt8>, at now: UInt64) throws(SpoolError) {
    let counted = SpoolCount(frames)
    if let place = counted.hello {
      hello = frames.extracting(place).withUnsafeBufferPointer { Array($0) }
    }
    if let growing, growing.segment.fileBytes + frames.count > spool.segmentBytes,
      !growing.isEmpty
    {
      try seal()
    }
    try makeRoom(frames.count)
    if growing == nil { try begin(counted) }
    try write(frames, counted)
    if unsyncedSince == nil { unsyncedSince = now }
  }

  /// To be called now and then: makes last what has waited long enough.
  public mutating func tend(at now: UInt64) throws(SpoolError) {
    guard let since = unsyncedSince, now &- since >= SpoolWriter.syncNanoseconds else { return }
    try growing?.file.sync()
    unsyncedSince = nil
  }

  /// Seals what is open.
  public mutating func finish() throws(SpoolError) {
    guard growing != nil else { return }
    try seal()
  }

  /// A piece that begins with frames in the middle of a stream needs its hello in front.
  private mutating func begin(_ counted: SpoolCount) throws(SpoolError) {
    let number = spool.index.nextNumber
    var segment = SpoolSegment(
      number: number, stream: stream, first: 0, last: 0, oldest: nil, newest: nil, frameBytes: 0,
      fileBytes: 0, isSealed: false)
    // What an earlier failure left.
    try spool.folder.remove(segment.fileName)
    let file = try spool.folder.create(segment.fileName)
    if counted.hello == nil {
      do throws(SpoolError) {
        try file.write(hello.span, at: 0)
      } catch {
        try? spool.folder.remove(segment.fileName)
        throw error
      }
      segment.fileBytes = hello.count
    }
    growing = Growing(file: file, segment: segment)
  }

  private func write(_ frames: Span<UInt8>, _ counted: SpoolCount) throws(SpoolError) {
    guard let first = counted.first, let growing else { return }
    var segment = growing.segment
    do throws(SpoolError) {
      try growing.file.write(frames, at: segment.fileBytes)
    } catch {
      // Half a frame would be damage.
      growing.file.cut(to: segment.fileBytes)
      throw error
    }
    segment.fileBytes += frames.count
    segment.frameBytes = segment.fileBytes
    if growing.isEmpty { segment.first = first }
    segment.last = counted.last
    segment.oldest = segment.oldest ?? counted.oldest
    segment.newest = counted.newest ?? segment.newest
    growing.segment = segment
    if growing.isEmpty { spool.index.append(segment) } else { spool.index.update(segment) }
    growing.isEmpty = false
  }

  /// Compresses the open piece; where that fails it stays as it is, and a new one is begun.
  private mutating func seal() throws(SpoolError) {
    guard let growing else { return }
    self.growing = nil
    unsyncedSince = nil
    let segment = growing.segment
    guard !growing.isEmpty else { return try spool.folder.remove(segment.fileName) }
    let frames = try growing.file.read(from: 0, count: segment.fileBytes)
    let sealed = try SealedSegment.write(segment, frames, in: spool.folder)
    spool.index.update(sealed)
    try spool.folder.remove(segment.fileName)
  }

  /// Lets the oldest pieces go until `bytes` more fit.
  private func makeRoom(_ bytes: Int) throws(SpoolError) {
    let index = spool.index
    guard bytes <= index.limitBytes / 2 else { throw .tooLarge(bytes: bytes) }
    var used = index.usedBytes
    // Sealing writes the piece anew before the old file goes.
    let reserve = bytes + spool.segmentBytes
    for segment in index.segments where used + reserve > index.limitBytes {
      guard segment.number != growing?.segment.number else { return }
      // First from the index: what nobody is told of nobody asks for.
      index.remove(number: segment.number)
      used -= segment.fileBytes
      try spool.folder.remove(segment.fileName)
    }
  }
}

/// What a chunk of whole frames holds.
struct SpoolCount {
  private(set) var first: UInt64?
  private(set) var last: UInt64 = 0
  private(set) var oldest: Timestamp?
  private(set) var newest: Timestamp?
  /// Where the stream's hello is.
  private(set) var hello: Range<Int>?

  init(_ frames: Span<UInt8>) {
    var start = 0
    while let glance = FrameGlance(frames.extracting(start..<frames.count)),
      start + glance.byteCount <= frames.count
    {
      let range = start..<(start + glance.byteCount)
      if glance.role == .hello { hello = range }
      first = first ?? SpoolCount.lowest(glance, frames.extracting(range))
      last = max(last, glance.sequence)
      if let time = FrameGlance.tickTime(frames.extracting(range)) {
        oldest = oldest ?? time
        newest = time
      }
      start = range.upperBound
    }
  }

  /// The lowest number that a frame settles.
  static func lowest(_ glance: FrameGlance, _ frame: Span<UInt8>) -> UInt64 {
    guard glance.role == .gap else { return glance.sequence }
    var lowest = glance.sequence
    var decoder = FrameDecoder()
    decoder.feed(frame) { event in
      if case .frame(let decoded) = event, case .gap(let gap) = decoded.frame {
        lowest = gap.first
      }
    }
    return lowest
  }
}
