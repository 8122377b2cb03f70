import Bytes
import Records

/// Finds frames in a stream that comes in chunks of any size, and goes on behind damage.
///
/// Whatever comes in, it keeps no more than one frame of the largest size and 64 KiB, and spends
/// a bounded time on each byte.
public struct FrameDecoder: Sendable {
  public enum Event: Equatable, Sendable {
    case frame(DecodedFrame)
    case fault(FrameFault)
  }

  /// Bytes taken up at once; a larger chunk is cut.
  private static let sliceBytes = 1 << 16
  /// Checksums that don't hold may cost so many bytes of work per byte that came in, saved up to
  /// so many.
  private static let workPerByte: UInt64 = 8
  private static let workSaved: UInt64 = 8 << 20

  /// Bytes that came in and aren't done with, from `head` on.
  private var pending: [UInt8] = []
  private var head = 0
  /// Where `pending` begins in the stream.
  private var base: UInt64 = 0
  /// Inside a run of bytes that begin no frame, which was told.
  private var isLost = false
  /// Bytes that may still go into checksums that don't hold, and up to where in the stream they
  /// were credited.
  private var allowance = FrameDecoder.workSaved
  private var credited: UInt64 = 0
  private var streams = RecentStreams()

  public init() {}

  /// Bytes of a frame that hasn't ended yet.
  public var pendingBytes: Int { pending.count - head }

  /// What the buffer holds room for, bytes.
  var capacity: Int { pending.capacity }

  /// Takes the next bytes of the stream, and tells the frames that they finish and the faults
  /// that they show.
  public mutating func feed(_ bytes: Span<UInt8>, _ body: (Event) -> Void) {
    var start = 0
    while start < bytes.count {
      let end = min(start + FrameDecoder.sliceBytes, bytes.count)
      bytes.extracting(start..<end).withUnsafeBufferPointer { pending.append(contentsOf: $0) }
      start = end
      scan(isLast: false, body)
      dropUsed()
    }
  }

  /// The stream ended: what was to become a frame is a fault now. The decoder may be fed with
  /// another stream then; offsets go on.
  public mutating func finish(_ body: (Event) -> Void) {
    scan(isLast: true, body)
    dropUsed()
    isLost = false
  }

  // MARK: Looking for frames

  private mutating func scan(isLast: Bool, _ body: (Event) -> Void) {
    while head < pending.count {
      guard beginsWithMagic() else {
        lose(.noFrame, body)
        continue
      }
      guard pending.count - head >= FrameFormat.headerBytes else {
        guard isLast else { return }
        lose(.cut, body)
        continue
      }
      guard let header = FrameHeader(pending.span.extracting(head..<pending.count)) else {
        lose(.noFrame, body)
        continue
      }
      guard header.length <= UInt32(WireLimits.payloadBytes) else {
        lose(.tooLong(header.length), body)
        continue
      }
      let size = FrameFormat.overheadBytes + Int(header.length)
      guard pending.count - head >= size else {
        guard isLast else { return }
        lose(.cut, body)
        continue
      }
      take(header, size: size, body)
    }
  }

  /// A whole frame is there, or what its header makes one.
  private mutating func take(_ header: FrameHeader, size: Int, _ body: (Event) -> Void) {
    let isWhole = checksumHolds(size: size)
    let offset = base &+ UInt64(head)
    guard isWhole else {
      body(.fault(FrameFault(offset: offset, reason: .checksum)))
      isLost = true
      // Bytes may be missing, and the next frame begin inside of this one. But who sends nothing
      // but headers could make each of them cost a megabyte: past what is allowed it is stepped
      // over.
      head += allows(size, upTo: offset &+ UInt64(size)) ? 1 : size
      return
    }
    let frame = frame(header)
    head += size
    isLost = false
    guard let frame else {
      let reason = FrameFault.Reason.malformed(
        kind: header.kind.rawValue, sequence: header.sequence)
      return body(.fault(FrameFault(offset: offset, reason: reason)))
    }
    if case .hello(let hello) = frame { streams.remember(hello.stream) }
    body(
      .frame(
        DecodedFrame(
          sequence: header.sequence, stream: streams.stream(of: header.tag), frame: frame,
          offset: offset, byteCount: size)))
  }

