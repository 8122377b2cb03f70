import Bytes

/// Reads the fields of a payload, which ``PayloadWriter`` wrote: each has a key (LEB128), its
/// number times 8 and how its value lies, and then the value. These are protobuf's types, so that
/// its tools can show a payload. A field of an unknown number is stepped over.
struct FieldReader {
  enum Value {
    case number(UInt64)
    case fixed(UInt64)
    case bytes(Range<Int>)
    /// A type that only newer fields have.
    case other
  }

  private(set) var key: UInt64 = 0
  private(set) var value = Value.other
  private var cursor = 0

  var number: UInt64 { key >> 3 }

  /// Moves to the next field; `false` at the end.
  mutating func next(_ payload: Span<UInt8>) throws(PayloadFault) -> Bool {
    guard cursor < payload.count else { return false }
    guard let key = payload.varint(&cursor) else { throw .malformed }
    self.key = key
    switch key & 7 {
    case WireType.number.rawValue:
      guard let number = payload.varint(&cursor) else { throw .malformed }
      value = .number(number)
    case WireType.fixed64.rawValue:
      guard let fixed = payload.littleEndian(UInt64.self, &cursor) else { throw .malformed }
      value = .fixed(fixed)
    case WireType.bytes.rawValue:
      guard let length = payload.varint(&cursor), length <= UInt64(payload.count - cursor) else {
        throw .malformed
      }
      value = .bytes(cursor..<(cursor + Int(length)))
      cursor += Int(length)
    case WireType.fixed32.rawValue:
      guard payload.littleEndian(UInt32.self, &cursor) != nil else { throw .malformed }
      value = .other
    default: throw .malformed
    }
    return true
  }

  func uint64() throws(PayloadFault) -> UInt64 {
    guard case .number(let number) = value else { throw .malformed }
    return number
  }

  /// How many of something there are: no host has more than `WireLimits.count`.
  func count() throws(PayloadFault) -> Int { Int(min(try uint64(), WireLimits.count)) }

  func uint32() throws(PayloadFault) -> UInt32 {
    guard let number = UInt32(exactly: try uint64()) else { throw .malformed }
    return number
  }

  func byte() throws(PayloadFault) -> UInt8 {
    guard let byte = UInt8(exactly: try uint64()) else { throw .malformed }
    return byte
  }

  func fixed64() throws(PayloadFault) -> UInt64 {
    guard case .fixed(let fixed) = value else { throw .malformed }
    return fixed
  }

  /// Where in the payload its bytes are.
  func range() throws(PayloadFault) -> Range<Int> {
    guard case .bytes(let range) = value else { throw .malformed }
    return range
  }

  /// Made printable.
  func text(_ payload: Span<UInt8>, limit: Int) throws(PayloadFault) -> String {
    let range = try range()
    guard range.count <= limit else { throw .malformed }
    return Printable.text(payload.extracting(range), limit: limit)
  }
}

/// How a field's value lies on the wire.
enum WireType: UInt64 {
  /// LEB128.
  case number = 0
  case fixed64 = 1
  /// Length (LEB128) and bytes: a text, or a row.
  case bytes = 2
  /// Used by no field yet.
  case fixed32 = 5
}
