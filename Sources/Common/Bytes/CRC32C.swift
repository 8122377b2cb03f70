/// CRC-32C (Castagnoli; RFC 3720, section 12.1): the checksum of frames on the wire and in the
/// spool. It finds every error of up to 32 bits in a row.
public struct CRC32C: Sendable {
  /// The polynomial 0x1EDC6F41, its bits reversed: the register shifts to the right.
  private static let polynomial: UInt32 = 0x82F6_3B78

  /// What each value of a byte does to the register.
  private static let table: InlineArray<256, UInt32> = {
    var table = InlineArray<256, UInt32>(repeating: 0)
    for index in table.indices {
      var register = UInt32(truncatingIfNeeded: index)
      for _ in 0..<8 {
        register = register & 1 == 0 ? register >> 1 : register >> 1 ^ polynomial
      }
      table[index] = register
    }
    return table
  }()

  private var register = UInt32.max

  public init() {}

  /// The checksum of all that was given so far.
  public var value: UInt32 { ~register }

  public mutating func update(_ bytes: Span<UInt8>) {
    var register = register
    for index in bytes.indices {
      let entry = Int((register ^ UInt32(bytes[index])) & 0xFF)
      register = register >> 8 ^ CRC32C.table[entry]
    }
    self.register = register
  }

  /// The checksum of `bytes`.
  public static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
    var sum = CRC32C()
    sum.update(bytes)
    return sum.value
  }
}