  /// What the frame at `head` says; `nil` where it breaks the format.
  private func frame(_ header: FrameHeader) -> Frame? {
    let start = head + FrameFormat.headerBytes
    let payload = pending.span.extracting(start..<(start + Int(header.length)))
    guard let frame = try? Frame(header, payload) else { return nil }
    // A hello names its stream twice.
    if case .hello(let hello) = frame, hello.stream.tag != header.tag { return nil }
    return frame
  }

  private mutating func checksumHolds(size: Int) -> Bool {
    var cursor = head + size - FrameFormat.checksumBytes
    let sum = CRC32C.checksum(pending.span.extracting(head..<cursor))
    return pending.span.littleEndian(UInt32.self, &cursor) == sum
  }

  private mutating func allows(_ size: Int, upTo end: UInt64) -> Bool {
    if end > credited {
      let credit = FrameDecoder.workPerByte &* (end - credited)
      allowance = min(FrameDecoder.workSaved, allowance &+ credit)
      credited = end
    }
    guard allowance >= UInt64(size) else { return false }
    allowance -= UInt64(size)
    return true
  }

  /// No frame at `head`: says so, unless it was said of the bytes before, and goes to where the
  /// next one may begin.
  private mutating func lose(_ reason: FrameFault.Reason, _ body: (Event) -> Void) {
    if !isLost || reason != .noFrame && reason != .cut {
      body(.fault(FrameFault(offset: base &+ UInt64(head), reason: reason)))
    }
    isLost = true
    repeat { head += 1 } while head < pending.count && pending[head] != FrameFormat.magic[0]
  }

  /// Whether what is there of a header's first bytes is the magic's.
  private func beginsWithMagic() -> Bool {
    for index in 0..<min(FrameFormat.magic.count, pending.count - head)
    where pending[head + index] != FrameFormat.magic[index] {
      return false
    }
    return true
  }

  // MARK: Memory

  /// Moves what is left to the buffer's start. A buffer that one large frame made large is given
  /// back: a collector has thousands of them.
  private mutating func dropUsed() {
    guard head > 0 else { return }
    base &+= UInt64(head)
    if pending.capacity > 4 * FrameDecoder.sliceBytes,
      pending.count - head <= FrameDecoder.sliceBytes
    {
      pending = Array(pending[head...])
    } else {
      pending.removeSubrange(0..<head)
    }
    head = 0
  }
}

/// The streams whose hellos came last: a connection that tells what is old and what is live at
/// once has one for each boot.
private struct RecentStreams: Sendable {
  private static let limit = 16
  private var streams: [(tag: UInt32, stream: StreamID)] = []

  func stream(of tag: UInt32) -> StreamID? { streams.first { $0.tag == tag }?.stream }

  mutating func remember(_ stream: StreamID) {
    let tag = stream.tag
    streams.removeAll { $0.tag == tag }
    if streams.count == RecentStreams.limit { streams.removeFirst() }
    streams.append((tag, stream))
  }
}

extension Frame {
  /// What a frame whose checksum holds says.
  init(_ header: FrameHeader, _ payload: Span<UInt8>) throws(PayloadFault) {
    let unknown = Frame.unknown(kind: header.kind.rawValue, version: header.version)
    guard header.version == FrameFormat.version else {
      self = unknown
      return
    }
    do {
      switch header.kind {
      case .hello: self = .hello(try Hello(payload: payload))
      case .tick: self = .tick(try HostTick(payload: payload))
      case .before: self = .before(try HostTick(payload: payload))
      case .identity: self = .identity(try ProcessIdentity(payload: payload))
      case .burst: self = .burst(try Burst(payload: payload))
      case .gap: self = .gap(try Gap(payload: payload))
      case .notice: self = .notice(try Notice(payload: payload))
      case _ where FrameKind.requests.contains(header.kind.rawValue):
        self = try Request.read(header.kind, payload).map { .request($0) } ?? unknown
      case _ where FrameKind.answers.contains(header.kind.rawValue):
        self = try Answer.read(header.kind, payload).map { .answer($0) } ?? unknown
      default: self = unknown
      }
    } catch .unknownMeaning {
      self = unknown
    }
  }
}

extension FrameDecoder {
  /// The frames of bytes that have come whole, in order; what is damaged is passed over.
  public static func frames(of bytes: [UInt8]) -> [DecodedFrame] {
    var decoder = FrameDecoder()
    var frames: [DecodedFrame] = []
    decoder.feed(bytes.span) { event in
      if case .frame(let frame) = event { frames.append(frame) }
    }
    return frames
  }
}
