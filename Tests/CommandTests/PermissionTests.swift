import Foundation
import TestSupport
import Testing

/// Files and folders that the user has no right to. As root the commands are run as a user
/// without rights, for root may do everything.
@Suite(
  .enabled(if: Machine.canRunWithoutRights, "needs setpriv, and a build folder all may enter"),
  .live)
struct PermissionTests {
  private func runWithoutRights(_ home: CulpritHome, _ arguments: String...) async throws
    -> ProgramResult
  {
    try await Program.run(
      Machine.withoutRights + [CulpritHome.binary] + arguments, environment: home.environment)
  }

  private func log(_ home: CulpritHome) throws -> String {
    let text = ([HostScript.header] + (0...10).map(HostScript.row)).joined(separator: "\n")
    return try home.folder.write(text, to: "good.log")
  }

  @Test func aHistoryThatMayNotBeRead() async throws {
    let home = try CulpritHome()
    let imported = try await home.run("import", "--host", "old", "--db", home.db, try log(home))
    #expect(imported.code == 0, "\(imported)")
    chmod(home.db, 0)
    defer { chmod(home.db, 0o640) }
    for words in [["hosts"], ["spikes"], ["export"]] {
      let result = try await runWithoutRights(home, words[0], "--db", home.db)
      #expect(result.code == 1, "\(result)")
      #expect(result.errorText.contains(home.db), "\(result)")
      #expect(result.errorText.contains("run as the user that collects"), "\(result)")
    }
  }

  @Test func aFolderThatMayNotBeWritten() async throws {
    let home = try CulpritHome()
    let folder = try home.folder.makeFolder("readonly", mode: 0o555)
    defer { chmod(folder, 0o755) }
    for words in [
      ["collect", "local", "--for", "2s"], ["import", "--host", "old", try log(home)],
    ] {
      let result = try await Program.run(
        Machine.withoutRights + [CulpritHome.binary] + words + ["--db", "\(folder)/history.db"],
        environment: home.environment)
      #expect(result.code == 1, "\(result)")
      #expect(result.errorText.contains("\(folder)/history.db"), "\(result)")
      #expect(result.errorText.contains("ermission"), "\(result)")
    }
  }

  @Test func aFleetFileThatMayNotBeRead() async throws {
    let home = try CulpritHome()
    let file = try home.folder.write("[[host]]\nname = \"a\"\n", to: "secret.toml", mode: 0)
    let result = try await runWithoutRights(home, "watch", "--fleet", file, "--for", "1s")
    #expect(result.code == 2, "\(result)")
    #expect(result.errorText.contains("\(file): can't be read: Permission denied"), "\(result)")
  }

  @Test func anIdentityFileThatMayNotBeRead() async throws {
    let home = try CulpritHome()
    let key = try await KeyPair.make(in: home.folder, name: "id")
    chmod(key.path, 0)
    let closed = try LoopbackSocket.refusing()
    let result = try await runWithoutRights(
      home, "watch", "--plain", "--for", "60s", "--ssh-config", "none", "--identity", key.path,
      "127.0.0.1:\(closed.port)")
    #expect(result.code == 1, "\(result)")
    #expect(result.errorText.contains("refused-key"), "\(result)")
    #expect(result.errorText.contains(key.path))
  }

  @Test func aLogThatMayNotBeRead() async throws {
    let home = try CulpritHome()
    let file = try log(home)
    chmod(file, 0)
    let folder = try home.folder.makeFolder("open", mode: 0o777)
    let result = try await runWithoutRights(
      home, "import", "--host", "old", "--db", "\(folder)/history.db", file)
    #expect(result.code == 1, "\(result)")
    #expect(result.errorText.contains("\(file): Permission denied"), "\(result)")
  }

  /// Mode 0640: others have no right, whatever the umask.
  @Test func theHistoryIsNotForOthers() async throws {
    let home = try CulpritHome()
    let result = try await Program.run(
      [
        "sh", "-c", "umask 0; exec \"$0\" \"$@\"", CulpritHome.binary, "import", "--host", "old",
        "--db", home.db, try log(home),
      ], environment: home.environment)
    #expect(result.code == 0, "\(result)")
    for suffix in ["", "-wal", "-shm"] {
      var status = stat()
      guard stat(home.db + suffix, &status) == 0 else { continue }
      #expect(status.st_mode & 0o777 == 0o640, "\(suffix)")
    }
  }
}
