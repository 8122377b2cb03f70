import Foundation
import TestSupport
import Testing

/// `culprit-agent encap` as a user runs it: output, JSON, exit codes.
@Suite(.enabled(if: AgentProgram.isBuilt, Comment(rawValue: AgentProgram.needsBuild)))
struct EncapCommandTests {
  private func stage() throws -> EncapStage {
    let stage = try EncapStage()
    try stage.package("foo-1", ["bin/foo", "share/foo/old"])
    try stage.package("foo-2", ["bin/foo", "share/foo/new"])
    return stage
  }

  @Test func aPackagesLife() async throws {
    let stage = try stage()
    let install = try await stage.run("install", "foo-1")
    #expect(install.code == 0, "\(install)")
    #expect(install.outputText == "foo-1 is linked into \(stage.target): 2 links made\n")
    let again = try await stage.run("install", "foo-1")
    #expect(again.code == 0 && again.outputText.contains("already (2 links)"), "\(again)")
    let dry = try await stage.run("upgrade", "--dry-run")
    #expect(dry.code == 0, "\(dry)")
    #expect(dry.outputText.contains("would link share/foo/new -> ../../encap/foo-2/share/foo/new"))
    #expect(dry.outputText.contains("would remove the link share/foo/old"))
    let upgrade = try await stage.run("upgrade")
    #expect(upgrade.outputText.contains("foo-2 is linked"), "\(upgrade)")
    #expect(
      upgrade.outputText.contains("instead of foo-1: 1 link made, 1 link replaced, 1 link removed"))
    let list = try await stage.run("list")
    #expect(list.outputText == "foo-1  -\nfoo-2  linked\n")
    #expect(try await stage.run("rollback", "foo").outputText.contains("foo-1 is linked"))
    #expect(try await stage.run("check").code == 0)
    let collected = try await stage.run("gc", "--keep", "0")
    #expect(collected.outputText == "foo-2 removed\n1 removed, 1 kept\n", "\(collected)")
    let removed = try await stage.run("remove", "foo", "--purge")
    #expect(removed.code == 0, "\(removed)")
    #expect(try stage.tree().isEmpty)
    #expect(try await stage.run("remove", "foo").code == 1)
  }

  @Test func jsonSaysTheSame() async throws {
    let stage = try stage()
    _ = try await stage.json("install", "foo-1")
    let upgrade = try await stage.json("upgrade", "foo")
    #expect(upgrade["verb"] as? String == "upgrade")
    #expect(upgrade["package"] as? String == "foo-2")
    #expect(upgrade["status"] as? String == "success")
    #expect(upgrade["previous"] as? [String] == ["foo-1"])
    #expect(upgrade["made"] as? Int == 1)
    #expect(upgrade["replaced"] as? Int == 1)
    #expect(upgrade["removed"] as? Int == 1)
    let changes = try #require(upgrade["changes"] as? [[String: Any]])
    #expect(changes.map { $0["do"] as? String } == ["link", "link", "unlink"])
    #expect(changes[0]["instead_of"] as? String == "../encap/foo-1/bin/foo")
    let list = try await stage.json("list", "foo-2")
    #expect(list["linked"] as? String == "whole")
    #expect(list["version"] as? String == "2")
    try FileManager.default.removeItem(atPath: "\(stage.target)/bin/foo")
    try stage.folder.write("mine", to: "local/bin/foo")
    let check = try await stage.json("check", "foo")
    let drift = try #require(check["drift"] as? [[String: Any]])
    #expect(drift.map { $0["kind"] as? String } == ["foreign"])
    #expect(check["linked"] as? String == "partly")
    let failed = try await stage.json("install", "foo-1")
    #expect(failed["status"] as? String == "failed")
    let conflicts = try #require(failed["conflicts"] as? [[String: Any]])
    #expect(conflicts.map { $0["path"] as? String } == ["bin/foo"])
    #expect(conflicts.allSatisfy { ($0["remedy"] as? String)?.isEmpty == false })
    let error = try await stage.json("install", "nope")
    #expect(error["status"] as? String == "error")
    #expect((error["error"] as? String)?.contains("no package nope") == true)
  }

  @Test func aConflictIsExitCode1AndTold() async throws {
    let stage = try stage()
    try stage.folder.makeFolder("local/bin")
    try stage.folder.write("mine", to: "local/bin/foo")
    let result = try await stage.run("install", "foo")
    #expect(result.code == 1, "\(result)")
    #expect(result.output.isEmpty)
    #expect(result.errorText.contains("nothing was changed"))
    #expect(result.errorText.contains("bin/foo: a plain file is there; move it away"))
    #expect(try stage.tree() == ["bin": "/", "bin/foo": "/"])
    let compat = try await stage.run("install", "foo", "--compat")
    #expect(compat.code == 1, "\(compat)")
    #expect(compat.errorText.contains("only in part"))
    #expect(try stage.tree()["share/foo/new"] == "../../encap/foo-2/share/foo/new")
    // What belongs to others is told by check: exit code 3.
    #expect(try await stage.run("check").code == 3)
  }

  @Test func anArchiveIsUnpackedFromStandardInput() async throws {
    let stage = try stage()
    try await Program.output(
      "tar", "-C", stage.source, "-cf", stage.folder.file("t.tar"), "foo-2")
    let archive = try [UInt8](Data(contentsOf: URL(fileURLWithPath: stage.folder.file("t.tar"))))
    let sum = try await Program.output("sha256sum", stage.folder.file("t.tar")).prefix(64)
    _ = try await stage.run("remove", "foo-2", "--purge")
    let wrong = try await stage.run(
      "unpack", "foo-2", "--sha256", String(repeating: "0", count: 64), input: archive)
    #expect(wrong.code == 1 && wrong.errorText.contains("\(sum)"), "\(wrong)")
    let cut = try await stage.run("unpack", "foo-2", input: Array(archive.prefix(2000)))
    #expect(cut.code == 1 && cut.errorText.contains("breaks off after 2000 bytes"), "\(cut)")
    let fine = try await stage.run(
      "unpack", "foo-2", "--sha256", String(sum), "--json", input: archive)
    #expect(fine.code == 0, "\(fine)")
    let object = try EncapStage.object(fine)
    #expect(object["sha256"] as? String == String(sum))
    #expect(object["files"] as? Int == 2)
    #expect(try await stage.json("list", "foo-2")["sha256"] as? String == String(sum))
    let compressed = try await stage.run("unpack", "foo-3", input: [0x1F, 0x8B] + archive)
    #expect(compressed.errorText.contains("gzip -dc"), "\(compressed)")
  }

  @Test(arguments: [
    (["encap"], "wants a verb"), (["encap", "nope"], "install, upgrade"),
    (["encap", "install"], "wants a package"), (["encap", "gc"], "--keep N"),
    (["encap", "gc", "--keep", "-1"], "0 to 1000"), (["encap", "unpack"], "NAME-VERSION"),
    (["encap", "unpack", "a-1", "--sha256", "12"], "64 hexadecimal"),
    (["encap", "list", "--purge"], "no option --purge"),
    (["encap", "install", "--nope"], "--help"),
    (["encap", "list", "--source"], "wants a value"),
    (["encap", "list", "--source", ""], "folder"),
    (["encap", "install", "x", "--wait", "long"], "duration"),
    (["encap", "unpack", "a-1", "--dry-run"], "no option"),
  ])
  func wrongUseIsExitCode2(words: [String], part: String) async throws {
    let result = try await AgentProgram.run(words)
    #expect(result.code == 2, "\(result)")
    #expect(result.errorText.contains(part), "\(result)")
  }

  @Test(arguments: ["../etc-1", "foo/bar-1", "foo-..", "foo", "-1", "foo\u{1B}[2J-1"])
  func namesThatAreNoneAreRefused(name: String) async throws {
    let stage = try stage()
    let result = try await stage.run("unpack", "--json", "--wait", "1s", input: [])
    #expect(result.code == 2)
    let named = try await Program.run(
      [AgentProgram.path, "encap", "unpack", "--target", stage.target, name], input: [])
    #expect(named.code == (name.hasPrefix("-") ? 2 : 1), "\(named)")
    #expect(!named.error.contains(0x1B))
    let behind = try await Program.run(
      [AgentProgram.path, "encap", "unpack", "--target", stage.target, "--", name], input: [])
    #expect(behind.code == 1, "behind -- no word is an option: \(behind)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: stage.folder.path).sorted() == ["local"])
  }

  /// As with epkg, the environment names the folders where the command line names neither.
  @Test func theEnvironmentNamesFolders() async throws {
    let stage = try stage()
    let result = try await AgentProgram.run(
      ["encap", "list"], environment: ["ENCAP_SOURCE": stage.source])
    #expect(result.outputText.contains("foo-2"), "\(result)")
    let other = try await AgentProgram.run(
      ["encap", "list", "--target", stage.folder.path], environment: ["ENCAP_SOURCE": stage.source])
    #expect(other.code == 1, "\(other)")
  }

  @Test(.enabled(if: Machine.canRunWithoutRights, "needs root, or not to be it"))
  func whoMayNotIsTold() async throws {
    let stage = try stage()
    let result = try await AgentProgram.run(
      ["encap", "install", "foo", "--target", stage.target], withoutRights: true)
    #expect(result.code == 1, "\(result)")
    #expect(result.errorText.contains("run it as root"), "\(result)")
    #expect(try stage.tree().isEmpty)
    let look = try await AgentProgram.run(
      ["encap", "check", "--target", stage.target], withoutRights: true)
    #expect(look.code == 0, "\(look)")
  }

  @Test func completionKnowsItsVerbs() async throws {
    for shell in ["bash", "zsh", "fish"] {
      let script = try await AgentProgram.run(["completion", shell]).outputText
      #expect(script.contains("install upgrade rollback remove check list gc unpack"))
    }
    let words = try await Program.output(
      "bash", "-c",
      "source <(\(AgentProgram.path) completion bash); COMP_WORDS=(culprit-agent encap ro); "
        + "COMP_CWORD=2; _culprit_agent; echo ${COMPREPLY[@]}; COMP_WORDS=(culprit-agent encap gc --ke); "
        + "COMP_CWORD=3; _culprit_agent; echo ${COMPREPLY[@]}")
    #expect(words == "rollback\n--keep --keep-setuid\n")
  }
}
