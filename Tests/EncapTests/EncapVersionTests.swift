import Testing

@testable import Encap

@Suite("versions")
struct EncapVersionTests {
  /// The table that epkg ships with its vercmp.c, and the same in its spirit.
  @Test(arguments: [
    ("0.1", "1.0"), ("1.0", "1.1"), ("1.0", "1.0.1"), ("1.0", "1.0a"), ("1.0a2", "1.0.1"),
    ("1.a", "1.0"), ("1.0", "1..0"), ("1..0", "1.0.0"), ("1.0", "1.0+0"), ("1.0+0", "1.0+1"),
    ("1.9", "1.10"), ("06", "6"), ("1.0+9", "1.0+10"), ("1.0a", "1.0b"), ("1.0a", "1.0a1"),
    ("1.0.0", "1a.9"), ("1.0a.9", "1.0a1.2"),
  ])
  func olderAsInEpkg(left: String, right: String) throws {
    let older = try #require(EncapVersion(left))
    let newer = try #require(EncapVersion(right))
    for order in [VersionOrder.ours, .epkg] {
      #expect(older.isOlder(than: newer, by: order))
      #expect(!newer.isOlder(than: older, by: order))
      #expect(!older.isOlder(than: older, by: order))
    }
  }

  /// Where we differ from epkg 2.3.9: octal numbers, long numbers, what comes before a release.
  @Test(arguments: [
    ("2024.07", "2024.08"), ("1.0rc1", "1.0"), ("1.0.rc1", "1.0"), ("1.0RC1", "1.0"),
    ("1.0beta2", "1.0"), ("1.0~git5", "1.0"), ("1.0_pre1", "1.0"), ("1.0rc1", "1.0a"),
    ("1.0rc9+3", "1.0+0"), ("1.2rc1.4", "1.2"),
  ])
  func olderUnlikeInEpkg(left: String, right: String) throws {
    let older = try #require(EncapVersion(left))
    let newer = try #require(EncapVersion(right))
    #expect(older < newer)
    #expect(!(newer < older))
    #expect(newer.isOlder(than: older, by: .epkg))
  }

  @Test(arguments: [
    [
      "1.0dev1", "1.0alpha1", "1.0beta1", "1.0beta2", "1.0pre1", "1.0rc1", "1.0rc2", "1.0rc10",
      "1.0",
    ],
    ["1.9rc1", "1.9", "1.10rc1", "1.10", "1.10.0rc1", "1.10.0", "1.10.0+1"],
    ["99999999999999999998", "99999999999999999999", "100000000000000000000"],
  ])
  func releasesComeAfterTheirCandidates(texts: [String]) throws {
    let versions = try texts.map { try #require(EncapVersion($0)) }
    #expect(versions.reversed().sorted() == versions)
    for (older, newer) in zip(versions, versions.dropFirst()) { #expect(older < newer) }
  }

  /// What vercmp.c itself answered (epkg 2.3.9, compiled as it is).
  @Test(arguments: [
    ("0x1f", "0x2", 1), ("010", "9", -1), ("08", "7", -1), ("1.0rc1", "1.0", 1),
    ("18446744073709551616", "18446744073709551617", -1), ("1.0", "1a", 1),
    ("1a", "1", 1), ("1.0a", "1.0a1.2", -1), ("1.0a1.2", "1.0a.9.9", 1),
  ])
  func epkgsOwnAnswers(left: String, right: String, answer: Int) throws {
    let (first, second) = (left.utf8[...], right.utf8[...])
    #expect(VersionOrder.epkg.compare(first, second).signum() == answer)
    #expect(VersionOrder.epkg.compare(second, first).signum() == -answer)
  }

  @Test(arguments: ["", ".", "..", "1/2", "../1", "1-2", "1 0", "1\u{1B}[2J", "1\n", "é"])
  func noVersion(text: String) { #expect(EncapVersion(text) == nil) }

  @Test func aVersionHasABound() {
    #expect(EncapVersion(String(repeating: "1", count: EncapVersion.limit)) != nil)
    #expect(EncapVersion(String(repeating: "1", count: EncapVersion.limit + 1)) == nil)
  }
}

@Suite("package names")
struct EncapPackageNameTests {
  @Test(
    arguments: [
      ("foo-1.0", "foo", "1.0"), ("sh-utils-2.0+3", "sh-utils", "2.0+3"), ("epkg", "epkg", nil),
      ("a-1", "a", "1"), ("foo-", nil, nil), ("-1.0", nil, nil), (".foo-1", nil, nil),
      ("foo-1/2", nil, nil), ("../foo-1", nil, nil), ("foo-..", nil, nil), ("", nil, nil),
      ("a b-1", nil, nil), ("foo\u{1B}-1", nil, nil), ("--source", nil, nil), ("é-1", nil, nil),
    ] as [(String, String?, String?)])
  func isCutAtTheLastDash(text: String, name: String?, version: String?) {
    let package = EncapPackageName(text)
    #expect(package?.name == name)
    #expect(package?.version?.description == version)
    #expect(package == nil || package?.description == text)
  }

  @Test func theOneWithoutAVersionIsTheOldest() throws {
    let texts = ["bar-9", "foo", "foo-0.1rc1", "foo-0.1", "foo-1.9", "foo-1.10"]
    let packages = try texts.map { try #require(EncapPackageName($0)) }
    #expect(packages.reversed().sorted() == packages)
  }
}
