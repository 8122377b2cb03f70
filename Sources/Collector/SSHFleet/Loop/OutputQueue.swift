import DequeModule

/// Bytes that wait to leave for a host, in the order they were handed over.
///
/// Bounded: a host that doesn't read what it is sent mustn't cost memory without end.
struct OutputQueue {
  /// The most that may wait, bytes.
  static let limit = 16 << 20

  private var pieces: Deque<[UInt8]> = []
  /// Bytes of the first piece that have left already.
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// Whether there was room; where there wasn't, nothing of `bytes` is kept.
  mutating func append(_ bytes: [UInt8]) -> Bool {
    guard bytes.count <= OutputQueue.limit - count else { return false }
    guard !bytes.isEmpty else { return true }
    pieces.append(bytes)
    count += bytes.count
    return true
  }

  /// Hands out what is next, at most `limit` bytes of it, and lets go of as many as `body` says
  /// have left.
  mutating func withNext(limit: Int, _ body: (UnsafeRawBufferPointer) -> Int) {
    guard let first = pieces.first else { return }
    let end = min(first.count, head + limit)
    let sent = first.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[head..<end])) }
    drop(min(max(0, sent), end - head))
  }

  private mutating func drop(_ sent: Int) {
    head += sent
    count -= sent
    guard let first = pieces.first, head >= first.count else { return }
    pieces.removeFirst()
    head = 0
  }

  mutating func removeAll() {
    self = OutputQueue()
  }
}
