import Bytes

/// Frames of one stream as a compressor likes them: without what can be made again (magic,
/// lengths, checksums), and like by like, all values of a field in one column. zlib makes half of
/// it what it makes of the frames themselves.
///
///     tag of the stream, 4 bytes, the low one first
///     columns: name, length, bytes
///
/// What comes back is the frames bit for bit, or nothing was packed.
public enum FramePacking {
  /// The frames, packed; `nil` where they hold something that this version doesn't know. Such are
  /// kept as they are.
  public static func pack(_ frames: [UInt8]) -> [UInt8]? {
    var packer = FramePacker()
    guard let packed = packer.pack(frames.span) else { return nil }
    // A mistake of ours may cost room, but never a frame.
    return unpack(packed, limit: frames.count) == frames ? packed : nil
  }

  /// The frames again; `nil` where these bytes are damaged, or give more than `limit`.
  public static func unpack(_ packed: [UInt8], limit: Int) -> [UInt8]? {
    guard var unpacker = FrameUnpacker(packed.span, limit: limit) else { return nil }
    return unpacker.unpack(packed.span)
  }
}

/// Takes frames apart into columns.
struct FramePacker {
  private var columns = ColumnWriter()
  private var predictor = RowPredictor()
  private var tag: UInt32?

  mutating func pack(_ frames: Span<UInt8>) -> [UInt8]? {
    var start = 0
    while start < frames.count {
      let rest = frames.extracting(start..<frames.count)
      guard let header = FrameHeader(rest), header.length <= UInt32(WireLimits.payloadBytes)
      else { return nil }
      let end = FrameFormat.headerBytes + Int(header.length)
      guard end + FrameFormat.checksumBytes <= rest.count, isOfStream(header) else { return nil }
      add(header)
      let payload = rest.extracting(FrameFormat.headerBytes..<end)
      guard (try? add(payload, header.kind)) == true else { return nil }
      start += end + FrameFormat.checksumBytes
    }
    guard let tag else { return nil }
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(tag)
    columns.write(to: &bytes)
    return bytes
  }

  /// All are of one stream, and of the version that we write.
  private mutating func isOfStream(_ header: FrameHeader) -> Bool {
    tag = tag ?? header.tag
    return header.tag == tag && header.version == FrameFormat.version
  }

  private mutating func add(_ header: FrameHeader) {
    columns.number(ColumnName(.kind), UInt64(header.kind.rawValue))
    let name = ColumnName(.sequence)
    columns.number(name, predictor.pack(growing: header.sequence, by: 1, name))
  }

  private mutating func add(_ payload: Span<UInt8>, _ kind: FrameKind) throws(PayloadFault) -> Bool
  {
    let fields = ColumnName(kind, 0, .fields)
    var field = FieldReader()
    while try field.next(payload) {
      guard (1...0xFF).contains(field.number) else { return false }
      columns.number(fields, field.key)
      let value = ColumnName(kind, field.number, .value)
      switch field.value {
      case .number(let number): columns.number(value, number)
      case .fixed(let number): columns.number(value, predictor.pack(growing: number, value))
      case .other: return false
      case .bytes(let range):
        let bytes = payload.extracting(range)
        if let layout = RowLayout.of(kind, field.number) {
          guard add(row: bytes, layout, kind, field.number) else { return false }
        } else {
          columns.text(value, bytes)
        }
      }
    }
    columns.number(fields, 0)
    return true
  }

  private mutating func add(
    row bytes: Span<UInt8>, _ layout: RowLayout, _ kind: FrameKind, _ field: UInt64
  ) -> Bool {
    var cursor = 0
    guard let mask = bytes.varint(&cursor) else { return false }
    columns.number(ColumnName(kind, field, .mask), mask)
    var process: UInt64 = 0
    var bit = 0
    if layout.isOfProcess {
      guard let number = add(process: mask, bytes, &cursor, ColumnName(kind, field, .process))
      else { return false }
      (process, bit) = (number, RowLayout.processBits)
    }
    while bit < 64, mask >> UInt64(bit) != 0 {
      defer { bit += 1 }
      guard mask >> UInt64(bit) & 1 == 1 else { continue }
      guard let form = layout.form(of: bit) else { return false }
      let column = ColumnName(kind, field, bit: bit)
      switch form {
      case .nanoseconds:
        guard let value = bytes.varint(&cursor) else { return false }
        columns.number(column, PackedNanoseconds.pack(value))
      case .steady:
        guard let value = bytes.varint(&cursor) else { return false }
        columns.number(column, predictor.pack(steady: value, column, of: process))
      default:
        guard columns.move(form, column, bytes, &cursor) else { return false }
      }
    }
    return cursor == bytes.count
  }

  /// Which process the row is of: its number, 0 for one that is new, and then who it is.
  private mutating func add(
    process mask: UInt64, _ bytes: Span<UInt8>, _ cursor: inout Int, _ column: ColumnName
  ) -> UInt64? {
    var ahead = cursor
    guard let known = RowLayout.process(mask, bytes, &ahead) else { return nil }
    if let number = predictor.number(of: known) {
      columns.number(column, number + 1)
      cursor = ahead
      return number
    }
    columns.number(column, 0)
    for (bit, name) in [ColumnName(.pid), ColumnName(.startTicks)].enumerated()
    where mask >> UInt64(bit) & 1 == 1 {
      guard let value = bytes.varint(&cursor) else { return nil }
      columns.number(name, predictor.pack(growing: value, name))
    }
    if mask >> 2 & 1 == 1 {
      guard columns.move(.text, ColumnName(.name), bytes, &cursor) else { return nil }
    }
    return predictor.add(known)
  }
}

extension RowLayout {
  /// Who a row is of, as the bits it has and their bytes; `cursor` moves past them.
  static func process(_ mask: UInt64, _ bytes: Span<UInt8>, _ cursor: inout Int) -> [UInt8]? {
    var process = [UInt8(mask & 0b111)]
    for bit in 0..<processBits where mask >> UInt64(bit) & 1 == 1 {
      let form = bit == 2 ? ValueForm.text : .number
      guard form.move(bytes, &cursor, into: &process) else { return nil }
    }
    return process
  }
}
