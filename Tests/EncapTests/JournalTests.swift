import Foundation
import TestSupport
import Testing

@testable import Encap

/// A change that breaks off is finished or undone by the next: never a mix.
@Suite("journal")
struct JournalTests {
  private static let sample = EncapJournal(
    id: "1f", target: Array("/usr/lo cal".utf8), verb: "upgrade",
    package: EncapPackageName("foo-2+1"),
    previous: [EncapPackageName("foo-1"), EncapPackageName("foo")].compactMap { $0 },
    scripts: [
      EncapPackageName("foo-1").map { ScriptCall(script: .postRemove, package: $0) },
      EncapPackageName("foo-2+1").map { ScriptCall(script: .postInstall, package: $0) },
    ].compactMap { $0 },
    folders: FolderChanges(
      begun: EncapPackageName("foo-2+1").map { [.init(path: .of("a b"), package: $0)] } ?? [],
      ended: EncapPackageName("foo-1").map { [.init(path: .of("c"), package: $0)] } ?? []),
    steps: [
      .makeFolder(.of("a b")), .link(EncapPath([0xFF, 0x0A]), text: [0x25, 0x20], replacing: nil),
      .link(.of("x"), text: Array("../new".utf8), replacing: Array("../old".utf8)),
      .unfold(
        .of("lib/foo"), replacing: Array("../encap".utf8),
        contents: [
          .init(path: .of("lib/foo/d"), text: nil), .init(path: .of("lib/foo/d/x"), text: [0x2E]),
        ]),
      .unfold(.of("lib/none"), replacing: [0x2E], contents: []),
      .fold(.of("a"), text: [0x2E], contents: [.init(path: .of("a/b"), text: [0x62])]),
      .unlink(.of("bin/old"), text: Array("../o".utf8)), .removeFolder(.of("old")),
    ])

  @Test func whatIsWrittenIsRead() {
    #expect(EncapJournal(Array(Self.sample.text.utf8)) == Self.sample)
    var removal = Self.sample
    removal.package = nil
    #expect(EncapJournal(Array(removal.text.utf8)) == removal)
  }

  /// No piece of one, and none with a changed byte, is taken for a whole one.
  @Test func damageIsSeen() {
    let bytes = Array(Self.sample.text.utf8)
    for count in bytes.indices { #expect(EncapJournal(Array(bytes[..<count])) == nil) }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1
      #expect(EncapJournal(changed) == nil, "byte \(index)")
    }
  }

  // MARK: broken off after each step

  /// Two versions that differ in every way: kept, new, gone, replaced, folders, a linked folder that
  /// becomes a real one.
  private func stage() throws -> EncapStage {
    let stage = try EncapStage()
    try stage.package(
      "foo-1", ["bin/foo", "bin/old", "share/old/x", "lib/foo/a", "lib/foo/d/b"],
      info: "encap 2.1\nlinkdir lib/foo\n")
    try stage.package(
      "foo-2",
      ["bin/foo", "bin/new", "share/new/y", "share/new/empty/", "lib/foo/a", "lib/foo/d/c"])
    try stage.package("other-1", ["bin/other", "lib/z"])
    try stage.install("other")
    return stage
  }

  /// A stage with foo-1, the tree it has then, and the one it has with foo-2.
  private func states() throws -> (stage: EncapStage, old: [String: String], new: [String: String])
  {
    let stage = try stage()
    try stage.install("foo-1")
    let old = try stage.tree()
    try stage.install("foo-2")
    let new = try stage.tree()
    try stage.install("foo-1")
    #expect(try stage.tree() == old)
    return (stage, old, new)
  }

  /// The plan of a change, as a run that is cut off wrote it down.
  private func begin(_ name: String, on stage: EncapStage) throws -> EncapJournal {
    let dry = try stage.prefix { $0.isDryRun = true }.install(name)
    let journal = EncapJournal(
      id: EncapPrefix.randomID(), target: try EncapPlaces.canonical(stage.target), verb: "install",
      package: dry.package, previous: dry.previous, folders: dry.folders, steps: dry.steps)
    try stage.write("\(stage.source)/.encap/journal", journal.text)
    return journal
  }

  private func runner(_ journal: EncapJournal, _ stage: EncapStage) throws -> StepRunner {
    StepRunner(try Folder(Array(stage.target.utf8)), id: journal.id)
  }

  @Test func theNextRunFinishesItWhereverItBroke() throws {
    let (stage, old, new) = try states()
    let count = try stage.prefix { $0.isDryRun = true }.install("foo-2").steps.count
    #expect(count >= 8)
    for done in 0...count {
      let journal = try begin("foo-2", on: stage)
      try runner(journal, stage).take(journal.steps.enumerated().prefix(done))
      #expect(try stage.prefix().interruption() != nil)
      let outcome = try stage.prefix().install("foo-2")
      #expect(outcome.status == .noop)
      #expect(outcome.notes.contains { $0.contains("install of foo-2 (from foo-1) was finished") })
      #expect(try stage.tree() == new, "after \(done) steps")
      #expect(try stage.prefix().interruption() == nil)
      #expect(try stage.install("foo-1").status == .success)
      #expect(try stage.tree() == old, "after \(done) steps and back")
    }
  }

