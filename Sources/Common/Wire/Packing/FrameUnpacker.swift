import Bytes

/// Puts frames together again from columns. These may be damaged: nothing is trusted.
struct FrameUnpacker {
  private var columns: ColumnReader
  private var predictor = RowPredictor()
  private var payload = PayloadWriter()
  private let tag: UInt32
  private let limit: Int

  init?(_ packed: Span<UInt8>, limit: Int) {
    var cursor = 0
    guard let tag = packed.littleEndian(UInt32.self, &cursor),
      let columns = ColumnReader(packed, from: cursor)
    else { return nil }
    (self.tag, self.columns, self.limit) = (tag, columns, limit)
  }

  mutating func unpack(_ packed: Span<UInt8>) -> [UInt8]? {
    let kinds = ColumnName(.kind)
    let sequences = ColumnName(.sequence)
    while !columns.isAtEnd(kinds) {
      guard let number = columns.number(kinds, packed), let kind = UInt8(exactly: number),
        let sequence = columns.number(sequences, packed)
      else { return nil }
      payload.beginFrame(
        FrameKind(rawValue: kind), tag: tag,
        sequence: predictor.unpack(growing: sequence, by: 1, sequences))
      guard addFields(FrameKind(rawValue: kind), packed) else { return nil }
      payload.endFrame()
      guard payload.bytes.count <= limit else { return nil }
    }
    return payload.bytes
  }

  private mutating func addFields(_ kind: FrameKind, _ packed: Span<UInt8>) -> Bool {
    let fields = ColumnName(kind, 0, .fields)
    while let key = columns.number(fields, packed) {
      guard key != 0 else { return true }
      let field = key >> 3
      let value = ColumnName(kind, field, .value)
      switch WireType(rawValue: key & 7) {
      case .number:
        guard let number = columns.number(value, packed) else { return false }
        payload.number(field, number)
      case .fixed64:
        guard let number = columns.number(value, packed) else { return false }
        payload.fixed64(field, predictor.unpack(growing: number, value))
      case .bytes:
        if let layout = RowLayout.of(kind, field) {
          guard let row = takeRow(layout, kind, field, packed) else { return false }
          payload.write(field, row.span)
        } else {
          guard let text = columns.text(value, packed) else { return false }
          payload.write(field, packed.extracting(text))
        }
      case .fixed32, nil: return false
      }
      guard payload.bytes.count <= limit else { return false }
    }
    return false
  }

  private mutating func takeRow(
    _ layout: RowLayout, _ kind: FrameKind, _ field: UInt64, _ packed: Span<UInt8>
  ) -> [UInt8]? {
    guard let mask = columns.number(ColumnName(kind, field, .mask), packed) else { return nil }
    var row: [UInt8] = []
    row.appendVarint(mask)
    var process: UInt64 = 0
    var bit = 0
    if layout.isOfProcess {
      guard let number = takeProcess(mask, ColumnName(kind, field, .process), packed, into: &row)
      else {
        return nil
      }
      (process, bit) = (number, RowLayout.processBits)
    }
    while bit < 64, mask >> UInt64(bit) != 0 {
      defer { bit += 1 }
      guard mask >> UInt64(bit) & 1 == 1 else { continue }
      guard let form = layout.form(of: bit) else { return nil }
      let column = ColumnName(kind, field, bit: bit)
      switch form {
      case .nanoseconds:
        guard let value = columns.number(column, packed) else { return nil }
        row.appendVarint(PackedNanoseconds.unpack(value))
      case .steady:
        guard let value = columns.number(column, packed),
          let number = predictor.unpack(steady: value, column, of: process)
        else { return nil }
        row.appendVarint(number)
      default:
        guard columns.move(form, column, packed, into: &row) else { return nil }
      }
    }
    return row
  }

  /// Which process a row is of, and its bytes.
  private mutating func takeProcess(
    _ mask: UInt64, _ column: ColumnName, _ packed: Span<UInt8>, into row: inout [UInt8]
  ) -> UInt64? {
    guard let number = columns.number(column, packed) else { return nil }
    if number > 0 {
      guard let known = predictor.process(number - 1), known[0] == UInt8(mask & 0b111) else {
        return nil
      }
      row += known.dropFirst()
      return number - 1
    }
    let start = row.count
    for (bit, name) in [ColumnName(.pid), ColumnName(.startTicks)].enumerated()
    where mask >> UInt64(bit) & 1 == 1 {
      guard let value = columns.number(name, packed) else { return nil }
      row.appendVarint(predictor.unpack(growing: value, name))
    }
    if mask >> 2 & 1 == 1 {
      guard columns.move(.text, ColumnName(.name), packed, into: &row) else { return nil }
    }
    return predictor.add([UInt8(mask & 0b111)] + row[start...])
  }
}
