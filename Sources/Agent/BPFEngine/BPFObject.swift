/// A compiled program, as the build has put it into our sources: hexadecimal digits.
enum BPFObject {
  static func bytes(_ digits: StaticString) -> [UInt8] {
    digits.withUTF8Buffer { text in
      func value(_ digit: UInt8) -> UInt8 { digit <= 0x39 ? digit &- 0x30 : digit &- 0x57 }
      return (0..<text.count / 2).map { value(text[2 * $0]) << 4 | value(text[2 * $0 + 1]) }
    }
  }
}
