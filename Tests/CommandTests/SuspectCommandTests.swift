import Foundation
import TestSupport
import Testing

/// A task that really waits in `D` (for a frozen file system) becomes a suspect, without an agent.
@Suite(
  .enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)),
  .enabled(if: Machine.canFreeze, "needs root, loop devices, mkfs.ext4 and fsfreeze"), .live)
struct SuspectCommandTests {
  /// vmstat doesn't count who waits for a frozen file system in `b`, so that is played; ps is real.
  private static let script = """
    case "$SSH_ORIGINAL_COMMAND" in
    *"ps -eLo"*) eval "$SSH_ORIGINAL_COMMAND" ;;
    *)
      echo "@cpus 2"
      echo "@clock `date +%s.%N`"
      echo ' r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st'
      while echo ' 0  2  0 100000 100 100 0 0 9 9 100 100 1 1 8 90 0'; do sleep 1; done ;;
    esac

    """

  @Test(arguments: ["libssh2", "openssh"])
  func aWaitingTaskIsNamed(transport: String) async throws {
    let fleet = try await LoopbackFleet.start { _, _ in Self.script }
    let home = fleet.home
    try fleet.writeFile([1], extra: "transport = \"\(transport)\"\n")
    let disk = try await FrozenDisk.make()
    let pid = try #require(disk.writer?.pid)
    do {
      let collect = try home.start(["collect", "--db", home.db] + fleet.arguments)
      try await until("the suspect", within: 60, detail: { collect.errorText }) {
        guard FileManager.default.fileExists(atPath: home.db) else { return false }
        return try await home.number("SELECT count(*) FROM suspect WHERE pid = \(pid)") > 0
      }
      let row = try await home.sqlite(
        "SELECT host, source, user, command FROM suspect WHERE pid = \(pid) LIMIT 1")
      #expect(row.first?.hasPrefix("web1|ps|root|dd if=/dev/zero of=") ?? false, "\(row)")
      let show = try await home.run(
        "show", "web1", "--at", "now", "--window", "10m", "--db", home.db)
      #expect(show.outputText.contains("# suspect \(pid) root dd if="), "\(show)")
      collect.send(SIGTERM)
      #expect(try await collect.end().code == 0)
    } catch {
      try await disk.release()
      throw error
    }
    try await disk.release()
  }
}
