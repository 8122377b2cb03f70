import Foundation
import TestSupport
import Testing

@testable import Encap

@Suite("install")
struct InstallTests {
  @Test func eachFileIsLinkedAndFoldersAreReal() throws {
    let stage = try EncapStage()
    try stage.package(
      "foo-1.0",
      ["bin/foo", "lib/foo/deep/x", "share/empty/", "README", "Makefile", "lost+found/x"],
      info: "encap 2.1\n")
    try stage.script(.postInstall, of: "foo-1.0", "exit 0")
    try FileManager.default.createSymbolicLink(
      atPath: "\(stage.source)/foo-1.0/lib/foo/y", withDestinationPath: "deep/x")
    let outcome = try stage.install("foo-1.0")
    #expect(outcome.status == .success)
    #expect(outcome.notes.contains { $0.contains("README") })
    #expect(
      try stage.tree() == [
        "bin": "/", "bin/foo": "->../encap/foo-1.0/bin/foo", "lib": "/", "lib/foo": "/",
        "lib/foo/deep": "/", "lib/foo/deep/x": "->../../../encap/foo-1.0/lib/foo/deep/x",
        "lib/foo/y": "->../../encap/foo-1.0/lib/foo/y", "share": "/", "share/empty": "/",
      ])
    var status = stat()
    lstat("\(stage.target)/lib/foo/deep", &status)
    #expect(status.st_mode & 0o777 == 0o755)
    #expect(TestFolder.text("\(stage.target)/bin/foo") == "foo-1.0 bin/foo\n")
    #expect(try stage.install("foo-1.0").status == .noop)
  }

  @Test func theNewestIsTakenAndTheOthersGo() throws {
    let stage = try EncapStage()
    for version in ["1.9", "1.10", "1.10rc1"] {
      try stage.package("foo-\(version)", ["bin/foo", "share/\(version)/x"])
    }
    try stage.install("foo-1.9")
    let outcome = try stage.install("foo")
    #expect(outcome.package?.description == "foo-1.10")
    #expect(outcome.previous.map(\.description) == ["foo-1.9"])
    #expect(
      try stage.tree() == [
        "bin": "/", "bin/foo": "->../encap/foo-1.10/bin/foo", "share": "/", "share/1.10": "/",
        "share/1.10/x": "->../../encap/foo-1.10/share/1.10/x",
      ])
  }

  @Test func theNameDecidesWhatIsMeant() throws {
    let stage = try EncapStage()
    for name in ["sh-utils", "sh-utils-1.0", "sh-utils-1.1", "foo-1"] {
      try stage.package(name, ["bin/\(name)"])
    }
    let prefix = try stage.prefix()
    // `sh-utils` is a folder (sh, version utils), and a name with two versions: the folder that is
    // called just so counts. A name that is none gives the newest.
    #expect(try prefix.install("sh-utils").package?.description == "sh-utils")
    #expect(try prefix.install("sh").package?.description == "sh-utils")
    #expect(try prefix.install("sh-utils-1.0").package?.description == "sh-utils-1.0")
    #expect(
      trouble { try prefix.install("foo-2") }?.description.contains("there is foo-1") == true)
    #expect(trouble { try prefix.install("nope") }?.description.contains("no package nope") == true)
    for wrong in ["../etc", "foo/1", "foo-..", "", "foo\u{1B}"] {
      let error = trouble { try prefix.install(wrong) }
      #expect(error?.description.contains("NAME-VERSION") == true, "\(String(describing: error))")
    }
  }

  @Test(arguments: [
    ("opt/encap", "local", "../../opt/encap/foo-1/bin/foo"),
    ("local/var/encap", "local", "../var/encap/foo-1/bin/foo"),
    ("store", "a/b/c", "../../../../store/foo-1/bin/foo"),
  ])
  func linksAreRelativeWhereverTheSourceIs(source: String, target: String, text: String) throws {
    let stage = try EncapStage(source: source, target: target)
    try stage.package("foo-1", ["bin/foo"])
    try stage.install("foo")
    #expect(try stage.tree()["bin/foo"] == "->" + text)
    #expect(TestFolder.text("\(stage.target)/bin/foo") == "foo-1 bin/foo\n")
  }

  /// A target that is reached through a link: relative links count from where it really is.
  @Test func aTargetBehindALink() throws {
    let folder = try TestFolder()
    try folder.makeFolder("data/deep/prefix")
    try folder.makeFolder("srv")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("srv/local"), withDestinationPath: "../data/deep/prefix")
    let stage = try EncapStage(source: "srv/encap", target: "srv/local", in: folder)
    try stage.package("foo-1", ["bin/foo"])
    try stage.install("foo")
    #expect(TestFolder.text(folder.file("srv/local/bin/foo")) == "foo-1 bin/foo\n")
    #expect(try stage.install("foo").status == .noop)
  }

  @Test func aTargetInTheSourceIsRefused() throws {
    let folder = try TestFolder()
    try folder.makeFolder("encap/foo-1")
    for target in ["encap", "encap/foo-1"] {
      let places = EncapPlaces(source: folder.file("encap"), target: folder.file(target))
      #expect(trouble { try EncapPrefix(places) }?.description.contains("--target") == true)
    }
  }

  @Test(
    arguments: [
      (nil, nil, "/usr/local/encap", "/usr/local"), ("/opt/encap", nil, "/opt/encap", "/opt"),
      (nil, "/opt", "/opt/encap", "/opt"), (nil, "/", "/encap", "/"),
      ("/encap", nil, "/encap", "/"),
      ("/a", "/b", "/a", "/b"), ("encap", nil, "encap", "."), ("x/encap/", nil, "x/encap/", "x"),
    ] as [(String?, String?, String, String)])
  func oneFolderIsDerivedFromTheOther(
    source: String?, target: String?, expectedSource: String, expectedTarget: String
  ) {
    let places = EncapPlaces(source: source, target: target)
    #expect(places.source == expectedSource)
    #expect(places.target == expectedTarget)
  }

  // MARK: conflicts

  private static let conflicts:
    [(String, EncapConflict.Kind, @Sendable (EncapStage) throws -> Void)] = [
      ("a file", .notLink, { try $0.write("bin/foo", "mine") }),
      ("a foreign link", .foreignLink, { try $0.link("bin/foo", "/bin/true") }),
      ("a foreign link to nothing", .foreignLink, { try $0.link("bin/foo", "../nothing") }),
      (
        "another package", .otherPackage,
        {
          try $0.package("other-1", ["bin/foo"])
          try $0.link("bin/foo", "../encap/other-1/bin/foo")
        }
      ),
      (
        "a link by hand to another version", .otherPackage,
        {
          try $0.package("foo-0.9", ["bin/foo", "bin/bar"])
          try $0.link("bin/foo", "../encap/foo-0.9/bin/bar")
        }
      ),
      ("a folder", .folder, { try $0.write("bin/foo/", "") }),
      ("a file for a folder", .notLink, { try $0.write("bin", "mine") }),
      (
        "a link for a folder", .linkedFolder,
        {
          try $0.write("usr-bin/", "")
          try $0.link("bin", "usr-bin")
        }
      ),
      ("a dangling foreign link for a folder", .foreignLink, { try $0.link("bin", "nowhere") }),
    ]

  /// Whatever is in the way, nothing changes, and it is told what it is and what to do.
  @Test(arguments: conflicts.indices)
  func conflictsChangeNothing(index: Int) throws {
    let (name, kind, prepare) = Self.conflicts[index]
    let stage = try EncapStage()
    try stage.package("foo-1.0", ["bin/foo", "lib/free", "share/free"])
    try prepare(stage)
    let before = try stage.tree()
    let outcome = try stage.install("foo-1.0")
    #expect(outcome.status == .failed, "\(name)")
    #expect(outcome.conflicts.map(\.kind) == [kind], "\(name): \(outcome.conflicts)")
    #expect(outcome.conflicts.allSatisfy { !$0.what.isEmpty && !$0.remedy.isEmpty })
    #expect(try stage.tree() == before, "\(name)")
    #expect(outcome.steps.isEmpty)
  }

  @Test func everyConflictIsTold() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/a", "bin/b", "lib/c"])
    try stage.write("bin/a", "mine")
    try stage.link("lib/c", "/bin/true")
    let outcome = try stage.install("foo")
    #expect(outcome.conflicts.map(\.path.description) == ["bin/a", "lib/c"])
  }

  /// Links of ours that lead to nothing may be replaced; links of others may not.
  @Test(arguments: [
    "../encap/gone-1/bin/foo", "../encap/there-1/bin/gone", "../encap/foo-0.1/bin/foo",
    "../encap/foo-1.0/bin/other",
  ])
  func danglingLinksIntoTheSourceAreReplaced(text: String) throws {
    let stage = try EncapStage()
    try stage.package("foo-1.0", ["bin/foo", "bin/other"])
    try stage.package("there-1", ["bin/x"])
    try stage.link("bin/foo", text)
    #expect(try stage.install("foo").status == .success)
    #expect(try stage.tree()["bin/foo"] == "->../encap/foo-1.0/bin/foo")
  }

  @Test func anAbsoluteLinkToTheRightFileIsRight() throws {
    let stage = try EncapStage()
    try stage.package("foo-1.0", ["bin/foo"])
    try stage.link("bin/foo", "\(stage.source)/foo-1.0/bin/foo")
    #expect(try stage.install("foo").status == .noop)
  }

  @Test func twoFilesForOnePlaceAreAConflict() throws {
    let stage = try EncapStage()
    try stage.package(
      "foo-1", ["bin/foo", "bin/foo-x"], info: "encap 2.1\nlinkname bin/foo-x foo\n")
    #expect(try stage.install("foo").conflicts.map(\.kind) == [.twice])
    #expect(try stage.tree().isEmpty)
  }

  @Test func aDryRunChangesNothing() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    let outcome = try stage.prefix { $0.isDryRun = true }.install("foo")
    #expect(outcome.status == .planned)
    #expect(outcome.steps.count == 2)
    #expect(try stage.tree().isEmpty)
    #expect(!FileManager.default.fileExists(atPath: "\(stage.source)/.encap"))
  }

  // MARK: what a package says of itself

  @Test func encapinfoIsHeeded() throws {
    let stage = try EncapStage()
    try stage.package(
      "foo-1",
      ["bin/foo-static", "bin/x~", "lib/foo/a", "lib/foo/b/c", "share/doc/x", "etc/foo.conf"],
      info: """
        encap 2.1
        exclude etc
        exclude */*~
        exclude share/doc
        linkdir lib/foo
        linkname bin/foo-static foo
        """)
    try stage.install("foo")
    #expect(
      try stage.tree() == [
        "bin": "/", "bin/foo": "->../encap/foo-1/bin/foo-static", "lib": "/",
        "lib/foo": "->../encap/foo-1/lib/foo", "share": "/",
      ])
    #expect(try stage.prefix().list("foo")[0].isWhole)
    #expect(try stage.prefix().remove("foo").status == .success)
    #expect(try stage.tree().isEmpty)
  }

  /// Where the folder can't be linked as a whole, what is in it is linked one by one.
  @Test func linkdirFallsBack() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["lib/foo/a", "lib/foo/b"], info: "encap 2.1\nlinkdir lib/foo\n")
    try stage.write("lib/foo/mine", "mine")
    let outcome = try stage.install("foo")
    #expect(outcome.status == .success)
    #expect(outcome.notes.contains { $0.contains("linkdir lib/foo") })
    #expect(try stage.tree()["lib/foo/a"] == "->../../encap/foo-1/lib/foo/a")
    #expect(try stage.tree()["lib/foo/mine"] == "mine")
  }

  /// From a linked folder to a real one, and back: no moment without it.
  @Test func aLinkedFolderBecomesARealOne() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["lib/foo/a", "lib/foo/d/b"], info: "encap 2.1\nlinkdir lib/foo\n")
    try stage.package("foo-2", ["lib/foo/a", "lib/foo/d/b", "lib/foo/d/c", "lib/foo/e/"])
    try stage.install("foo-1")
    let first = try stage.tree()
    let outcome = try stage.install("foo-2")
    #expect(outcome.steps.contains { if case .unfold = $0 { true } else { false } })
    #expect(
      try stage.tree() == [
        "lib": "/", "lib/foo": "/", "lib/foo/a": "->../../encap/foo-2/lib/foo/a",
        "lib/foo/d": "/", "lib/foo/d/b": "->../../../encap/foo-2/lib/foo/d/b",
        "lib/foo/d/c": "->../../../encap/foo-2/lib/foo/d/c", "lib/foo/e": "/",
      ])
    try stage.remove("foo")
    try stage.install("foo-1")
    #expect(try stage.tree() == first)
  }

  /// A folder of the old version where the new one has a file, and the other way round.
  @Test func aFolderBecomesAFile() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["share/foo/a", "share/foo/d/b", "bin/x/y"])
    try stage.package("foo-2", ["share/foo", "bin/x"])
    try stage.install("foo-1")
    let first = try stage.tree()
    let outcome = try stage.install("foo-2")
    #expect(outcome.steps.count { if case .fold = $0 { true } else { false } } == 2)
    let second = [
      "bin": "/", "bin/x": "->../encap/foo-2/bin/x", "share": "/",
      "share/foo": "->../encap/foo-2/share/foo",
    ]
    #expect(try stage.tree() == second)
    try stage.install("foo-1")
    #expect(try stage.tree() == first)
    // With something of somebody else in it, it is in the way.
    try stage.write("share/foo/d/mine", "mine")
    let before = try stage.tree()
    #expect(try stage.install("foo-2").conflicts.map(\.kind) == [.folder])
    #expect(try stage.tree() == before)
  }

  /// Packages of the first formats have an encap.exclude in any folder, exact names.
  @Test func encapExcludeOfOldPackages() throws {
    let stage = try EncapStage()
    try stage.package("old-1", ["bin/a", "bin/b", "bin/c*", "lib/d", "lib/sub/e", "man/f"])
    try stage.write("\(stage.source)/old-1/encap.exclude", "man\n")
    try stage.write("\(stage.source)/old-1/bin/encap.exclude", "a\n")
    try stage.write("\(stage.source)/old-1/lib/encap.exclude", "sub/e x*\n../../etc\n")
    try stage.install("old")
    #expect(
      try stage.tree().keys.sorted() == ["bin", "bin/b", "bin/c*", "lib", "lib/d", "lib/sub"])
  }

  @Test func aPackageThatIsRefusedIsNamedWithItsLine() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"], info: "encap 2.1\n\nwhatever x\n")
    let error = trouble { try stage.install("foo") }
    #expect(error?.description.contains("foo-1/encapinfo:3: unknown directive") == true)
    #expect(try stage.tree().isEmpty)
    // One that is linked and becomes so can still be left.
    try stage.write("\(stage.source)/foo-1/encapinfo", "encap 2.1\n")
    try stage.install("foo")
    try stage.write("\(stage.source)/foo-1/encapinfo", "encap 9\n")
    try stage.package("foo-2", ["bin/foo"])
    #expect(try stage.install("foo").status == .success)
    #expect(try stage.tree()["bin/foo"] == "->../encap/foo-2/bin/foo")
  }

  @Test func prerequisitesComeBeforeAll() throws {
    let stage = try EncapStage()
    try stage.package("lib-1.5", ["lib/x"])
    let info = """
      encap 2.1
      prereq pkgspec >= lib-1.2
      prereq pkgspec * missing
      prereq regfile \(stage.folder.path)/file
      prereq directory \(stage.folder.path)/folder
      """
    try stage.package("foo-1", ["bin/foo"], info: info)
    try stage.script(.preInstall, of: "foo-1", "touch \(stage.folder.path)/ran")
    guard case .prerequisites("foo-1", let missing) = trouble({ try stage.install("foo") }) else {
      Issue.record("it was installed")
      return
    }
    #expect(missing.count == 4)
    #expect(missing[0].contains("lib-1.5 is there, but not linked"))
    #expect(try stage.tree().isEmpty)
    #expect(stage.folder.read("ran").isEmpty)
    #expect(!FileManager.default.fileExists(atPath: stage.folder.file("ran")))
    try stage.install("lib")
    try stage.package("missing-3", ["lib/y"])
    try stage.install("missing")
    try stage.folder.write("", to: "file")
    try stage.folder.makeFolder("folder")
    #expect(try stage.install("foo").status == .success)
  }

  /// As epkg, with its own FIXME: that the package's folder is there is enough.
  @Test func compatTakesAPrerequisiteThatIsOnlyThere() throws {
    let stage = try EncapStage()
    try stage.package("lib-1.5", ["lib/x"])
    try stage.package("foo-1", ["bin/foo"], info: "encap 2.1\nprereq pkgspec > lib-1.2\n")
    #expect(trouble { try stage.install("foo") } != nil)
    #expect(try stage.prefix { $0.isCompat = true }.install("foo").status == .success)
  }

  @Test func anotherMachinesPackageIsRefused() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"], info: "encap 2.1\nplatform sparc-solaris8\n")
    #expect(trouble { try stage.install("foo") }?.description.contains("sparc-solaris8") == true)
    #expect(try stage.prefix { $0.takesAnyPlatform = true }.install("foo").status == .success)
  }

  // MARK: as epkg

  @Test func compatLinksWhatItCan() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/a", "bin/b", "lib/c"])
    try stage.write("bin/a", "mine")
    let prefix = try stage.prefix { $0.isCompat = true }
    let outcome = try prefix.install("foo")
    #expect(outcome.status == .partial)
    #expect(outcome.conflicts.map(\.path.description) == ["bin/a"])
    #expect(
      try stage.tree() == [
        "bin": "/", "bin/a": "mine", "bin/b": "->../encap/foo-1/bin/b", "lib": "/",
        "lib/c": "->../encap/foo-1/lib/c",
      ])
    // Nothing more to do, and nothing of it possible.
    #expect(try prefix.install("foo").status == .noop)
    try stage.package("bar-1", ["bin/a"])
    #expect(try prefix.install("bar").status == .failed)
  }

  /// A link that the package requires: without it, none.
  @Test func compatFailsForARequiredLink() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/a", "bin/b"], info: "encap 2.1\nrequire bin/a\n")
    try stage.write("bin/a", "mine")
    let outcome = try stage.prefix { $0.isCompat = true }.install("foo")
    #expect(outcome.status == .failed)
    #expect(outcome.conflicts.map(\.isRequired) == [true])
    #expect(try stage.tree() == ["bin": "/", "bin/a": "mine"])
  }

  @Test func compatHasEpkgsOrderOfVersions() throws {
    let stage = try EncapStage()
    for version in ["2024.07", "2024.08", "1.0", "1.0rc1"] {
      try stage.package("\(version.hasPrefix("1") ? "rc" : "date")-\(version)", ["bin/\(version)"])
    }
    let ours = try stage.prefix()
    let compat = try stage.prefix { $0.isCompat = true }
    #expect(try compat.package(for: "date").description == "date-2024.07")
    #expect(try compat.package(for: "rc").description == "rc-1.0rc1")
    #expect(try ours.package(for: "date").description == "date-2024.08")
    #expect(try ours.package(for: "rc").description == "rc-1.0")
  }

  // MARK: odd names and places

  /// A name may hold any byte but a slash and a zero; what is said of it is harmless.
  @Test func namesOfAnyByte() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/"])
    let odd: [UInt8] = [0x1B, 0x5B, 0x32, 0x4A, 0x0A, 0xFF, 0x20, 0x25]
    let file = Array("\(stage.source)/foo-1/bin/".utf8) + odd
    close(open((file + [0]).map { CChar(bitPattern: $0) }, O_CREAT, 0o644))
    let outcome = try stage.install("foo")
    #expect(outcome.status == .success)
    let link = Array("\(stage.target)/bin/".utf8) + odd
    var status = stat()
    #expect(lstat((link + [0]).map { CChar(bitPattern: $0) }, &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
    let shown = outcome.steps.map(\.path.description).joined()
    #expect(!shown.contains("\u{1B}") && !shown.contains("\n"))
    #expect(try stage.prefix().remove("foo").status == .success)
    #expect(try stage.tree().isEmpty)
  }

  /// What make leaves without prefix=/ is told.
  @Test func aPrefixInThePackageIsTold() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["usr/local/bin/foo"])
    #expect(try stage.install("foo").notes.contains { $0.contains("prefix=/") })
  }

  @Test func packagesAreRealFoldersWithAName() throws {
    let stage = try EncapStage()
    try stage.folder.makeFolder("elsewhere/bin")
    try FileManager.default.createSymbolicLink(
      atPath: "\(stage.source)/foo-1", withDestinationPath: stage.folder.file("elsewhere"))
    try stage.write("\(stage.source)/bar-1", "a file")
    try stage.write("\(stage.source)/.hidden-1/x", "")
    try stage.package("baz-1", ["bin/baz"])
    #expect(try stage.prefix().list().map(\.package.description) == ["baz-1"])
    #expect(trouble { try stage.install("foo-1") } != nil)
  }

  /// A package may not put links into the source itself.
  @Test func theSourceIsNoTarget() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["encap/evil-9/bin/x", "bin/foo"])
    try stage.install("foo")
    #expect(try stage.tree().keys.sorted() == ["bin", "bin/foo"])
    #expect(!FileManager.default.fileExists(atPath: "\(stage.source)/evil-9"))
  }
}
