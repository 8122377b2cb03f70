import CNcurses
import Glibc
import Testing

@testable import Watch

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("a", 1), ("é", 1), ("漢", 2), ("ｱ", 1), ("Ａ", 2), ("한", 2), ("🔥", 2), ("\u{301}", 0), ("▁", 1),
    ("…", 1), ("\u{200B}", 0), ("\u{1160}", 0), ("", 0), ("日本語ホスト", 12), ("cafe\u{301}", 4),
  ])
  func known(text: String, width: Int) {
    #expect(DisplayWidth.of(text) == width)
  }

  /// Libc's own table, where it knows the character: what the driver is measured against.
  @Test func agreesWithLibc() throws {
    let locale = try #require(newlocale(LC_CTYPE_MASK, "C.UTF-8", nil), "no locale C.UTF-8 here")
    let before = uselocale(locale)
    defer {
      uselocale(before)
      freelocale(locale)
    }
    var known = 0
    var different: [UInt32] = []
    for value in UInt32(0x20)...0x1FFFF {
      guard let scalar = Unicode.Scalar(value), !(0x7F..<0xA0).contains(value),
        scalar.properties.generalCategory != .unassigned
      else { continue }
      let width = culprit_width(value)
      guard width >= 0 else { continue }
      known += 1
      if Int(width) != DisplayWidth.of(scalar) { different.append(value) }
    }
    #expect(known > 80_000)
    // They differ over a few marks, which versions of Unicode move about; the driver shows such
    // a character as `?`.
    #expect(different.count < known / 500, "\(different.map { String($0, radix: 16) })")
  }
}
