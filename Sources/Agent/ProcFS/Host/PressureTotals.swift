import Bytes

/// Stall time of one resource since boot, microseconds: `/proc/pressure/{cpu,io,memory}`
/// (Documentation/accounting/psi.rst). Since Linux 4.20, where configured and not switched off.
public struct PressureTotals: Equatable, Sendable {
  /// At least one task was stalled.
  public var someMicroseconds: UInt64
  /// All that weren't idle were stalled; `nil` of the CPU before Linux 5.13.
  public var fullMicroseconds: UInt64?

  public init?(_ text: Span<UInt8>) {
    var (some, full): (UInt64?, UInt64?)
    var cursor = 0
    while let range = text.nextWholeLine(&cursor) {
      let line = text.extracting(range)
      if line.starts(with: "some ") { some = PressureTotals.total(of: line) }
      if line.starts(with: "full ") { full = PressureTotals.total(of: line) }
    }
    guard let some else { return nil }
    someMicroseconds = some
    fullMicroseconds = full
  }

  private static func total(of line: Span<UInt8>) -> UInt64? {
    var cursor = 0
    while let word = line.nextWord(&cursor) {
      let field = line.extracting(word)
      if let value = field.value(after: "total=") { return value }
    }
    return nil
  }
}
