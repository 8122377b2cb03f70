/// Which of two versions is newer.
///
/// Cut at the first `+` into software version and package version; each is compared field by field
/// between dots, and a field run by run of digits and other letters. Digits beat letters; what has
/// something left over is newer, unless that was its last field and the other has more; an absent
/// package version is older than any. Numbers of the same value compare as text: 06 is older than 6.
///
/// Where we differ from epkg 2.3.9 on purpose:
/// - A leading zero makes no octal number (its `strtoul(…, 0)`): 2024.07 is older than 2024.08.
/// - Numbers may be of any length.
/// - What comes before a release is older than it: 1.0rc1, 1.0beta2 and 1.0~git5 than 1.0; in the
///   order dev, alpha, beta, pre, rc. To epkg they are newer, as 1.0a is, which it is to us, too.
///
/// As in epkg, letters inside a field that isn't the last can make a circle of three (1a.0 < 1b <
/// 1.0 < 1a.0); nobody numbers so.
struct VersionOrder: Sendable {
  static let ours = VersionOrder(isEpkg: false)
  static let epkg = VersionOrder(isEpkg: true)

  private let isEpkg: Bool

  typealias Letters = Substring.UTF8View

  /// Below zero where `left` is older.
  func compare(_ left: Letters, _ right: Letters) -> Int {
    let (leftMain, leftRest) = VersionOrder.cut(left)
    let (rightMain, rightRest) = VersionOrder.cut(right)
    let main = compareFields(leftMain, rightMain)
    if main != 0 { return main }
    switch (leftRest, rightRest) {
    case (nil, nil): return 0
    case (nil, _): return -1
    case (_, nil): return 1
    case (let leftRest?, let rightRest?): return compare(leftRest, rightRest)
    }
  }

  private static func cut(_ text: Letters) -> (Letters, Letters?) {
    guard let place = text.firstIndex(of: UInt8(ascii: "+")) else { return (text, nil) }
    return (text[..<place], text[text.index(after: place)...])
  }

  private func compareFields(_ left: Letters, _ right: Letters) -> Int {
    var left = left.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)[...]
    var right = right.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)[...]
    while let leftField = left.first, let rightField = right.first {
      left = left.dropFirst()
      right = right.dropFirst()
      switch compareField(leftField, rightField) {
      case .decided(let order): return order
      case .same: break
      // 1.0a is newer than 1.0, but older than 1.0.1: a field more outweighs letters left over.
      case .leftover(let isLeft, let rest):
        if isBeforeRelease(rest) { return isLeft ? -1 : 1 }
        let others = isLeft ? right : left
        let isOutweighed = (isLeft ? left : right).isEmpty && !others.isEmpty
        return isLeft != isOutweighed ? 1 : -1
      }
    }
    if let extra = left.first, isBeforeRelease(extra) { return -1 }
    if let extra = right.first, isBeforeRelease(extra) { return 1 }
    return left.count - right.count
  }

  private enum FieldOrder {
    case same, decided(Int)
    /// One has more than the other, which has ended.
    case leftover(isLeft: Bool, Letters)
  }

  private func compareField(_ left: Letters, _ right: Letters) -> FieldOrder {
    var (left, right) = (left, right)
    while let leftFirst = left.first, let rightFirst = right.first {
      let leftIsDigit = VersionOrder.isDigit(leftFirst)
      guard leftIsDigit == VersionOrder.isDigit(rightFirst) else {
        return .decided(leftIsDigit ? 1 : -1)
      }
      let leftRun = left.prefix { VersionOrder.isDigit($0) == leftIsDigit }
      let rightRun = right.prefix { VersionOrder.isDigit($0) == leftIsDigit }
      let order =
        leftIsDigit
        ? compareNumbers(left, leftRun, right, rightRun) : compareWords(leftRun, rightRun)
      if order != 0 { return .decided(order) }
      left = left.dropFirst(leftRun.count)
      right = right.dropFirst(rightRun.count)
    }
    if left.isEmpty, right.isEmpty { return .same }
    return .leftover(isLeft: right.isEmpty, left.isEmpty ? right : left)
  }

  /// By value; the same values as text.
  private func compareNumbers(
    _ left: Letters, _ leftRun: Letters, _ right: Letters, _ rightRun: Letters
  ) -> Int {
    if isEpkg {
      let values = (VersionOrder.strtoul(left), VersionOrder.strtoul(right))
      if values.0 != values.1 { return values.0 < values.1 ? -1 : 1 }
      return VersionOrder.compareText(leftRun, rightRun)
    }
    let leftDigits = leftRun.drop { $0 == UInt8(ascii: "0") }
    let rightDigits = rightRun.drop { $0 == UInt8(ascii: "0") }
    if leftDigits.count != rightDigits.count { return leftDigits.count - rightDigits.count }
    let order = VersionOrder.compareText(leftDigits, rightDigits)
    return order != 0 ? order : VersionOrder.compareText(leftRun, rightRun)
  }

  /// strtoul(3) with base 0: 0x… is hexadecimal, 0… octal up to the first digit that isn't.
  private static func strtoul(_ text: Letters) -> UInt64 {
    var digits = text
    var radix: UInt64 = 10
    if digits.first == UInt8(ascii: "0") {
      let second = digits.dropFirst().first.map { $0 | 0x20 }
      let isHexadecimal =
        second == UInt8(ascii: "x")
        && digits.dropFirst(2).first.flatMap { value(of: $0, radix: 16) } != nil
      radix = isHexadecimal ? 16 : 8
      digits = digits.dropFirst(isHexadecimal ? 2 : 1)
    }
    var result: UInt64 = 0
    for digit in digits {
      guard let value = value(of: digit, radix: radix) else { break }
      let (product, overflow) = result.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(value)
      guard !overflow, !carry else { return .max }
      result = sum
    }
    return result
  }

  private static func value(of digit: UInt8, radix: UInt64) -> UInt64? {
    let value: UInt64? =
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(digit - UInt8(ascii: "A") + 10)
      default: nil
      }
    return value.flatMap { $0 < radix ? $0 : nil }
  }

  private func compareWords(_ left: Letters, _ right: Letters) -> Int {
    if !isEpkg {
      let ranks = (VersionOrder.rank(left), VersionOrder.rank(right))
      if ranks.0 != ranks.1 { return ranks.0 < ranks.1 ? -1 : 1 }
    }
    return VersionOrder.compareText(left, right)
  }

  private func isBeforeRelease(_ letters: Letters) -> Bool {
    guard !isEpkg else { return false }
    return VersionOrder.rank(letters.prefix { !VersionOrder.isDigit($0) }) < VersionOrder.ordinary
  }

  private static let ordinary = 6

  /// How far before its release what is called so comes.
  private static func rank(_ word: Letters) -> Int {
    let isTilde = word.first == UInt8(ascii: "~")
    let bare = word.drop { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "_") }
    switch String(decoding: bare, as: UTF8.self).lowercased() {
    case "dev", "snapshot": return 1
    case "alpha": return 2
    case "beta": return 3
    case "pre", "preview": return 4
    case "rc": return 5
    default: return isTilde ? 0 : ordinary
    }
  }

  private static func compareText(_ left: Letters, _ right: Letters) -> Int {
    if left.elementsEqual(right) { return 0 }
    return left.lexicographicallyPrecedes(right) ? -1 : 1
  }

  private static func isDigit(_ letter: UInt8) -> Bool {
    letter >= UInt8(ascii: "0") && letter <= UInt8(ascii: "9")
  }
}
