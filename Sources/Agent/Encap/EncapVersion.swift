/// A package's version as epkg compares it: `1.10`, `2024.07`, `1.0+2`.
///
/// Cut at the first `+` into software version and package version; each is compared field by field
/// between dots, and a field run by run of digits and other letters. Digits beat letters; what has
/// something left over is newer; an absent package version is older than any.
///
/// Two things differ from epkg 2.3.9 (vercmp.c): a leading zero is no octal number, so 2024.07 is
/// older than 2024.08; and numbers may be of any length.
public struct EncapVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Longest version taken, bytes.
  public static let limit = 128

  public let description: String

  /// `nil` for what can be no version: empty, too long, with `/`, blanks, control characters or `-`,
  /// or that is a folder's own name (`.`, `..`).
  public init?(_ text: String) {
    let allowed = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x2D }
    guard !text.isEmpty, text.utf8.count <= EncapVersion.limit, allowed, text != ".", text != ".."
    else { return nil }
    description = text
  }

  public static func < (left: EncapVersion, right: EncapVersion) -> Bool {
    compare(left.description.utf8[...], right.description.utf8[...]) < 0
  }

  private typealias Letters = Substring.UTF8View

  private static func compare(_ left: Letters, _ right: Letters) -> Int {
    let (leftMain, leftRest) = cut(left, at: "+")
    let (rightMain, rightRest) = cut(right, at: "+")
    let main = compareFields(leftMain, rightMain)
    if main != 0 { return main }
    switch (leftRest, rightRest) {
    case (nil, nil): return 0
    case (nil, _): return -1
    case (_, nil): return 1
    case (let leftRest?, let rightRest?): return compare(leftRest, rightRest)
    }
  }

  private static func cut(_ text: Letters, at letter: Unicode.Scalar) -> (Letters, Letters?) {
    guard let place = text.firstIndex(of: UInt8(ascii: letter)) else { return (text, nil) }
    return (text[..<place], text[text.index(after: place)...])
  }

  private static func compareFields(_ left: Letters, _ right: Letters) -> Int {
    let leftFields = left.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let rightFields = right.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    for (leftField, rightField) in zip(leftFields, rightFields) {
      let (order, isLeftover) = compareField(leftField, rightField)
      // 1.0a is newer than 1.0, but older than 1.0.1: more fields outweigh letters left over.
      if order != 0, isLeftover, leftFields.count != rightFields.count {
        return leftFields.count < rightFields.count ? -1 : 1
      }
      if order != 0 { return order }
    }
    return leftFields.count - rightFields.count
  }

  /// Also whether it was only that one had letters left over.
  private static func compareField(_ left: Letters, _ right: Letters) -> (Int, Bool) {
    var (left, right) = (left, right)
    while let leftFirst = left.first, let rightFirst = right.first {
      let (leftIsDigit, rightIsDigit) = (isDigit(leftFirst), isDigit(rightFirst))
      if leftIsDigit != rightIsDigit { return (leftIsDigit ? 1 : -1, false) }
      let leftRun = left.prefix { isDigit($0) == leftIsDigit }
      let rightRun = right.prefix { isDigit($0) == leftIsDigit }
      let order = leftIsDigit ? compareNumbers(leftRun, rightRun) : compareText(leftRun, rightRun)
      if order != 0 { return (order, false) }
      left = left.dropFirst(leftRun.count)
      right = right.dropFirst(rightRun.count)
    }
    if left.isEmpty, right.isEmpty { return (0, false) }
    return (left.isEmpty ? -1 : 1, true)
  }

  /// By value; the same values as text: "06" before "6".
  private static func compareNumbers(_ left: Letters, _ right: Letters) -> Int {
    let leftDigits = left.drop { $0 == UInt8(ascii: "0") }
    let rightDigits = right.drop { $0 == UInt8(ascii: "0") }
    if leftDigits.count != rightDigits.count { return leftDigits.count - rightDigits.count }
    let order = compareText(leftDigits, rightDigits)
    return order != 0 ? order : compareText(left, right)
  }

  private static func compareText(_ left: Letters, _ right: Letters) -> Int {
    if left.elementsEqual(right) { return 0 }
    return left.lexicographicallyPrecedes(right) ? -1 : 1
  }

  private static func isDigit(_ letter: UInt8) -> Bool {
    letter >= UInt8(ascii: "0") && letter <= UInt8(ascii: "9")
  }
}
