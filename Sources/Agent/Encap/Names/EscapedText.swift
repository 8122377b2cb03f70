/// Names of any bytes as words of a line of text: what isn't printable ASCII, and `%`, is `%XX`.
enum EscapedText {
  static func word(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
        text.append(byte)
      } else {
        text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    // A word must be there to be read again.
    return text.isEmpty ? "%" : String(decoding: text, as: UTF8.self)
  }

  /// `nil` for what `word` never writes.
  static func bytes(_ word: some StringProtocol) -> [UInt8]? {
    if word == "%" { return [] }
    var bytes: [UInt8] = []
    var rest = Array(word.utf8)[...]
    while let first = rest.popFirst() {
      guard first == UInt8(ascii: "%") else {
        bytes.append(first)
        continue
      }
      guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
        rest.count >= 2
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