  /// Somebody put something in the way meanwhile: then all of it is undone, and that stays.
  @Test func whatCannotBeFinishedIsUndone() throws {
    let (stage, old, _) = try states()
    let journal = try begin("foo-2", on: stage)
    let last = try #require(
      journal.steps.lastIndex { if case .link(_, _, nil) = $0 { true } else { false } })
    for done in 0...last {
      if done > 0 { _ = try begin("foo-2", on: stage) }
      let journal = try #require(try stage.prefix().pendingJournal())
      try runner(journal, stage).take(journal.steps.enumerated().prefix(done))
      let path = journal.steps[last].path.description
      try stage.write(path, "mine")
      // The file is in the way of what was begun, and of what is asked for now.
      let outcome = try stage.prefix().install("foo-2")
      #expect(outcome.status == .failed)
      #expect(outcome.notes.contains { $0.contains("undone") && $0.contains("changed") })
      try stage.delete(path)
      var tree = try stage.tree()
      // The folder of the file was there for it.
      for folder in ["share/new"] where old[folder] == nil { tree[folder] = nil }
      #expect(tree == old, "after \(done) steps")
      try? stage.delete("share/new")
    }
  }

  /// Taking back undoes each kind of step, from any point on.
  @Test func stepsAreTakenBack() throws {
    let (stage, old, _) = try states()
    let count = try stage.prefix { $0.isDryRun = true }.install("foo-2").steps.count
    for done in 0...count {
      let journal = try begin("foo-2", on: stage)
      let runner = try runner(journal, stage)
      try runner.take(journal.steps.enumerated().prefix(done))
      for (number, step) in journal.steps.enumerated().reversed() {
        try runner.takeBack(step, number)
      }
      #expect(try stage.tree() == old, "after \(done) steps")
    }
  }

  @Test func aDamagedPlanIsTold() throws {
    let (stage, old, _) = try states()
    try stage.write("\(stage.source)/.encap/journal", "culprit-encap-journal 1\nid 4\n")
    let error = trouble { try stage.install("foo-2") }
    #expect(error?.description.contains(".encap/journal: a plan that broke off") == true)
    #expect(try stage.tree() == old)
  }

  /// The prefix of the plan isn't there any more.
  @Test func aPlanForALostTargetIsTold() throws {
    let (stage, _, _) = try states()
    let journal = try begin("foo-2", on: stage)
    let lost = EncapJournal(
      id: journal.id, target: Array("/no/such/place".utf8), verb: "install", package: nil,
      steps: journal.steps)
    try stage.write("\(stage.source)/.encap/journal", lost.text)
    let error = trouble { try stage.install("foo-2") }
    #expect(error?.description.contains("neither finished nor undone") == true)
    #expect(error?.description.contains("/no/such/place") == true)
  }

  /// A dry run and a check leave a broken-off plan to who changes something, and say so.
  @Test func whoOnlyLooksRepairsNothing() throws {
    let (stage, old, _) = try states()
    _ = try begin("foo-2", on: stage)
    let outcome = try stage.prefix { $0.isDryRun = true }.install("foo-2")
    #expect(outcome.notes.contains { $0.contains("would be finished") })
    _ = try stage.prefix().check()
    #expect(try stage.prefix().interruption()?.kind == .interrupted)
    #expect(try stage.tree() == old)
  }

  // MARK: what somebody does meanwhile

  /// A link put in the place of a folder, after the plan was made, leads nobody out of the target.
  @Test func aLinkPutInTheWayLeadsNowhere() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/a", "bin/deep/b"])
    let journal = try begin("foo-1", on: stage)
    try stage.folder.makeFolder("outside")
    try stage.link("bin", stage.folder.file("outside"))
    let error = trouble { try runner(journal, stage).take(journal.steps.enumerated()) }
    #expect(error != nil)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: stage.folder.file("outside")).isEmpty)
    #expect(try stage.tree() == ["bin": "->\(stage.folder.file("outside"))"])
  }

  @Test func whatWasChangedMeanwhileStays() throws {
    let (stage, _, _) = try states()
    let journal = try begin("foo-2", on: stage)
    let runner = try runner(journal, stage)
    try stage.delete("bin/foo")
    try stage.link("bin/foo", "/bin/true")
    let error = trouble { try runner.take(journal.steps.enumerated()) }
    #expect(error?.description.contains("bin/foo was changed by somebody") == true)
    // What it would have removed is another link by now.
    try stage.delete("bin/old")
    try stage.link("bin/old", "/bin/false")
    try runner.take(.unlink(.of("bin/old"), text: Array("../encap/foo-1/bin/old".utf8)), 99)
    #expect(try stage.tree()["bin/old"] == "->/bin/false")
    try runner.takeBack(.link(.of("bin/old"), text: Array("x".utf8), replacing: nil), 98)
    #expect(try stage.tree()["bin/old"] == "->/bin/false")
  }
}
