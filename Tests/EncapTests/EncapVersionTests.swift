import Encap
import Testing

@Suite struct EncapVersionTests {
  /// The table that epkg ships with its vercmp, and where we differ from it on purpose.
  @Test(arguments: [
    ("1.0", "1.0.1"), ("1.0", "1.0a"), ("1.0a2", "1.0.1"), ("1.a", "1.0"), ("1.0", "1..0"),
    ("1.0", "1.0+0"), ("1.9", "1.10"), ("06", "6"), ("2024.07", "2024.08"), ("1.0+1", "1.0+2"),
    ("1.0+9", "1.0+10"), ("99999999999999999998", "99999999999999999999"),
  ])
  func older(left: String, right: String) throws {
    let older = try #require(EncapVersion(left))
    let newer = try #require(EncapVersion(right))
    #expect(older < newer)
    #expect(!(newer < older))
  }

  @Test(arguments: ["", ".", "..", "1/2", "../1", "1-2", "1 0", "1\u{1B}[2J", "1\n"])
  func noVersion(text: String) { #expect(EncapVersion(text) == nil) }
}
