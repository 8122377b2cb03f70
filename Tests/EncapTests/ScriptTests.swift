import Foundation
import TestSupport
import Testing

@testable import Encap

@Suite("scripts of packages")
struct ScriptTests {
  /// A stage whose scripts note their names.
  private func stage() throws -> EncapStage {
    let stage = try EncapStage()
    for version in 1...2 {
      try stage.package("foo-\(version)", ["bin/foo"])
      for script in ScriptName.allCases {
        try stage.script(
          script, of: "foo-\(version)",
          "echo \"${0##*/} $ENCAP_PKGNAME $ENCAP_MODE $(readlink $ENCAP_TARGET/bin/foo)\" >>"
            + "\(stage.folder.path)/ran")
      }
    }
    return stage
  }

  private func ran(_ stage: EncapStage) -> [String] {
    stage.folder.read("ran").split(separator: "\n").map {
      String($0).trimmingCharacters(in: .whitespaces)
    }
  }

  @Test func theyRunAroundTheLinks() throws {
    let stage = try stage()
    try stage.install("foo-1")
    try stage.install("foo-2")
    try stage.remove("foo")
    let (one, two) = ("../encap/foo-1/bin/foo", "../encap/foo-2/bin/foo")
    #expect(
      ran(stage) == [
        "preinstall foo-1 install", "postinstall foo-1 install \(one)",
        // The new one is asked before the old one is told.
        "preinstall foo-2 install \(one)", "preremove foo-1 remove \(one)",
        "postremove foo-1 remove \(two)", "postinstall foo-2 install \(two)",
        "preremove foo-2 remove \(two)", "postremove foo-2 remove",
      ])
  }

  /// After the links only where there is something to tell.
  @Test func nothingRunsWhereNothingChanges() throws {
    let stage = try stage()
    try stage.install("foo-1")
    let before = ran(stage)
    try stage.install("foo-1")
    _ = try stage.prefix { $0.isDryRun = true }.install("foo-2")
    try stage.write("bin/other", "x")
    #expect(ran(stage) == before)
  }

  @Test(arguments: ["preinstall", "preremove"])
  func oneThatSaysNoBeforeEndsIt(name: String) throws {
    let stage = try stage()
    try stage.install("foo-1")
    let script = try #require(ScriptName(rawValue: name))
    let package = script == .preInstall ? "foo-2" : "foo-1"
    try stage.script(script, of: package, "echo 'not today'; exit 3")
    let before = try stage.tree()
    let outcome = try stage.install("foo-2")
    #expect(outcome.status == .failed)
    #expect(outcome.notes.contains { $0.contains("\(name) of \(package) returned 3") })
    #expect(outcome.scripts.last?.code == 3)
    #expect(outcome.scripts.last?.output == "not today")
    #expect(try stage.tree() == before)
    #expect(try stage.prefix().interruption() == nil)
  }

  @Test func oneThatFailsAfterwardsIsToldAndTheLinksStay() throws {
    let stage = try stage()
    try stage.script(.postInstall, of: "foo-1", "exit 1")
    let outcome = try stage.install("foo-1")
    #expect(outcome.status == .failed)
    #expect(outcome.notes.contains { $0.contains("the links are changed and stay") })
    #expect(try stage.tree()["bin/foo"] == "->../encap/foo-1/bin/foo")
    #expect(TestFolder.text("\(stage.source)/epkg.log").contains("install failed"))
    #expect(try stage.prefix().interruption() == nil)
  }

  @Test func theyHaveACleanEnvironment() throws {
    setenv("ENCAP_TEST_SECRET", "hunter2", 1)
    defer { unsetenv("ENCAP_TEST_SECRET") }
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    try stage.script(.postInstall, of: "foo-1", "env; ls -l /proc/self/fd | grep -c -- '->'")
    let outcome = try stage.install("foo")
    let lines = try #require(outcome.scripts.last).output.split(separator: "\n").map(String.init)
    let names = Set(lines.dropLast().map { $0.prefix { $0 != "=" } }.map(String.init))
    #expect(
      names.subtracting(["PWD", "SHLVL", "_", "OLDPWD"]) == [
        "PATH", "HOME", "LC_ALL", "ENCAP_PKGNAME", "ENCAP_MODE", "ENCAP_SOURCE", "ENCAP_TARGET",
      ])
    #expect(
      lines.contains(
        "ENCAP_SOURCE=\(try String(decoding: EncapPlaces.canonical(stage.source), as: UTF8.self))"))
  }

  /// One that hangs is killed with all that it started.
  @Test func oneThatHangsIsEnded() async throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    try stage.script(
      .preInstall, of: "foo-1", "sleep 600 & echo $! >\(stage.folder.path)/child; wait")
    let prefix = try stage.prefix { $0.scriptLimitMilliseconds = 4000 }
    let outcome = try prefix.install("foo")
    #expect(outcome.status == .failed)
    #expect(outcome.scripts.first?.code == nil)
    #expect(outcome.notes.contains { $0.contains("killed after 4 s") })
    #expect(try stage.tree().isEmpty)
    let text = stage.folder.read("child").trimmingCharacters(in: .whitespacesAndNewlines)
    let child = try #require(pid_t(text))
    // Who is killed is gone once it has the CPU; a zombie of whoever adopts it may be left.
    try await until("the script's child to be gone") {
      kill(child, 0) != 0 || TestFolder.text("/proc/\(child)/stat").contains(") Z")
    }
  }

  /// A daemon that a script starts keeps its output open: that keeps nobody waiting.
  @Test func aDaemonThatStaysKeepsNobodyWaiting() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    try stage.script(
      .postInstall, of: "foo-1", "sleep 600 & echo $! >\(stage.folder.path)/child; echo started")
    let start = Monotonic.now
    let outcome = try stage.install("foo")
    #expect(Monotonic.now - start < 60)
    #expect(outcome.status == .success)
    #expect(outcome.scripts.first?.output == "started")
    let text = stage.folder.read("child").trimmingCharacters(in: .whitespacesAndNewlines)
    let child = try #require(pid_t(text))
    #expect(kill(child, SIGKILL) == 0)
  }

  @Test(arguments: [
    ("printf '\\033[2Jhi\\n'", "␛[2Jhi"), ("kill -9 $$", ""), ("yes | head -c 100000; exit 0", "y"),
  ])
  func whatTheyPrintIsBoundedAndHarmless(text: String, part: String) throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    try stage.script(.preInstall, of: "foo-1", text)
    let result = try #require(try stage.install("foo").scripts.first)
    #expect(part.isEmpty || result.output.contains(part))
    #expect(result.output.utf8.count <= 2 * ScriptRunner.outputLimit)
    #expect(!result.output.contains("\u{1B}"))
    if text.hasPrefix("kill") {
      #expect(result.code == -9)
      #expect(result.trouble?.contains("signal 9") == true)
    }
  }

  /// A script without `#!` is one for sh; one that may not be run says no.
  @Test func theyRunAsShRunsThem() throws {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo"])
    let path = "\(stage.source)/foo-1/preinstall"
    try stage.write(path, "echo plain\n")
    chmod(path, 0o755)
    try TestFolder.awaitWriters(of: path)
    #expect(try stage.install("foo").scripts.first?.output == "plain")
    try stage.remove("foo")
    chmod(path, 0o644)
    let outcome = try stage.install("foo")
    #expect(outcome.status == .failed)
    #expect(outcome.notes.contains { $0.contains("can't be run") })
    #expect(try stage.tree().isEmpty)
  }
}
