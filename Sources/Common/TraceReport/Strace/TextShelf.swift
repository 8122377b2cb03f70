/// Values by the bytes they are made from: what comes again and again in strace's lines is made once.
struct TextShelf<Value: Sendable>: Sendable {
  private let limit: Int
  private var values: [Value] = []
  private var places: [Int: Int] = [:]

  /// - Parameter limit: values that are kept; beyond it the shelf is emptied and filled anew.
  init(limit: Int) { self.limit = limit }

  /// The value of the bytes in `range`. `make` is asked where it isn't known yet.
  mutating func value(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ make: (Span<UInt8>, Range<Int>) -> Value
  ) -> Value {
    let key = TextShelf.key(bytes, range)
    if let place = places[key] { return values[place] }
    if values.count >= limit {
      values.removeAll(keepingCapacity: true)
      places.removeAll(keepingCapacity: true)
    }
    let value = make(bytes, range)
    places[key] = values.count
    values.append(value)
    return value
  }

  /// The library's hash, seeded anew in each program: 64 bits that nobody can make collide.
  private static func key(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
    var hasher = Hasher()
    bytes.extracting(range).withUnsafeBytes { hasher.combine(bytes: $0) }
    return hasher.finalize()
  }
}
