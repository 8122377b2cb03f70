import Foundation
import TestSupport
import Testing

@testable import Encap

/// One prefix, two link farms: GNU stow's packages in `stow`, ours in `encap`. Each leaves the
/// other's links alone.
@Suite("GNU stow", .enabled(if: Machine.has("stow"), "needs GNU stow"))
struct StowTests {
  private let stage: EncapStage

  init() throws {
    stage = try EncapStage()
    try stage.write("stow/pkg/bin/stowed", "stowed\n")
    try stage.write("stow/pkg/share/both/stowed", "stowed\n")
    try stage.package("foo-1", ["bin/foo", "share/both/foo", "lib/foo"])
  }

  private func stow(_ words: String..., code: Int32 = 0) async throws {
    let result = try await Program.run(
      ["stow", "-d", "\(stage.target)/stow", "-t", stage.target] + words)
    #expect(result.code == code, "\(result)")
  }

  /// All but the two folders of packages.
  private func tree() throws -> [String: String] {
    try stage.tree().filter { !$0.key.hasPrefix("stow") }
  }

  private let ours = [
    "bin/foo": "->../encap/foo-1/bin/foo", "share/both/foo": "->../../encap/foo-1/share/both/foo",
    "lib/foo": "->../encap/foo-1/lib/foo",
  ]
  private let theirs = [
    "bin/stowed": "->../stow/pkg/bin/stowed",
    "share/both/stowed": "->../../stow/pkg/share/both/stowed",
  ]

  private func links() throws -> [String: String] {
    try tree().filter { $0.value.hasPrefix("->") }
  }

  @Test func eachComesAndGoesBesideTheOther() async throws {
    try await stow("--no-folding", "pkg")
    #expect(try stage.install("foo").status == .success)
    #expect(try links() == ours.merging(theirs) { $1 })
    try stage.remove("foo")
    #expect(try links() == theirs)
    #expect(try tree()["lib"] == nil)
    try stage.install("foo")
    try await stow("-D", "pkg")
    #expect(try links() == ours)
    #expect(try stage.prefix().check().flatMap(\.drift).isEmpty)
    try await stow("--no-folding", "pkg")
    try await stow("-R", "--no-folding", "pkg")
    #expect(try links() == ours.merging(theirs) { $1 })
    #expect(try stage.install("foo").status == .noop)
  }

  /// stow links a whole folder where nobody else has it: that is in our way, and is told; unfolded, it
  /// isn't.
  @Test func aFoldedFolderIsAConflict() async throws {
    try await stow("pkg")
    #expect(try tree()["bin"] == "->stow/pkg/bin")
    let before = try tree()
    let outcome = try stage.install("foo")
    #expect(outcome.status == .failed)
    #expect(outcome.conflicts.map(\.kind) == [.linkedFolder, .linkedFolder])
    #expect(outcome.conflicts[0].remedy.contains("--no-folding"))
    #expect(try tree() == before)
    try await stow("-R", "--no-folding", "pkg")
    #expect(try stage.install("foo").status == .success)
  }

  /// Where both want one file, neither takes the other's.
  @Test func neitherTakesTheOthersFile() async throws {
    try stage.write("stow/pkg/bin/foo", "stowed\n")
    try stage.install("foo")
    let before = try tree()
    try await stow("--no-folding", "pkg", code: 1)
    #expect(try tree() == before)
    try stage.remove("foo")
    try await stow("--no-folding", "pkg")
    let stowed = try tree()
    let outcome = try stage.install("foo")
    #expect(outcome.conflicts.map(\.kind) == [.foreignLink])
    #expect(try tree() == stowed)
  }

  /// stow over our own folder of packages: its links are links into the source, so they count as a
  /// package's, and are conflicts for another one.
  @Test func stowOverOurOwnPackages() async throws {
    try stage.package("bar-1", ["bin/foo", "bin/bar"])
    let result = try await Program.run(
      ["stow", "--no-folding", "-d", stage.source, "-t", stage.target, "bar-1"])
    #expect(result.code == 0, "\(result)")
    #expect(try stage.install("foo").conflicts.map(\.kind) == [.otherPackage])
    #expect(try stage.install("bar").status == .noop)
    try stage.remove("bar")
    #expect(try links().isEmpty)
    #expect(try stage.install("foo").status == .success)
  }
}

