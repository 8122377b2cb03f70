import Bytes
import Records

/// Reads what ``RowWriter`` wrote. Fields are asked for by rising bits; what comes after the last
/// one that this version knows is left unread.
struct RowReader {
  private let mask: UInt64
  private var cursor: Int

  init(_ bytes: Span<UInt8>) throws(PayloadFault) {
    var cursor = 0
    guard let mask = bytes.varint(&cursor) else { throw .malformed }
    self.mask = mask
    self.cursor = cursor
  }

  /// Steps over the fields below `bit`, all of them numbers.
  mutating func skip(_ bit: Int, _ bytes: Span<UInt8>) throws(PayloadFault) {
    for lower in 0..<bit { _ = try number(lower, bytes) }
  }

  func has(_ bit: Int) -> Bool { mask >> UInt64(bit) & 1 == 1 }

  mutating func number(_ bit: Int, _ bytes: Span<UInt8>) throws(PayloadFault) -> UInt64? {
    has(bit) ? try next(bytes) : nil
  }

  mutating func number(
    _ bit: Int, _ bytes: Span<UInt8>, else usual: UInt64
  ) throws(PayloadFault) -> UInt64 {
    try number(bit, bytes) ?? usual
  }

  mutating func int32(
    _ bit: Int, _ bytes: Span<UInt8>, else usual: Int32
  ) throws(PayloadFault) -> Int32 {
    has(bit) ? try nextInt32(bytes) : usual
  }

  mutating func count(
    _ bit: Int, _ bytes: Span<UInt8>, else usual: Int
  ) throws(PayloadFault) -> Int {
    guard let value = try number(bit, bytes) else { return usual }
    return Int(min(value, WireLimits.count))
  }

  mutating func byte(_ bit: Int, _ bytes: Span<UInt8>) throws(PayloadFault) -> UInt8? {
    guard let value = try number(bit, bytes) else { return nil }
    guard let byte = UInt8(exactly: value) else { throw .malformed }
    return byte
  }

  mutating func signed(_ bit: Int, _ bytes: Span<UInt8>) throws(PayloadFault) -> Int64? {
    guard let value = try number(bit, bytes) else { return nil }
    return ZigZag.decode(value)
  }

  mutating func decimal(_ bit: Int, _ bytes: Span<UInt8>) throws(PayloadFault) -> Double? {
    guard has(bit) else { return nil }
    guard let value = Decimal.read(bytes, &cursor) else { throw .malformed }
    return value
  }

  /// Made printable.
  mutating func text(
    _ bit: Int, _ bytes: Span<UInt8>, limit: Int
  ) throws(PayloadFault) -> String? {
    guard has(bit) else { return nil }
    let length = try next(bytes)
    guard length <= UInt64(limit), length <= UInt64(bytes.count - cursor) else {
      throw .malformed
    }
    let start = cursor
    cursor += Int(length)
    return Printable.text(bytes.extracting(start..<cursor), limit: limit)
  }

  mutating func name(_ bit: Int, _ bytes: Span<UInt8>) throws(PayloadFault) -> TaskName {
    guard has(bit) else { return TaskName() }
    let length = try next(bytes)
    guard length <= UInt64(TaskName.limit), length <= UInt64(bytes.count - cursor) else {
      throw .malformed
    }
    let start = cursor
    cursor += Int(length)
    return TaskName(bytes.extracting(start..<cursor))
  }

  mutating func list<Element>(
    _ bit: Int, _ bytes: Span<UInt8>, limit: Int,
    _ element: (UInt64) throws(PayloadFault) -> Element
  ) throws(PayloadFault) -> [Element]? {
    guard has(bit) else { return nil }
    let count = try next(bytes)
    // Each takes a byte at least, so that a length alone reserves nothing.
    guard count <= UInt64(limit), count <= UInt64(bytes.count - cursor) else {
      throw .malformed
    }
    var elements: [Element] = []
    elements.reserveCapacity(Int(count))
    for _ in 0..<count { elements.append(try element(try next(bytes))) }
    return elements
  }

  mutating func pids(
    _ bit: Int, _ bytes: Span<UInt8>, limit: Int
  ) throws(PayloadFault) -> [Int32] {
    try list(bit, bytes, limit: limit) { number throws(PayloadFault) in
      guard let pattern = UInt32(exactly: number) else { throw .malformed }
      return Int32(bitPattern: pattern)
    } ?? []
  }

  private mutating func next(_ bytes: Span<UInt8>) throws(PayloadFault) -> UInt64 {
    guard let value = bytes.varint(&cursor) else { throw .malformed }
    return value
  }

  private mutating func nextInt32(_ bytes: Span<UInt8>) throws(PayloadFault) -> Int32 {
    guard let pattern = UInt32(exactly: try next(bytes)) else { throw .malformed }
    return Int32(bitPattern: pattern)
  }
}
