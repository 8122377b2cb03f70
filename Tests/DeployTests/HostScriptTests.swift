import Foundation
import TestSupport
import Testing

@testable import Deploy

/// The shell's side by itself, in the shells that hosts have.
@Suite struct HostScriptTests {
  /// Words that run a shell, where it is there.
  static let shells = [["dash"], ["bash", "--posix"], ["busybox", "sh"]].filter {
    Machine.has($0[0])
  }

  @Test("is read by every shell", arguments: shells) func isRead(shell: [String]) async throws {
    let check = try await Program.run(shell + ["-n"], input: HostScript.text)
    #expect(check.code == 0 && check.error.isEmpty, "\(check)")
  }

  @Test("starts from a command that login shells pass on as it is") func command() {
    let command = HostScript.command()
    #expect(!command.contains("'") && command.utf8.count < 1000)
    #expect(HostScript.text.count < 100_000, "an argument of execve(2) has room for 128 KiB")
  }

  @Test(
    "answers, and does nothing without the lock or with a version that is none", arguments: shells)
  func answers(shell: [String]) async throws {
    // From a file, as the script's own standard input is that of verbs.
    let folder = try TestFolder()
    let script = try folder.write(HostScript.text, to: "script")
    let verbs = "words\nlink\n../../etc\nlink\n1.0\nkeep\n1.0\nremove\nno\nkey\nbogus\n"
    let result = try await Program.run(shell + [script], input: Array(verbs.utf8))
    #expect(result.code == 0, "\(result)")
    let lines = result.lines
    #expect(lines.first == HostScript.greeting)
    #expect(lines.contains("@failed no version: ../../etc"), "\(lines)")
    #expect(lines.count { $0 == "@failed the host isn't ours" } == 3, "\(lines)")
    #expect(lines.last == "@failed no verb of ours")
  }

  @Test(
    "knows which files differ from their list, and which others may change",
    .enabled(if: Machine.isRoot, "needs root: who owns them counts"), arguments: shells)
  func changedFiles(shell: [String]) async throws {
    let folder = try TestFolder()
    let root = try folder.makeFolder("p")
    try folder.makeFolder("p/bin")
    try folder.write("one", to: "p/bin/a b")
    try folder.write("two", to: "p/c")
    try folder.write("three", to: "p/d")
    for name in ["rw", "suid"] { try folder.write(name, to: "p/\(name)") }
    try await Program.output(
      "sh", "-c",
      "cd \(root) && sha256sum 'bin/a b' c d rw suid >SHA256SUMS && rm d && echo x >>c "
        + "&& chown -R 0:0 . && chmod 755 . bin bin/* && chmod 666 rw && chmod 4755 suid "
        + "&& ln -s c new && echo y >'bin/extra file'")
    var text = HostScript.text
    // All but the loop that reads verbs.
    let loop = Array("\ntrap leave HUP INT TERM".utf8)
    let end = try #require(text.firstRange(of: loop)?.lowerBound)
    text = Array(text[..<end]) + Array("\nchanged_files '\(root)'\n".utf8)
    let result = try await Program.run(shell + [try folder.write(text, to: "script")])
    #expect(Set(result.lines) == ["c", "d", "new", "bin/extra file", "rw", "suid"], "\(result)")
  }
}