/// What stow's own tests ask, asked of us (t/stow.t, t/unstow.t, t/cleanup_invalid_links.t and
/// t/examples.t name the cases).
@Suite("as stow's tests")
struct StowScenarioTests {
  @Test("a simple tree, and again")
  func simple() throws {
    let stage = try EncapStage()
    try stage.package("pkg1-1", ["bin1/file1"])
    try stage.install("pkg1")
    #expect(try stage.tree()["bin1/file1"] == "->../encap/pkg1-1/bin1/file1")
    #expect(try stage.install("pkg1").status == .noop)
    try stage.remove("pkg1")
    #expect(try stage.remove("pkg1").status == .noop)
    #expect(try stage.tree().isEmpty)
    #expect(TestFolder.text("\(stage.source)/pkg1-1/bin1/file1") == "pkg1-1 bin1/file1\n")
  }

  @Test("into an existing folder, which stays")
  func existingFolder() throws {
    let stage = try EncapStage()
    try stage.write("lib2/", "")
    try stage.package("pkg2-1", ["lib2/file2"])
    try stage.install("pkg2")
    try stage.remove("pkg2")
    #expect(try stage.tree() == ["lib2": "/"])
  }

  @Test("a link of ours that leads to nothing is removed with the package")
  func invalidLink() throws {
    let stage = try EncapStage()
    try stage.package("pkg4-1", ["bin4/file4"])
    try stage.link("bin4/file4", "../encap/pkg4-1/bin4/does-not-exist")
    try stage.link("bin4/other", "../encap/pkg4-1/bin4/neither")
    try stage.remove("pkg4")
    #expect(try stage.tree() == ["bin4": "/"])
  }

  @Test("a bad link of somebody else isn't")
  func foreignInvalidLink() throws {
    let stage = try EncapStage()
    try stage.package("pkg5-1", ["bin5/file5"])
    try stage.link("bin5", "../not-encap")
    #expect(try stage.remove("pkg5").status == .noop)
    #expect(try stage.tree() == ["bin5": "->../not-encap"])
  }

  @Test("a link to another package stays")
  func otherPackage() throws {
    let stage = try EncapStage()
    for name in ["pkg6a-1", "pkg6b-1"] { try stage.package(name, ["bin6/file6"]) }
    try stage.install("pkg6a")
    #expect(try stage.remove("pkg6b").status == .noop)
    #expect(try stage.tree()["bin6/file6"] == "->../encap/pkg6a-1/bin6/file6")
  }

  @Test("real files in the target are no matter")
  func alienFiles() throws {
    let stage = try EncapStage()
    try stage.package("pkg12-1", ["man12/man1/file12.1"])
    try stage.write("man12/man1/alien", "alien")
    try stage.write("man12/man1/file12.1", "mine")
    let before = try stage.tree()
    #expect(try stage.remove("pkg12").status == .noop)
    #expect(try stage.tree() == before)
  }

  @Test("links to library files")
  func libraries() throws {
    let stage = try EncapStage()
    try stage.package("pkg-1", ["lib/lib.so.1"])
    try FileManager.default.createSymbolicLink(
      atPath: "\(stage.source)/pkg-1/lib/lib.so", withDestinationPath: "lib.so.1")
    try stage.install("pkg")
    #expect(try stage.tree()["lib/lib.so"] == "->../encap/pkg-1/lib/lib.so")
    #expect(TestFolder.text("\(stage.target)/lib/lib.so") == "pkg-1 lib/lib.so.1\n")
  }

  @Test("folders called 0, and names like options")
  func oddNames() throws {
    let stage = try EncapStage()
    try stage.package("pkg-1", ["0/-rf", "0/ ", "-x/--help"])
    try stage.install("pkg")
    #expect(try stage.prefix().check().flatMap(\.drift).isEmpty)
    try stage.remove("pkg")
    #expect(try stage.tree().isEmpty)
  }

  @Test("perl, then emacs: two packages share folders")
  func shared() throws {
    let stage = try EncapStage()
    try stage.package(
      "perl-5", ["bin/perl", "bin/a2p", "info/perl", "lib/perl/", "man/man1/perl.1"])
    try stage.package(
      "emacs-29", ["bin/emacs", "bin/etags", "info/emacs", "libexec/emacs/", "man/man1/emacs.1"])
    try stage.install("perl")
    let perl = try stage.tree()
    try stage.install("emacs")
    #expect(try stage.tree()["man/man1/emacs.1"] == "->../../encap/emacs-29/man/man1/emacs.1")
    try stage.remove("emacs")
    #expect(try stage.tree() == perl)
    try stage.remove("perl")
    #expect(try stage.tree().isEmpty)
  }

  @Test("another package's folder stays, also an empty one")
  func emptyFolder() throws {
    let stage = try EncapStage()
    try stage.package("pkg1a-1", ["bin1/"])
    try stage.package("pkg1b-1", ["bin1/file1b"])
    try stage.install("pkg1a")
    try stage.install("pkg1b")
    try stage.remove("pkg1b")
    #expect(try stage.tree() == ["bin1": "/"])
  }
}
