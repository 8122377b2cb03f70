import Bytes

/// What names a boot of a host: `/proc/sys/kernel/random/boot_id` (random(4)), a random UUID.
public struct BootID: Hashable, Sendable {
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

  /// `8fd1b6f0-7c4e-4d5b-9c1e-0123456789ab`, with or without a newline.
  public init?(_ text: Span<UInt8>) {
    var end = text.count
    if end > 0, text[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    guard end == 36 else { return nil }
    var (high, low, digits): (UInt64, UInt64, Int) = (0, 0, 0)
    for index in 0..<end {
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard text[index] == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = text.hexadecimal(in: index..<index + 1) else { return nil }
      if digits < 16 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
      digits += 1
    }
    self.init(high: high, low: low)
  }

  /// Of this host; `nil` where it can't be read.
  public static func read(
    from proc: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> BootID? {
    guard proc.readRecord(ProcPath("sys/kernel/random/boot_id"), into: &buffer) == .bytes else {
      return nil
    }
    return buffer.withBytes { BootID($0) }
  }
}
