import Bytes
import Records

/// How a frame lies on the wire and in the spool. Numbers have their low byte first.
///
///     offset size
///          0    4  magic: FF C1 63 70
///          4    1  version of the payload's format
///          5    1  kind
///          6    2  check of the header: CRC-32C of bytes 0…5 and 8…23, its halves xored
///          8    4  length of the payload
///         12    4  tag of the stream, 0 outside any stream
///         16    8  sequence number
///         24       payload
///                4  CRC-32C of header and payload
///
/// The header is the same in every version, now and later, so that a reader can step over what it
/// doesn't know. Its own check lets a reader trust the length before the payload is there: a
/// damaged one would make it wait for a megabyte that nobody sends. FF and C1 never occur in
/// UTF-8, so no text inside a frame can pass for one after damage.
enum FrameFormat {
  static let magic: InlineArray<4, UInt8> = [0xFF, 0xC1, 0x63, 0x70]
  /// Raised only where an older decoder would misread; new fields and kinds don't.
  static let version: UInt8 = 1
  static let headerBytes = 24
  static let checksumBytes = 4
  /// What a frame costs beside its payload.
  static let overheadBytes = headerBytes + checksumBytes

  static let kindOffset = 5
  static let checkOffset = 6
  static let lengthOffset = 8
}

/// The fixed part that every frame begins with.
struct FrameHeader: Equatable {
  var version: UInt8
  var kind: FrameKind
  var length: UInt32
  var tag: UInt32
  var sequence: UInt64

  /// The header at the start of `bytes`, at least ``FrameFormat/headerBytes`` of them; `nil` where
  /// magic or check say that there is none.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= FrameFormat.headerBytes else { return nil }
    for index in FrameFormat.magic.indices where bytes[index] != FrameFormat.magic[index] {
      return nil
    }
    version = bytes[4]
    kind = FrameKind(rawValue: bytes[5])
    var cursor = FrameFormat.checkOffset
    guard let check = bytes.littleEndian(UInt16.self, &cursor),
      check == FrameHeader.check(of: bytes),
      let length = bytes.littleEndian(UInt32.self, &cursor),
      let tag = bytes.littleEndian(UInt32.self, &cursor),
      let sequence = bytes.littleEndian(UInt64.self, &cursor)
    else { return nil }
    (self.length, self.tag, self.sequence) = (length, tag, sequence)
  }

  /// The check that belongs to the header at the start of `bytes`.
  static func check(of bytes: Span<UInt8>) -> UInt16 {
    var sum = CRC32C()
    sum.update(bytes.extracting(0..<FrameFormat.checkOffset))
    sum.update(bytes.extracting(FrameFormat.lengthOffset..<FrameFormat.headerBytes))
    return UInt16(truncatingIfNeeded: sum.value ^ sum.value >> 16)
  }
}

extension StreamID {
  /// What a frame's header says of its stream; never 0. Two streams of one host share a tag by a
  /// chance of 1 in 4 billion.
  var tag: UInt32 {
    var bytes: InlineArray<24, UInt8> = InlineArray(repeating: 0)
    for index in 0..<8 {
      let shift = index * 8
      bytes[index] = UInt8(truncatingIfNeeded: boot.high >> shift)
      bytes[index + 8] = UInt8(truncatingIfNeeded: boot.low >> shift)
      bytes[index + 16] = UInt8(truncatingIfNeeded: number >> shift)
    }
    let sum = CRC32C.checksum(bytes.span)
    return sum == 0 ? 1 : sum
  }
}
