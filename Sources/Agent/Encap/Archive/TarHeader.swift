/// A block of 512 bytes before each entry (pax(1), “ustar Interchange Format”; tar(5)). Offsets are
/// of its fields:
///
///     0 name 100   100 mode 8   108 uid 8   116 gid 8   124 size 12   136 mtime 12   148 chksum 8
///     156 typeflag   157 linkname 100   257 magic 6   263 version 2   265 uname 32   297 gname 32
///     329 devmajor 8   337 devminor 8   345 prefix 155
struct TarHeader {
  static let blockBytes = 512

  static let mode = 100..<108
  static let uid = 108..<116
  static let gid = 116..<124
  static let size = 124..<136
  static let modified = 136..<148
  static let checksum = 148..<156
  static let type = 156
  static let linkName = 157..<257
  static let magic = 257..<263
  static let version = 263..<265
  static let prefix = 345..<500

  let block: [UInt8]

  /// Whether it is one of the blocks of zeros that end an archive.
  var isEnd: Bool { block.allSatisfy { $0 == 0 } }

  /// The sum of all bytes, its own field taken as blanks. Some wrote it with signed bytes.
  var isSound: Bool {
    guard let written = number(TarHeader.checksum) else { return false }
    var (sum, signedSum): (UInt64, Int64) = (0, 0)
    for (index, byte) in block.enumerated() {
      let byte = TarHeader.checksum.contains(index) ? UInt8(ascii: " ") : byte
      sum += UInt64(byte)
      signedSum += Int64(Int8(bitPattern: byte))
    }
    return written == sum || signedSum >= 0 && written == UInt64(signedSum)
  }

  var type: UInt8 { block[TarHeader.type] }

  /// The name, with POSIX's prefix in front where there is one. GNU's old format has other things
  /// there, and says so in its magic (“ustar” and two blanks).
  var path: [UInt8] {
    let name = text(0..<100)
    let isPOSIX = block[TarHeader.magic].elementsEqual("ustar\0".utf8)
    let prefix = isPOSIX ? text(TarHeader.prefix) : []
    return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
  }

  var linkTarget: [UInt8] { text(TarHeader.linkName) }

  /// Up to the first NUL.
  private func text(_ field: Range<Int>) -> [UInt8] { Array(block[field].prefix { $0 != 0 }) }

  /// Octal digits between blanks and NULs, or GNU's base 256 where the first bit is set; `nil` for
  /// anything else, negative ones too, and what has more than 64 bits.
  func number(_ field: Range<Int>) -> UInt64? {
    var bytes = block[field]
    guard let first = bytes.first else { return nil }
    if first & 0x80 != 0 {
      guard first & 0x40 == 0 else { return nil }
      bytes[field.lowerBound] = first & 0x3F
      guard bytes.dropLast(8).allSatisfy({ $0 == 0 }) else { return nil }
      return bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
    let isFiller: (UInt8) -> Bool = { $0 == 0 || $0 == UInt8(ascii: " ") }
    let digits = bytes.drop(while: { $0 == UInt8(ascii: " ") }).prefix { !isFiller($0) }
    guard bytes[digits.endIndex...].allSatisfy(isFiller) else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "7"), value >> 61 == 0 else {
        return nil
      }
      value = value << 3 | UInt64(digit - UInt8(ascii: "0"))
    }
    return value
  }
}
