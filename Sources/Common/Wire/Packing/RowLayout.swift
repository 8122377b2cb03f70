/// How a value lies in a row, for those who take rows apart without asking what they say.
enum ValueForm {
  case number
  /// Nanoseconds, mostly whole microseconds.
  case nanoseconds
  /// Of one process mostly what it was in its last row.
  case steady
  /// The bit alone.
  case flag
  /// Length and bytes.
  case text
  /// A ``Decimal``.
  case decimal
  /// How many, and then each.
  case list

  /// Moves one value, as it lies in a row, from `bytes` to the end of `into`; `false` where there
  /// is none.
  func move(_ bytes: Span<UInt8>, _ cursor: inout Int, into: inout [UInt8]) -> Bool {
    if case .flag = self { return true }
    let start = cursor
    guard let number = bytes.varint(&cursor) else { return false }
    switch self {
    case .flag, .number, .nanoseconds, .steady: break
    case .text:
      guard number <= UInt64(bytes.count - cursor) else { return false }
      cursor += Int(number)
    case .decimal:
      if number & 1 == 1, bytes.littleEndian(UInt64.self, &cursor) == nil { return false }
    case .list:
      guard number <= UInt64(bytes.count - cursor) else { return false }
      for _ in 0..<number where bytes.varint(&cursor) == nil { return false }
    }
    bytes.extracting(start..<cursor).withUnsafeBufferPointer { into.append(contentsOf: $0) }
    return true
  }
}

/// The values that rows of a field have, by their bits.
struct RowLayout {
  /// Whether the first three bits are a process: pid, start time and name.
  var isOfProcess = false
  /// Those of the other bits.
  var forms: [ValueForm]

  /// Bits of a process.
  static let processBits = 3

  /// `nil` for a bit that this version doesn't know.
  func form(of bit: Int) -> ValueForm? {
    let place = bit - (isOfProcess ? RowLayout.processBits : 0)
    return forms.indices.contains(place) ? forms[place] : nil
  }

  /// That of a field; `nil` where it is a text.
  static func of(_ kind: FrameKind, _ field: UInt64) -> RowLayout? {
    switch kind {
    case .tick, .before: tick[field]
    case .identity: identity[field]
    case .burst: burst[field]
    default: nil
    }
  }

  private static func numbers(_ count: Int) -> [ValueForm] {
    [ValueForm](repeating: .number, count: count)
  }

  private static let stall: [ValueForm] = [.flag, .number, .number]

  private static let tick: [UInt64: RowLayout] = [
    TickField.row: RowLayout(forms: numbers(20)),
    TickField.load: RowLayout(forms: [.decimal, .decimal, .decimal]),
    TickField.pressure: RowLayout(forms: [.number] + stall + stall + stall),
    TickField.memory: RowLayout(forms: numbers(5)),
    TickField.attribution: RowLayout(forms: numbers(6)),
    TickField.process: RowLayout(
      isOfProcess: true,
      forms: [.nanoseconds, .steady, .flag, .number] + numbers(7) + numbers(4) + [.flag, .flag]
        + numbers(7)),
    TickField.waiting: RowLayout(
      isOfProcess: true, forms: [.number, .decimal, .number, .list]),
    TickField.disk: RowLayout(forms: [.text] + numbers(9)),
    TickField.lock: RowLayout(forms: [.number, .flag, .number, .list, .text, .text, .text]),
    TickField.shape: RowLayout(forms: [.number, .number, .list] + numbers(4)),
    TickField.omittedIO: RowLayout(forms: numbers(7)),
  ]

  /// The process itself, and its ancestors.
  private static let identity: [UInt64: RowLayout] = [
    1: RowLayout(isOfProcess: true, forms: numbers(2)),
    7: RowLayout(isOfProcess: true, forms: []),
  ]

  /// Its counts.
  private static let burst: [UInt64: RowLayout] = [
    7: RowLayout(isOfProcess: true, forms: numbers(4))
  ]
}
