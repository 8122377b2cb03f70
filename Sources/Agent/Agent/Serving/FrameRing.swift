import Glibc
import Synchronization
import Wire

/// The last frames of a stream in memory: what the sampler puts there is read by the spool's
/// writer and by each client, at their own pace. Nobody waits for anybody: who is too slow finds
/// that frames are gone, and which.
final class FrameRing: @unchecked Sendable {
  // Invariant of @unchecked: `room` is touched with `ends` locked only.
  /// Where a reader is.
  struct Cursor: Equatable, Sendable {
    /// Bytes that were ever put into the ring before.
    var position: UInt64
    /// Number of the frame that comes next.
    var sequence: UInt64
  }

  private struct Ends {
    /// Bytes ever put in, and ever let go.
    var head: UInt64 = 0
    var tail: UInt64 = 0
    /// Number of the next frame to come, and of the oldest that is there.
    var next: UInt64 = 1
    var oldest: UInt64 = 1
  }

  static let usualBytes = 2 << 20

  private let room: UnsafeMutableRawPointer
  private let capacity: Int
  private let ends = Mutex(Ends())
  /// Those that want to hear of new frames, as eventfds.
  private let listeners = Mutex<[Int32]>([])

  init(capacity: Int = usualBytes) {
    self.capacity = capacity
    room = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { room.deallocate() }

  /// Signals `event` whenever frames came.
  func notify(_ event: WakeEvent) { listeners.withLock { $0.append(event.descriptor) } }

  // MARK: The sampler's side

  /// Puts whole frames in, numbered one after the other. One that is larger than half the ring is
  /// left out: its number is missing then.
  func append(_ frames: Span<UInt8>) {
    ends.withLock { ends in
      var start = 0
      while let glance = FrameGlance(frames.extracting(start..<frames.count)),
        start + glance.byteCount <= frames.count
      {
        let frame = frames.extracting(start..<(start + glance.byteCount))
        start += glance.byteCount
        ends.next = glance.sequence + 1
        guard frame.count <= capacity / 2 else { continue }
        makeRoom(for: frame.count, &ends)
        if ends.head == ends.tail { ends.oldest = glance.sequence }
        put(frame, at: ends.head)
        ends.head += UInt64(frame.count)
      }
    }
    listeners.withLock { for event in $0 { WakeEvent.signal(event) } }
  }

  private func makeRoom(for count: Int, _ ends: inout Ends) {
    while ends.head - ends.tail + UInt64(count) > UInt64(capacity) {
      ends.tail += UInt64(glance(at: ends.tail, ends)?.byteCount ?? capacity)
      if let oldest = glance(at: ends.tail, ends) { ends.oldest = oldest.sequence }
    }
  }

  // MARK: The readers' side

  /// Behind the newest frame.
  var end: Cursor { ends.withLock { Cursor(position: $0.head, sequence: $0.next) } }

  /// Before the oldest frame that is there.
  var start: Cursor { ends.withLock { Cursor(position: $0.tail, sequence: $0.oldest) } }

  /// Before the frames of the last `seconds`, by the times of the ticks among them.
  func cursor(secondsBack seconds: Double) -> Cursor {
    ends.withLock { ends in
      var places: [(cursor: Cursor, time: Double)] = []
      var position = ends.tail
      while let glance = glance(at: position, ends) {
        if glance.role == .tick, let time = tickTime(at: position, ends) {
          places.append((Cursor(position: position, sequence: glance.sequence), time))
        }
        position += UInt64(glance.byteCount)
      }
      guard let newest = places.last else {
        return Cursor(position: ends.head, sequence: ends.next)
      }
      return places.first { newest.time - $0.time <= seconds }?.cursor ?? newest.cursor
    }
  }

  /// Appends frames to `bytes` from `cursor` on, which moves past them: whole ones, until there
  /// are `limit` bytes or more. Returns the numbers of those that were gone already.
  func read(
    from cursor: inout Cursor, into bytes: inout [UInt8], limit: Int
  ) -> ClosedRange<UInt64>? {
    ends.withLock { ends in
      var missed: ClosedRange<UInt64>?
      if cursor.position < ends.tail {
        if ends.oldest > cursor.sequence { missed = cursor.sequence...(ends.oldest - 1) }
        cursor = Cursor(position: ends.tail, sequence: ends.oldest)
        // They are told before anything else comes.
        return missed
      }
      var count = 0
      while count < limit, let glance = glance(at: cursor.position, ends) {
        // One that was too large was left out.
        if glance.sequence > cursor.sequence {
          guard count == 0 else { return nil }
          missed = cursor.sequence...(glance.sequence - 1)
          cursor.sequence = glance.sequence
          return missed
        }
        copy(glance.byteCount, from: cursor.position, to: &bytes)
        count += glance.byteCount
        cursor.position += UInt64(glance.byteCount)
        cursor.sequence = glance.sequence + 1
      }
      return nil
    }
  }

  // MARK: Bytes

  /// The frame that begins at `position`; `nil` at the end.
  private func glance(at position: UInt64, _ ends: borrowing Ends) -> FrameGlance? {
    guard position < ends.head else { return nil }
    return FrameGlance(beginning(at: position, ends).span)
  }

  private func tickTime(at position: UInt64, _ ends: borrowing Ends) -> Double? {
    FrameGlance.tickTime(beginning(at: position, ends).span).map { Double($0.nanoseconds) / 1e9 }
  }

  /// The first bytes of a frame, which needn't lie in one piece; zeros behind its end.
  private func beginning(at position: UInt64, _ ends: borrowing Ends) -> InlineArray<40, UInt8> {
    var bytes = InlineArray<40, UInt8>(repeating: 0)
    let source = UnsafeRawBufferPointer(start: room, count: capacity)
    for index in 0..<min(40, Int(ends.head - position)) {
      bytes[index] = source[Int((position + UInt64(index)) % UInt64(capacity))]
    }
    return bytes
  }

  private func put(_ bytes: Span<UInt8>, at position: UInt64) {
    let start = Int(position % UInt64(capacity))
    let first = min(bytes.count, capacity - start)
    bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      memcpy(room + start, base, first)
      memcpy(room, base + first, bytes.count - first)
    }
  }

  private func copy(_ count: Int, from position: UInt64, to bytes: inout [UInt8]) {
    let start = Int(position % UInt64(capacity))
    let first = min(count, capacity - start)
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: room + start, count: first))
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: room, count: count - first))
  }
}
