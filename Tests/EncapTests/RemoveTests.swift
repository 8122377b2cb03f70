import Foundation
import TestSupport
import Testing

@testable import Encap

@Suite("remove, roll back, collect")
struct RemoveTests {
  @Test func onlyItsOwnLinksGo() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo", "bin/taken", "lib/foo/x"])
    try stage.package("bar-1", ["bin/bar", "lib/y"])
    try stage.install("foo")
    try stage.install("bar")
    try stage.write("bin/mine", "mine")
    try stage.link("bin/foreign", "/bin/true")
    try stage.link("bin/by-hand", "../encap/foo-1/bin/foo")
    try stage.delete("bin/taken")
    try stage.write("bin/taken", "mine")
    let outcome = try stage.prefix().remove("foo")
    #expect(outcome.status == .success)
    #expect(outcome.notes.contains { $0.contains("bin/taken stays") })
    #expect(
      try stage.tree() == [
        "bin": "/", "bin/bar": "->../encap/bar-1/bin/bar", "bin/mine": "mine",
        "bin/foreign": "->/bin/true", "bin/by-hand": "->../encap/foo-1/bin/foo",
        "bin/taken": "mine", "lib": "/", "lib/y": "->../encap/bar-1/lib/y",
      ])
    #expect(FileManager.default.fileExists(atPath: "\(stage.source)/foo-1/bin/foo"))
    #expect(try stage.prefix().remove("foo").status == .noop)
    #expect(trouble { try stage.prefix().remove("nope") } != nil)
  }

  /// Only folders that were made for a package go with the last of it, the target itself never.
  @Test func foldersGoThatWereMadeForIt() throws {
    let stage = try EncapStage()
    try stage.write("there/", "")
    try stage.package("foo-1", ["there/a", "made/deep/b", "shared/c", "empty/"])
    try stage.package("bar-1", ["shared/", "empty/"])
    try stage.install("foo")
    try stage.install("bar")
    try stage.remove("foo")
    #expect(try stage.tree() == ["there": "/", "shared": "/", "empty": "/"])
    // It has no links, so it isn't linked; but its folders are its own.
    try stage.remove("bar")
    #expect(try stage.tree() == ["there": "/"])
  }

  @Test func compatClearsAnyFolderThatBecomesEmpty() throws {
    let stage = try EncapStage()
    try stage.write("there/", "")
    try stage.package("foo-1", ["there/a"])
    let prefix = try stage.prefix { $0.isCompat = true }
    _ = try prefix.install("foo")
    _ = try prefix.remove("foo")
    #expect(try stage.tree().isEmpty)
    #expect(FileManager.default.fileExists(atPath: stage.target))
  }

  @Test func allVersionsOrOne() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/one"])
    try stage.package("foo-2", ["bin/two"])
    try stage.install("foo-1")
    try stage.link("bin/two", "../encap/foo-2/bin/two")
    #expect(try stage.prefix().remove("foo-2").previous.map(\.description) == ["foo-2"])
    #expect(try stage.tree()["bin/one"] != nil)
    try stage.link("bin/two", "../encap/foo-2/bin/two")
    #expect(try stage.prefix().remove("foo").previous.map(\.description) == ["foo-1", "foo-2"])
    #expect(try stage.tree()["bin/one"] == nil && stage.tree()["bin/two"] == nil)
  }

  /// The package's folder was removed by hand, or files in it.
  @Test func whatIsLeftOfALostPackageGoes() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/a", "bin/b"])
    try stage.install("foo")
    try stage.delete("\(stage.source)/foo-1/bin/a")
    #expect(try stage.prefix().remove("foo").steps.count == 3)
    #expect(try stage.tree().isEmpty)
    try stage.package("foo-1", ["bin/a"])
    try stage.install("foo")
    try stage.delete("\(stage.source)/foo-1")
    #expect(try stage.prefix().remove("foo").status == .success)
    #expect(try stage.tree().isEmpty)
    // And where another version comes.
    try stage.package("foo-1", ["bin/a", "bin/b"])
    try stage.install("foo")
    try stage.delete("\(stage.source)/foo-1")
    try stage.package("foo-2", ["bin/b"])
    try stage.install("foo")
    #expect(try stage.tree() == ["bin": "/", "bin/b": "->../encap/foo-2/bin/b"])
  }

  @Test func aDryRunRemovesNothing() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/a"])
    try stage.install("foo")
    let before = try stage.tree()
    let outcome = try stage.prefix { $0.isDryRun = true }.remove("foo", purging: true)
    #expect(outcome.status == .planned && outcome.purged.count == 1)
    #expect(try stage.tree() == before)
    #expect(FileManager.default.fileExists(atPath: "\(stage.source)/foo-1"))
  }

  @Test func purgingTakesTheFolderToo() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/a"])
    try stage.package("foo-2", ["bin/a"])
    try stage.install("foo")
    #expect(
      try stage.prefix().remove("foo-2", purging: true).purged.map(\.description) == ["foo-2"])
    #expect(try stage.prefix().list().map(\.package.description) == ["foo-1"])
    // Somebody's own link leads into it: it stays, and that is told.
    try stage.link("bin/by-hand", "../encap/foo-1/bin/a")
    let outcome = try stage.prefix().remove("foo-1", purging: true)
    #expect(outcome.purged.isEmpty)
    #expect(outcome.notes.contains { $0.contains("foo-1 stays") })
    #expect(FileManager.default.fileExists(atPath: "\(stage.source)/foo-1/bin/a"))
    #expect(FileManager.default.fileExists(atPath: stage.source))
  }

  @Test func gcKeepsTheNewestAndWhatIsLinked() throws {
    let stage = try EncapStage()
    for version in ["1.8", "1.9", "1.10", "1.11"] {
      try stage.package("foo-\(version)", ["bin/foo"])
    }
    try stage.package("bar-1", ["bin/bar"])
    try stage.install("foo-1.8")
    let dry = try stage.prefix { $0.isDryRun = true }.collect(keeping: 1)
    #expect(dry.removed.map(\.description) == ["foo-1.9", "foo-1.10"])
    #expect(try stage.prefix().list().count == 5)
    let collected = try stage.prefix().collect(keeping: 1)
    #expect(collected.removed == dry.removed)
    #expect(collected.kept.map(\.description) == ["bar-1", "foo-1.8", "foo-1.11"])
    #expect(
      try stage.prefix().collect(keeping: 0, of: "foo").removed.map(\.description) == ["foo-1.11"])
    #expect(try stage.prefix().list().map(\.package.description) == ["bar-1", "foo-1.8"])
    #expect(TestFolder.text("\(stage.target)/bin/foo") == "foo-1.8 bin/foo\n")
    #expect(trouble { try stage.prefix().collect(keeping: 1, of: "nope") } != nil)
    let notes = try FileManager.default.contentsOfDirectory(atPath: "\(stage.source)/.encap")
    #expect(!notes.contains { $0.hasPrefix("trash") })
  }

  /// One source, two prefixes: links of the other one count, also where its folders were there before.
  @Test func whatAnotherPrefixLinksStays() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    try stage.package("foo-2", ["bin/foo"])
    let other = EncapPlaces(source: stage.source, target: stage.folder.file("other"))
    try FileManager.default.createDirectory(
      atPath: "\(other.target)/bin", withIntermediateDirectories: true)
    _ = try EncapPrefix(other).install("foo-1")
    try stage.install("foo-2")
    #expect(try stage.prefix().collect(keeping: 0).removed.isEmpty)
    let outcome = try stage.prefix().remove("foo", purging: true)
    #expect(outcome.purged.map(\.description) == ["foo-2"])
    #expect(outcome.notes.contains { $0.contains("foo-1 stays") && $0.contains(other.target) })
    #expect(TestFolder.text("\(other.target)/bin/foo") == "foo-1 bin/foo\n")
    try FileManager.default.removeItem(atPath: other.target)
    #expect(try stage.prefix().collect(keeping: 0).removed.map(\.description) == ["foo-1"])
  }

  @Test func whatLostAllItsLinksIsMissed() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    try stage.install("foo-1")
    try stage.delete("bin/foo")
    #expect(try stage.prefix().check().flatMap(\.drift).map(\.kind) == [.missing])
    try stage.remove("foo-1")
    #expect(try stage.prefix().check().isEmpty)
  }

  // MARK: going back

  @Test func rollbackGoesToWhatWasLinkedBefore() throws {
    let stage = try EncapStage()
    for version in 1...5 { try stage.package("foo-\(version)", ["bin/foo"]) }
    let error = trouble { try stage.prefix().rollback("foo") }
    #expect(error?.description.contains("no version") == true)
    for version in [2, 4, 3, 5] { try stage.install("foo-\(version)") }
    // 3 was linked before 5, and 4 before 3; then 2; then only the next older is left.
    for expected in ["foo-3", "foo-4", "foo-2", "foo-1"] {
      let outcome = try stage.prefix().rollback("foo")
      #expect(outcome.package?.description == expected)
      #expect(try stage.tree()["bin/foo"] == "->../encap/\(expected)/bin/foo")
    }
    #expect(trouble { try stage.prefix().rollback("foo") }?.description.contains("older") == true)
    #expect(trouble { try stage.prefix().rollback("nope") } != nil)
  }

  @Test func rollbackPassesOverWhatIsGone() throws {
    let stage = try EncapStage()
    for version in 1...3 {
      try stage.package("foo-\(version)", ["bin/foo"])
      try stage.install("foo")
    }
    try stage.delete("\(stage.source)/foo-2")
    #expect(try stage.prefix().rollback("foo").package?.description == "foo-1")
  }

  @Test func upgradeTakesTheNewest() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    try stage.package("bar-1", ["bin/bar"])
    try stage.install("foo")
    let prefix = try stage.prefix()
    #expect(try prefix.upgrade("foo").status == .noop)
    try stage.package("foo-2", ["bin/foo"])
    #expect(try prefix.linkedNames() == ["foo"])
    #expect(try prefix.upgrade("foo-1").package?.description == "foo-2")
    #expect(trouble { try prefix.upgrade("nope") } != nil)
  }

  /// The log is epkg's: who knows that can read it.
  @Test func theLogIsThatOfEpkg() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    try stage.package("foo-2", ["bin/foo"])
    try stage.install("foo-1")
    try stage.install("foo-2")
    let lines = TestFolder.text("\(stage.source)/epkg.log").split(separator: "\n")
    let words = lines.map { $0.split(separator: " ").dropFirst(4).map(String.init) }
    #expect(
      words == [
        [stage.target, "foo-1", "install", "success"],
        [stage.target, "foo-1", "remove", "success"],
        [stage.target, "foo-2", "install", "success"],
      ])
  }

  // MARK: looking

  @Test func checkFindsDrift() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/a", "bin/b", "bin/c", "lib/d"])
    try stage.package("foo-0", ["bin/old"])
    try stage.install("foo")
    #expect(try stage.prefix().check("foo").allSatisfy(\.drift.isEmpty))
    try stage.delete("bin/a")
    try stage.delete("bin/b")
    try stage.write("bin/b", "mine")
    try stage.delete("\(stage.source)/foo-1/bin/c")
    try stage.link("bin/old", "../encap/foo-0/bin/old")
    try stage.link("lib/lost", "../encap/gone-1/lib/x")
    let states = try stage.prefix().check()
    let drift = states.flatMap { state in
      state.drift.map { "\(state.package) \($0.kind.rawValue) \($0.path)" }
    }
    #expect(
      Set(drift) == [
        "foo-1 missing bin/a", "foo-1 foreign bin/b", "foo-1 dangling bin/c", "foo-1 mixed bin/old",
        "gone-1 dangling lib/lost",
      ])
    #expect(try stage.prefix().list("foo-1")[0].isLinked)
    #expect(try !stage.prefix().list("foo-1")[0].isWhole)
    #expect(trouble { try stage.prefix().check("nope") } != nil)
  }
}
