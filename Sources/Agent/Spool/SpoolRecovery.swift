import Records
import Wire

/// Takes up what an earlier agent left: sealed pieces by their header, and what is whole of one
/// that was growing. What can't be read any more is removed; who lacks its frames is told by their
/// numbers.
struct SpoolRecovery {
  let folder: SpoolFolder
  let index: SpoolIndex

  /// What couldn't be used, in words.
  func run() throws(SpoolError) -> [String] {
    var notices: [String] = []
    var found: [UInt64: SpoolSegment] = [:]
    // A file that is none of ours, or not for us, is no reason to keep nothing.
    func guarded(
      _ number: UInt64, _ body: () throws(SpoolError) -> SpoolSegment?
    ) throws(SpoolError) -> SpoolSegment? {
      do throws(SpoolError) {
        return try body()
      } catch {
        guard error.isOfOneFile else { throw error }
        index.noteUnusable(number)
        notices.append("\(error.description); it is passed over: move it away")
        return nil
      }
    }
    let names = try folder.names()
    for name in names {
      guard let (number, ending) = SpoolSegment.parse(name) else { continue }
      switch ending {
      case SpoolSegment.sealed:
        found[number] = try guarded(number) { () throws(SpoolError) in
          try sealed(name, number, &notices)
        }
      case SpoolSegment.unfinished:
        _ = try guarded(number) { () throws(SpoolError) in
          try folder.remove(name)
          return nil
        }
      default: continue
      }
    }
    for name in names {
      guard let (number, ending) = SpoolSegment.parse(name), ending == SpoolSegment.growing else {
        continue
      }
      // One that was sealed just before the end is there twice.
      let isTwice = found[number] != nil
      let segment = try guarded(number) { () throws(SpoolError) in
        guard isTwice else { return try grown(name, number) }
        try folder.remove(name)
        return nil
      }
      if let segment { found[number] = segment }
    }
    for segment in found.values.sorted(by: { $0.number < $1.number }) { index.append(segment) }
    return notices
  }

  /// `nil` for what isn't a sealed piece: a damaged header is removed, one of a later version left
  /// to that. A disk that can't be read just now is no reason to remove anything.
  private func sealed(
    _ name: String, _ number: UInt64, _ notices: inout [String]
  ) throws(SpoolError) -> SpoolSegment? {
    let file = try folder.openToRead(name)
    let header = try file.read(from: 0, count: SealedHeader.bytes)
    let found = SealedHeader.decode(
      header.span, number: number, fileBytes: file.size, frameLimit: SealedSegment.frameLimit)
    if found == nil, !SealedHeader.isOfLaterVersion(header.span) {
      try folder.remove(name)
      index.noteDamaged(number)
      notices.append("\(folder.path)/\(name) was damaged; its frames are lost, and told as such")
    }
    return found?.segment
  }

  /// Seals what is whole of a piece that was growing; `nil` where nothing is. Where it can't be
  /// sealed (a full disk) it stays as it is, and is read so.
  private func grown(_ name: String, _ number: UInt64) throws(SpoolError) -> SpoolSegment? {
    let file = try folder.openToRead(name)
    let bytes = try file.read(from: 0, count: min(file.size, SealedSegment.frameLimit))
    var salvage = SpoolSalvage()
    salvage.read(bytes)
    guard var segment = salvage.segment(number: number) else {
      try folder.remove(name)
      return nil
    }
    do throws(SpoolError) {
      let sealed = try SealedSegment.write(segment, salvage.frames, in: folder)
      try folder.remove(name)
      return sealed
    } catch {
      segment.fileBytes = bytes.count
      return segment
    }
  }
}

/// Reads frames that may be damaged: whole ones stay, and a gap frame says what is missing between.
struct SpoolSalvage {
  private(set) var frames: [UInt8] = []
  private var stream: StreamID?
  private var encoder = FrameEncoder()
  private var first: UInt64?
  private var last: UInt64 = 0
  private var oldest: Timestamp?
  private var newest: Timestamp?

  mutating func read(_ bytes: [UInt8]) {
    var decoder = FrameDecoder()
    var whole: [DecodedFrame] = []
    decoder.feed(bytes.span) { event in
      if case .frame(let frame) = event { whole.append(frame) }
    }
    for frame in whole { take(frame, of: bytes) }
  }

  private mutating func take(_ frame: DecodedFrame, of bytes: [UInt8]) {
    if case .hello(let hello) = frame.frame, stream == nil {
      stream = hello.stream
      encoder = FrameEncoder(stream: hello.stream)
      keep(frame, of: bytes)
      // Its own place in the stream, or repeated in a later piece: what follows tells.
      if frame.sequence == 1 { last = 1 }
      return
    }
    guard let stream, frame.stream == stream, frame.sequence > last || first == nil else { return }
    // The lowest number that the frame settles.
    var low = frame.sequence
    if case .gap(let gap) = frame.frame { low = gap.first }
    if let first, low > last + 1 {
      encoder.append(
        .gap(Gap(first: last + 1, last: low - 1, reason: .damaged)), sequence: low - 1)
      frames += encoder.bytes
      encoder.removeAll()
      self.first = first
    }
    if first == nil { first = low == 2 ? 1 : low }
    if case .tick(let tick) = frame.frame {
      oldest = oldest ?? tick.time
      newest = tick.time
    }
    last = frame.sequence
    keep(frame, of: bytes)
  }

  private mutating func keep(_ frame: DecodedFrame, of bytes: [UInt8]) {
    let start = Int(frame.offset)
    frames += bytes[start..<(start + frame.byteCount)]
  }

  func segment(number: UInt64) -> SpoolSegment? {
    guard let stream, let first else { return nil }
    return SpoolSegment(
      number: number, stream: stream, first: first, last: last, oldest: oldest, newest: newest,
      frameBytes: frames.count, fileBytes: frames.count, isSealed: false)
  }
}
