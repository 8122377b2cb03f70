import Bytes

/// Which values lie together: those of one field of one kind of frame, and of one bit of its rows.
struct ColumnName: Hashable, Comparable {
  let number: UInt64

  /// What isn't a value of a row.
  enum Part: Int {
    /// A field's value that is no row.
    case value = 64
    /// The masks of rows, and which process they are of.
    case mask, process
    /// A frame's fields, in their order.
    case fields
  }

  /// Of the frames themselves, whatever their kind.
  enum Common: UInt64 {
    case kind = 1
    case sequence, pid, startTicks, name
  }

  init(_ common: Common) { number = common.rawValue }

  init(_ kind: FrameKind, _ field: UInt64, _ part: Part) {
    self.init(kind, field, bit: part.rawValue)
  }

  init(_ kind: FrameKind, _ field: UInt64, bit: Int) {
    number = UInt64(kind.rawValue) << 16 | (field & 0xFF) << 8 | UInt64(bit)
  }

  private init(number: UInt64) { self.number = number }

  static func of(number: UInt64) -> ColumnName { ColumnName(number: number) }

  static func < (left: ColumnName, right: ColumnName) -> Bool { left.number < right.number }
}

/// Columns that are being filled.
struct ColumnWriter {
  private var columns: [ColumnName: [UInt8]] = [:]

  mutating func number(_ column: ColumnName, _ value: UInt64) {
    columns[column, default: []].appendVarint(value)
  }

  mutating func text(_ column: ColumnName, _ text: Span<UInt8>) {
    number(column, UInt64(text.count))
    text.withUnsafeBufferPointer { columns[column, default: []].append(contentsOf: $0) }
  }

  mutating func move(
    _ form: ValueForm, _ column: ColumnName, _ bytes: Span<UInt8>, _ cursor: inout Int
  ) -> Bool {
    form.move(bytes, &cursor, into: &columns[column, default: []])
  }

  /// All of them, each with its name and length before it.
  func write(to bytes: inout [UInt8]) {
    for (name, column) in columns.sorted(by: { $0.key < $1.key }) {
      bytes.appendVarint(name.number)
      bytes.appendVarint(UInt64(column.count))
      bytes += column
    }
  }
}

/// Columns that are being read. They may be damaged.
struct ColumnReader {
  private var places: [ColumnName: Range<Int>] = [:]

  /// `nil` where these are no columns.
  init?(_ bytes: Span<UInt8>, from start: Int) {
    var cursor = start
    while cursor < bytes.count {
      guard let name = bytes.varint(&cursor), let count = bytes.varint(&cursor),
        count <= UInt64(bytes.count - cursor)
      else { return nil }
      places[.of(number: name)] = cursor..<(cursor + Int(count))
      cursor += Int(count)
    }
  }

  func isAtEnd(_ column: ColumnName) -> Bool { places[column]?.isEmpty ?? true }

  mutating func number(_ column: ColumnName, _ bytes: Span<UInt8>) -> UInt64? {
    guard let place = places[column] else { return nil }
    var cursor = 0
    guard let value = bytes.extracting(place).varint(&cursor) else { return nil }
    places[column] = (place.lowerBound + cursor)..<place.upperBound
    return value
  }

  /// Where in `bytes` the next text is.
  mutating func text(_ column: ColumnName, _ bytes: Span<UInt8>) -> Range<Int>? {
    guard let count = number(column, bytes), let place = places[column],
      count <= UInt64(place.count)
    else { return nil }
    let end = place.lowerBound + Int(count)
    places[column] = end..<place.upperBound
    return place.lowerBound..<end
  }

  mutating func move(
    _ form: ValueForm, _ column: ColumnName, _ bytes: Span<UInt8>, into: inout [UInt8]
  ) -> Bool {
    guard let place = places[column] else { return form == .flag }
    var cursor = 0
    guard form.move(bytes.extracting(place), &cursor, into: &into) else { return false }
    places[column] = (place.lowerBound + cursor)..<place.upperBound
    return true
  }
}
