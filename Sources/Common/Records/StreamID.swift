/// One boot of a host: `/proc/sys/kernel/random/boot_id` (random(4)), 16 random bytes.
public struct BootID: Hashable, Sendable {
  /// The first eight bytes, as the text shows them.
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// From the kernel's text: 32 hexadecimal digits with hyphens between them, and perhaps a line
  /// end. `nil` for anything else.
  public init?(_ text: Span<UInt8>) {
    (high, low) = (0, 0)
    var digits = 0
    for index in text.indices {
      let byte = text[index]
      if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "\n") { continue }
      guard let digit = BootID.digit(byte), digits < 32 else { return nil }
      if digits < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
      digits += 1
    }
    guard digits == 32 else { return nil }
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    default: nil
    }
  }
}

/// A stream of numbered frames. A boot of a host may have several: the number is drawn with the
/// spool, so that a lost spool or a temporary agent never uses a sequence number again.
public struct StreamID: Hashable, Sendable {
  public var boot: BootID
  /// 64 random bits.
  public var number: UInt64

  public init(boot: BootID, number: UInt64) {
    self.boot = boot
    self.number = number
  }
}
