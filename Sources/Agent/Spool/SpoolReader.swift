import Glibc
import Records
import Wire

/// Reads a span of frames out of a spool, piece by piece.
struct SpoolReader {
  private let folder: SpoolFolder
  private let index: SpoolIndex
  private let span: FrameSpan
  private var result: [UInt8] = []
  private var encoder: FrameEncoder
  /// The next number that is wanted.
  private var next: UInt64
  private var hasHello = false
  private var isFull = false

  /// The most that is read at once, whatever was asked for.
  private static let byteLimit = 1 << 20

  init(folder: SpoolFolder, index: SpoolIndex, span: FrameSpan) {
    self.folder = folder
    self.index = index
    self.span = span
    encoder = FrameEncoder(stream: span.stream)
    next = span.first
  }

  /// The frames in order, a hello before them, and gap frames in the place of what is gone; and
  /// the last number that is settled so.
  mutating func read() -> (frames: [UInt8], through: UInt64) {
    let segments = index.segments(of: span.stream, from: span.first)
    for segment in segments {
      guard !isFull, next <= span.last, segment.first <= span.last else { break }
      if segment.first > next {
        tellGap(to: segment.first - 1, index.reasonOfLoss(before: segment))
      }
      read(segment)
    }
    // Of a stream that is there no more, or not so far.
    if segments.isEmpty, !isHeld { tellGap(to: span.last, .spoolFull) }
    return (result, next &- 1)
  }

  /// Whether the stream is in the spool at all: then what is asked for may still come.
  private var isHeld: Bool { index.segments.contains { $0.stream == span.stream } }

  private mutating func read(_ segment: SpoolSegment) {
    do throws(SpoolError) {
      take(try frames(of: segment))
    } catch {
      // A disk that can't be read just now may be read later: what is settled so far is all.
      guard SpoolReader.isGone(error) else { return isFull = true }
      index.remove(number: segment.number)
      return tellGap(to: min(segment.last, span.last), .damaged)
    }
    // What it should have had and hasn't.
    if !isFull, next <= segment.last, next <= span.last {
      tellGap(to: min(segment.last, span.last), .damaged)
    }
  }

  /// Whether a piece is lost for good: damaged, or removed to make room.
  private static func isGone(_ error: SpoolError) -> Bool {
    switch error {
    case .damaged: true
    case .file(_, let code): code == ENOENT
    case .folder, .inUse, .tooLarge: false
    }
  }

  private func frames(of segment: SpoolSegment) throws(SpoolError) -> [UInt8] {
    // It may have been sealed between the look at the index and now.
    let segment = index.segment(number: segment.number) ?? segment
    do throws(SpoolError) {
      return try read(file: segment)
    } catch {
      guard let now = index.segment(number: segment.number), now.isSealed, !segment.isSealed else {
        throw error
      }
      return try read(file: now)
    }
  }

  private func read(file segment: SpoolSegment) throws(SpoolError) -> [UInt8] {
    guard !segment.isSealed else { return try SealedSegment.frames(of: segment, in: folder) }
    let file = try folder.openToRead(segment.fileName)
    return try file.read(from: 0, count: segment.fileBytes)
  }

  private mutating func take(_ frames: [UInt8]) {
    let limit = min(Int(span.byteLimit), SpoolReader.byteLimit)
    var start = 0
    while !isFull, next <= span.last,
      let glance = FrameGlance(frames.span.extracting(start..<frames.count)),
      start + glance.byteCount <= frames.count
    {
      let range = start..<(start + glance.byteCount)
      start = range.upperBound
      if glance.role == .hello, glance.sequence < next {
        if !hasHello { result += frames[range] }
        hasHello = true
        continue
      }
      guard glance.sequence >= next else { continue }
      let lowest = SpoolCount.lowest(glance, frames.span.extracting(range))
      if lowest > next { tellGap(to: min(lowest - 1, span.last), .damaged) }
      guard next <= span.last else { return }
      result += frames[range]
      if glance.role == .hello { hasHello = true }
      next = glance.sequence + 1
      isFull = result.count >= limit
    }
  }

  private mutating func tellGap(to last: UInt64, _ reason: GapReason) {
    guard last >= next else { return }
    encoder.append(.gap(Gap(first: next, last: last, reason: reason)), sequence: last)
    result += encoder.bytes
    encoder.removeAll()
    next = last == .max ? .max : last + 1
  }
}
