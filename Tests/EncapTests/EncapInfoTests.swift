import Testing

@testable import Encap

@Suite("encapinfo")
struct EncapInfoTests {
  private func read(_ text: String) throws(EncapError) -> EncapInfo {
    try EncapInfo(Array(text.utf8), path: "encapinfo")
  }

  @Test func allDirectivesAreRead() throws {
    let info = try read(
      """
      encap 2.1\t# libencap-2.3.9
      # a comment
      platform x86_64-linux6.1
      date Thu Jan  1 00:00:00 UTC 1970
      contact A. Person <a@example.org>
      description Number \\#1 of its kind   # the best

        exclude share/doc/*
      exclude\tman
      require bin/foo
      linkdir lib/foo
      linkname bin/foo-static foo
      prereq pkgspec >= bar-1.2+3
      prereq pkgspec * lib-baz
      prereq regfile /etc/passwd
      prereq directory /etc
      """)
    #expect(info.format == .latest)
    #expect(info.platform == "x86_64-linux6.1")
    #expect(info.date == "Thu Jan  1 00:00:00 UTC 1970")
    #expect(info.contact == "A. Person <a@example.org>")
    #expect(info.description == "Number #1 of its kind")
    #expect(info.excludes.map(\.pattern) == [Array("share/doc/*".utf8), Array("man".utf8)])
    #expect(info.requires.map(\.pattern) == [Array("bin/foo".utf8)])
    #expect(info.linkFolders.map(\.pattern) == [Array("lib/foo".utf8)])
    #expect(info.linkNames == [.of("bin/foo-static"): Array("foo".utf8)])
    #expect(
      info.prerequisites == [
        .package(.notOlder, name: "bar", version: EncapVersion("1.2+3")),
        .package(.any, name: "lib-baz", version: nil), .file("/etc/passwd"), .folder("/etc"),
      ])
  }

  /// What isn't understood makes the package refused, with its line.
  @Test(arguments: [
    ("", 1, "encap 2.0"), ("platform x\n", 1, "begins"), ("encap\n", 1, "begins"),
    ("encap 2.2\n", 1, "format 2.2"), ("encap 3.0\n", 1, "format 3.0"),
    ("encap 1.1\n", 1, "format 1.1"), ("encap 2.1\nfoo bar\n", 2, "unknown directive “foo”"),
    ("encap 2.0\n\n\nplatform a\nplatform b\n", 5, "twice"),
    ("encap 2.0\ndescription a\n#\ndescription b\n", 4, "twice"),
    ("encap 2.1\nexclude\n", 2, "wants a value"), ("encap 2.1\nexclude # all\n", 2, "wants"),
    ("encap 2.1\nlinkname bin/foo\n", 2, "another name"),
    ("encap 2.1\nlinkname bin/foo ../foo\n", 2, "no path"),
    ("encap 2.1\nlinkname bin/foo ..\n", 2, "no path"),
    ("encap 2.1\nlinkname ../foo bar\n", 2, "a file in the package"),
    ("encap 2.1\nlinkname a b\nlinkname a c\n", 3, "two other names"),
    ("encap 2.1\nprereq\n", 2, "wants a value"), ("encap 2.1\nprereq file /x\n", 2, "pkgspec"),
    ("encap 2.1\nprereq regfile x\n", 2, "absolute"),
    ("encap 2.1\nprereq pkgspec foo-1\n", 2, "one of ="),
    ("encap 2.1\nprereq pkgspec >= foo\n", 2, "no package and version"),
    ("encap 2.1\nprereq pkgspec => foo-1\n", 2, "one of ="),
    ("encap 2.1\n\u{1B}[2J x\n", 2, "␛[2J"),
  ])
  func wrongOnesAreRefusedWithTheirLine(text: String, line: Int, why: String) {
    let error = trouble { try read(text) }
    guard case .badFile("encapinfo", line, let said) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(said.contains(why), "\(said)")
    #expect(error?.description.contains("\u{1B}") == false)
  }

  @Test func linesAreBounded() {
    let long = String(repeating: "x", count: EncapInfo.lineLimit)
    #expect(trouble { try read("encap 2.1\nexclude \(long)\n") } != nil)
    #expect(trouble { try read("encap 2.1\n#\(long.dropLast())\n") } == nil)
    #expect(trouble { try read("encap 2.1\nexclude a\0b\n") } != nil)
  }

  @Test(arguments: [
    ("*", "bin", true), ("*", "bin/foo", false), ("bin/*", "bin/foo", true),
    ("bin/*", "bin/.foo", false), ("bin/?oo", "bin/foo", true), ("b[a-k]n", "bin", true),
    ("bin/foo", "bin/food", false), ("*/*", "bin/foo", true), ("bin\\*", "bin*", true),
  ])
  func globsAreThoseOfFnmatch(pattern: String, path: String, matches: Bool) {
    #expect(Glob(pattern: Array(pattern.utf8)).matches(.of(path)) == matches)
  }

  @Test(arguments: [
    ("=", "1.0", "1.0", true), ("=", "1.1", "1.0", false), (">", "1.10", "1.9", true),
    (">", "1.9", "1.9", false), (">=", "1.9", "1.9", true), ("<", "1.0rc1", "1.0", true),
    ("<=", "1.0", "1.0", true), ("<=", "1.1", "1.0", false), ("*", "9", "1", true),
  ])
  func rangesOfVersions(range: String, found: String, wanted: String, allowed: Bool) throws {
    let range = try #require(Prerequisite.Range(rawValue: range))
    #expect(range.allows(EncapVersion(found), EncapVersion(wanted), by: .ours) == allowed)
    #expect(!Prerequisite.Range.newer.allows(nil, EncapVersion(wanted), by: .ours))
    #expect(Prerequisite.Range.older.allows(nil, EncapVersion(wanted), by: .ours))
  }

  @Test(arguments: [
    ("share", "x86_64", true), ("x86_64-linux6.1", "x86_64", true),
    ("x86_64-linux2.4-glibc2.3", "x86_64", true), ("ix86-linux2.2", "x86_64", true),
    ("aarch64-linux6.1", "x86_64", false), ("x86_64-linux6.1", "aarch64", false),
    ("arm64-linux6.1", "aarch64", true), ("sparc-solaris8", "x86_64", false),
    ("Linux-2.2.16", "x86_64", true), ("x86_64-freebsd14", "x86_64", false),
    ("share-x", "x86_64", false), ("riscv64-linux6.6", "riscv64", true),
  ])
  func platformsRunWhereTheyCan(platform: String, machine: String, runs: Bool) {
    #expect(Platform.runs(platform, on: machine) == runs)
  }
}
