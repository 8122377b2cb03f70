import Glibc

/// Room that readings are made into, used again for each; it grows to its limit and no further.
public struct ReadBuffer: Sendable {
  /// Most bytes that are kept of one file.
  public let limit: Int
  private var storage: [UInt8]
  /// Bytes of the last reading.
  public private(set) var count = 0
  /// The file had more than `limit` bytes.
  public private(set) var isTruncated = false

  public init(capacity: Int = 4096, limit: Int = 1 << 20) {
    self.limit = max(limit, 1)
    storage = [UInt8](repeating: 0, count: max(1, min(capacity, limit)))
  }

  /// Lends the bytes of the last reading to `body`.
  @inline(__always)
  public func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
    body(storage.span.extracting(0..<count))
  }

  /// A copy of the bytes; it allocates.
  public var array: [UInt8] { Array(storage[0..<count]) }

  public mutating func removeAll() {
    count = 0
    isTruncated = false
  }

  /// Takes `bytes` as if they had been read.
  public mutating func set(_ bytes: Span<UInt8>) {
    removeAll()
    isTruncated = bytes.count > limit
    let length = min(bytes.count, limit)
    while storage.count < length { grow() }
    for index in 0..<length { storage[index] = bytes[index] }
    count = length
  }

  /// Reads `descriptor` from `offset` (`nil`: from where it is) to its end.
  ///
  /// - Parameter isRecord: the file comes whole out of one read(2), as every file of a task does;
  ///   saves the second one that would say so.
  mutating func fill(from descriptor: Int32, offset: off_t?, isRecord: Bool) -> ReadOutcome {
    removeAll()
    while true {
      let size = readOnce(descriptor, offset)
      if size < 0 {
        if errno == EINTR { continue }
        return ReadOutcome(errno: errno)
      }
      count += size
      let isFull = count == storage.count
      if size == 0 || isRecord && !isFull { return .bytes }
      guard isFull else { continue }
      guard storage.count < limit else {
        isTruncated = true
        return .bytes
      }
      grow()
    }
  }

  private mutating func readOnce(_ descriptor: Int32, _ offset: off_t?) -> Int {
    let start = count
    return storage.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      let room = bytes.count - start
      return offset.map { pread(descriptor, base + start, room, $0 + off_t(start)) }
        ?? read(descriptor, base + start, room)
    }
  }

  /// Directory entries, as many as there is room for; bytes, or -errno.
  mutating func fill(_ body: (UnsafeMutableRawPointer, Int) -> Int) -> Int {
    removeAll()
    let size = storage.withUnsafeMutableBytes { bytes in
      bytes.baseAddress.map { body($0, bytes.count) } ?? 0
    }
    count = max(0, min(size, storage.count))
    return size
  }

  private mutating func grow() {
    let size = min(limit, storage.count * 2)
    storage.append(contentsOf: repeatElement(0, count: size - storage.count))
  }
}
