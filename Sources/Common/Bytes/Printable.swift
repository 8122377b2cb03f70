/// Making text from a host harmless: nothing that moves a cursor, changes a colour, rings or
/// reorders text survives, and its length is bounded.
public enum Printable {
  /// Longest text kept where no other bound is given, in characters.
  public static let defaultLimit = 512

  /// `text` with every character that a terminal might act on replaced by a visible one:
  /// C0 controls and DEL by their control pictures (U+2400…), the rest by U+FFFD.
  /// What goes past `limit` characters is cut, and a `…` says so.
  public static func text(_ text: some StringProtocol, limit: Int = defaultLimit) -> String {
    // Nearly all text is of this kind, and a collector's hosts send much of it.
    if text.utf8.withContiguousStorageIfAvailable({ isPlain($0, limit) }) == true {
      return String(text)
    }
    var result = ""
    var length = 0
    for scalar in text.unicodeScalars {
      guard length < limit else {
        result.unicodeScalars.append("…")
        break
      }
      result.unicodeScalars.append(visible(scalar))
      length += 1
    }
    return result
  }

  /// The same for raw bytes: what isn't UTF-8 becomes U+FFFD.
  public static func text(_ bytes: Span<UInt8>, limit: Int = defaultLimit) -> String {
    let plain: String? = bytes.withUnsafeBufferPointer {
      isPlain($0, limit) ? String(decoding: $0, as: UTF8.self) : nil
    }
    if let plain { return plain }
    // Four bytes hold any character, so no more are decoded than can be kept.
    var copy: [UInt8] = []
    for index in 0..<min(bytes.count, limit * 4 + 4) { copy.append(bytes[index]) }
    return text(String(decoding: copy, as: UTF8.self), limit: limit)
  }

  /// Whether it is short enough and nothing but printable ASCII: then it stays as it is.
  private static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>, _ limit: Int) -> Bool {
    guard bytes.count <= limit else { return false }
    for byte in bytes where byte < 0x20 || byte >= 0x7F { return false }
    return true
  }

  private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x00..<0x20: Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}"
    case 0x7F: "\u{2421}"
    case 0x80..<0xA0: "\u{FFFD}"
    // Line and paragraph separators, bidirectional controls, zero-width and invisible
    // operators, interlinear annotation, tags.
    case 0x2028...0x202E, 0x2060...0x206F, 0x200B...0x200F, 0x061C, 0xFEFF, 0xFFF9...0xFFFB,
      0x00AD, 0xE0000...0xE007F:
      "\u{FFFD}"
    default: scalar
    }
  }
}
