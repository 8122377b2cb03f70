import Bytes

/// Writes frames one behind the other into a buffer that is used again and again.
struct PayloadWriter: Sendable {
  private(set) var bytes: [UInt8] = []
  /// The row under construction; ``finishRow(_:)`` puts it into the payload.
  var row = RowWriter()
  private var symbols = SymbolTable()
  private var frameStart = 0

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  // MARK: Frames

  mutating func beginFrame(
    _ kind: FrameKind, version: UInt8 = FrameFormat.version, tag: UInt32, sequence: UInt64
  ) {
    frameStart = bytes.count
    for index in FrameFormat.magic.indices { bytes.append(FrameFormat.magic[index]) }
    bytes.append(version)
    bytes.append(kind.rawValue)
    bytes.appendLittleEndian(UInt16(0))
    bytes.appendLittleEndian(UInt32(0))
    bytes.appendLittleEndian(tag)
    bytes.appendLittleEndian(sequence)
    row.removeAll()
    symbols.removeAll()
  }

  /// Fills in what the header says of the payload, and appends the checksum.
  mutating func endFrame() {
    let length = UInt32(bytes.count - frameStart - FrameFormat.headerBytes)
    for index in 0..<4 {
      bytes[frameStart + FrameFormat.lengthOffset + index] =
        UInt8(truncatingIfNeeded: length >> (index * 8))
    }
    let check = FrameHeader.check(of: bytes.span.extracting(frameStart..<bytes.count))
    bytes[frameStart + FrameFormat.checkOffset] = UInt8(truncatingIfNeeded: check)
    bytes[frameStart + FrameFormat.checkOffset + 1] = UInt8(truncatingIfNeeded: check >> 8)
    bytes.appendLittleEndian(CRC32C.checksum(bytes.span.extracting(frameStart..<bytes.count)))
  }

  // MARK: Fields

  mutating func number(_ field: UInt64, _ value: UInt64?) {
    guard let value else { return }
    key(field, .number)
    bytes.appendVarint(value)
  }

  mutating func signed(_ field: UInt64, _ value: Int64) {
    number(field, ZigZag.encode(value))
  }

  mutating func number(_ field: UInt64, _ value: Int, unless usual: Int) {
    if value != usual { number(field, UInt64(bitPattern: Int64(value))) }
  }

  mutating func fixed64(_ field: UInt64, _ value: UInt64) {
    key(field, .fixed64)
    bytes.appendLittleEndian(value)
  }

  mutating func fixed64(_ field: UInt64, _ value: Int64) {
    fixed64(field, UInt64(bitPattern: value))
  }

  mutating func text(_ field: UInt64, _ text: String?, limit: Int) {
    guard let text else { return }
    key(field, .bytes)
    bytes.appendText(text, limit: limit)
  }

  /// A text or a row, as its bytes lie in a payload.
  mutating func write(_ field: UInt64, _ value: Span<UInt8>) {
    key(field, .bytes)
    bytes.appendVarint(UInt64(value.count))
    value.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
  }

  /// A byte of no format: how tests play hostile agents.
  mutating func appendRaw(_ byte: UInt8) { bytes.append(byte) }

  // MARK: Rows

  /// Puts the row into the payload, and begins another; `false` where it found no room, unless it
  /// is one of those for which room was kept free.
  @discardableResult
  mutating func finishRow(_ field: UInt64, isReserved: Bool = false) -> Bool {
    defer { row.removeAll() }
    // Key, length and mask take less than 24 bytes.
    guard isReserved || hasRoom(row.values.count + 24) else { return false }
    key(field, .bytes)
    var maskBytes = 1
    while maskBytes < 10, row.mask >> UInt64(7 * maskBytes) != 0 { maskBytes += 1 }
    bytes.appendVarint(UInt64(maskBytes + row.values.count))
    bytes.appendVarint(row.mask)
    bytes.append(contentsOf: row.values)
    return true
  }

  /// The same where there is nothing in it: it is left out.
  mutating func finishRowUnlessEmpty(_ field: UInt64, isReserved: Bool = false) {
    if row.mask == 0 { row.removeAll() } else { finishRow(field, isReserved: isReserved) }
  }

  /// The number of a text that rows share; it is put into the payload, as `field`, where it wasn't
  /// before. `nil` where it found no room. Not to be called while a row is open.
  mutating func symbol(_ text: String, _ field: UInt64) -> UInt64? {
    if let known = symbols.number(of: text) { return known }
    guard hasRoom(WireLimits.nameBytes + 24), let number = symbols.add(text) else { return nil }
    self.text(field, text, limit: WireLimits.nameBytes)
    return number
  }

  /// The number of a text that was put into this payload before.
  func knownSymbol(_ text: String) -> UInt64? { symbols.number(of: text) }

  /// A list of such texts, as a field of the open row.
  mutating func writeKnownSymbols(_ bit: Int, _ texts: ArraySlice<String>, limit: Int) {
    let symbols = symbols
    row.list(bit, texts, limit: limit, evenEmpty: true) { symbols.number(of: $0) ?? 0 }
  }

  private func hasRoom(_ count: Int) -> Bool {
    let used = bytes.count - frameStart - FrameFormat.headerBytes
    return used + count <= WireLimits.payloadBytes - WireLimits.reservedBytes
  }

  private mutating func key(_ field: UInt64, _ type: WireType) {
    bytes.appendVarint(field << 3 | type.rawValue)
  }
}

/// Texts that the rows of one frame share, by the order in which they were put there. A frame has
/// its own, so that each can be read alone.
struct SymbolTable: Sendable {
  private var numbers: [String: UInt64] = [:]

  mutating func removeAll() {
    if !numbers.isEmpty { numbers.removeAll(keepingCapacity: true) }
  }

  func number(of text: String) -> UInt64? { numbers[text] }

  /// `nil` where the table is full.
  mutating func add(_ text: String) -> UInt64? {
    guard numbers.count < WireLimits.symbols else { return nil }
    let number = UInt64(numbers.count)
    numbers[text] = number
    return number
  }
}
