/// What a child process writes on its standard error until it has ended, up to a bound.
struct Complaint {
  private(set) var text = ""
  private let limit: Int

  /// - Parameter limit: from this many characters on, nothing more is kept.
  init(limit: Int) {
    self.limit = limit
  }

  mutating func take(_ bytes: Span<UInt8>) {
    guard text.count < limit else { return }
    for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
  }
}
