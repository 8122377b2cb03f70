import Bytes
import Records

/// The fixed part that a sealed piece begins with: what an inventory needs, so that a start reads
/// no more than this of each. Numbers have their low byte first.
///
///     offset size
///          0    8  magic: "culpspl1", or "culpspl2" where the frames are packed
///          8   24  stream: boot id, high and low half; number
///         32   16  numbers of the first and last frame
///         48   16  times of the first and last tick, ns since 1970; both 0: there is none
///         64    8  bytes of frames
///         72    8  bytes of the zlib stream that follows
///         80    4  where the frames are packed: bytes that it gives
///                4  CRC-32C of all before
enum SealedHeader {
  /// The longest one.
  static let bytes = Form.packed.headerBytes
  private static let magic: [UInt8] = Array("culpspl".utf8)

  /// How the frames lie: the magic's last byte.
  enum Form: UInt8 {
    case plain = 0x31
    /// `FramePacking`.
    case packed = 0x32

    var headerBytes: Int {
      switch self {
      case .plain: 84
      case .packed: 88
      }
    }
  }

  /// What a header says.
  struct Found {
    var segment: SpoolSegment
    var form: Form
    /// Bytes of the zlib stream, and those that it gives.
    var zlibBytes: Int
    var contentBytes: Int
  }

  /// Whether it is one that a later agent wrote, in a format of its own: "culpspl" and another digit.
  static func isOfLaterVersion(_ header: Span<UInt8>) -> Bool {
    hasMagic(header) && Form(rawValue: header[magic.count]) == nil
  }

  private static func hasMagic(_ header: Span<UInt8>) -> Bool {
    guard header.count > magic.count else { return false }
    for index in magic.indices where header[index] != magic[index] { return false }
    return true
  }

  static func encode(
    _ segment: SpoolSegment, _ form: Form, zlibBytes: Int, contentBytes: Int
  ) -> [UInt8] {
    var header = magic
    header.reserveCapacity(bytes)
    header.append(form.rawValue)
    header.appendLittleEndian(segment.stream.boot.high)
    header.appendLittleEndian(segment.stream.boot.low)
    header.appendLittleEndian(segment.stream.number)
    header.appendLittleEndian(segment.first)
    header.appendLittleEndian(segment.last)
    header.appendLittleEndian(UInt64(bitPattern: segment.oldest?.nanoseconds ?? 0))
    header.appendLittleEndian(UInt64(bitPattern: segment.newest?.nanoseconds ?? 0))
    header.appendLittleEndian(UInt64(segment.frameBytes))
    header.appendLittleEndian(UInt64(zlibBytes))
    if form == .packed { header.appendLittleEndian(UInt32(contentBytes)) }
    header.appendLittleEndian(CRC32C.checksum(header.span))
    return header
  }

  /// The piece whose file begins so; `nil` where that is no such header, or a damaged one.
  static func decode(
    _ header: Span<UInt8>, number: UInt64, fileBytes: Int, frameLimit: Int
  ) -> Found? {
    guard hasMagic(header), let form = Form(rawValue: header[magic.count]),
      header.count >= form.headerBytes
    else { return nil }
    let sum = CRC32C.checksum(header.extracting(0..<(form.headerBytes - 4)))
    var cursor = form.headerBytes - 4
    guard header.littleEndian(UInt32.self, &cursor) == sum else { return nil }
    cursor = magic.count + 1
    var numbers: [UInt64] = []
    while numbers.count < 9, let number = header.littleEndian(UInt64.self, &cursor) {
      numbers.append(number)
    }
    guard numbers.count == 9, numbers[3] <= numbers[4],
      let frameBytes = Int(exactly: numbers[7]), frameBytes <= frameLimit,
      let zlibBytes = Int(exactly: numbers[8]), zlibBytes <= fileBytes - form.headerBytes,
      let contentBytes = form == .plain
        ? frameBytes : header.littleEndian(UInt32.self, &cursor).map({ Int($0) }),
      contentBytes <= frameLimit
    else { return nil }
    func time(_ pattern: UInt64) -> Timestamp? {
      numbers[5] == 0 && numbers[6] == 0 ? nil : Timestamp(nanoseconds: Int64(bitPattern: pattern))
    }
    let stream = StreamID(
      boot: BootID(high: numbers[0], low: numbers[1]), number: numbers[2])
    let segment = SpoolSegment(
      number: number, stream: stream, first: numbers[3], last: numbers[4],
      oldest: time(numbers[5]), newest: time(numbers[6]), frameBytes: frameBytes,
      fileBytes: fileBytes, isSealed: true)
    return Found(
      segment: segment, form: form, zlibBytes: zlibBytes, contentBytes: contentBytes)
  }
}
