import Foundation
import TestSupport
import Testing

/// What the history says of who waited and who moved bytes, where an agent looked.
@Suite(
  .enabled(if: hasAgent, "culprit-agent isn't built beside culprit"),
  .enabled(if: Machine.hasLoad, Comment(rawValue: Machine.needsLoad)),
  .enabled(if: Machine.isRoot, "needs root: what others move"), .live)
struct PastSuspectTests {
  private let home: CulpritHome

  init() throws { home = try CulpritHome() }

  private func suspects(_ words: String...) async throws -> [[String: Any]] {
    let result = try await home.run(["suspects", "--json", "--db", home.db] + words)
    return result.code == 0 ? try JSONLines.objects(result.outputText) : []
  }

  @Test func waitersAndMoversOfASpan() async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let lock = try await HeldLock.make(.flock)
    let waiter = Int(try #require(lock.waiters.first))
    let writer = try Program([
      "sh", "-c", "while :; do printf %131072s x >\"$0\"; sleep 0.05; done", folder.file("x"),
    ])
    let start = Date()
    let collect = try home.start(["collect", "local", "--db", home.db])
    let lines = try await eventually("both in the history", detail: { collect.errorText }) {
      guard FileManager.default.fileExists(atPath: home.db) else { return nil as [[String: Any]]? }
      let found = try await suspects("--since", "10m", "--rows", "1000")
      // It waits for its children, too, and moved nothing at its first tick.
      let hasWaited = found.contains {
        $0["pid"] as? Int == waiter && $0["wait_seconds"] as? Double ?? 0 >= 0.5
      }
      let hasMoved = found.contains {
        $0["pid"] as? Int == Int(writer.pid) && $0["write_bytes"] as? Int ?? 0 > 65_536
      }
      return hasWaited && hasMoved ? found : nil
    }
    let host = try #require(lines.first?["host"] as? String)
    let waits = try #require(lines.first { $0["pid"] as? Int == waiter })
    #expect(waits["wait_reason"] as? String == "file lock" && waits["state"] as? String == "S")
    #expect(waits["holders"] as? [Int] == [Int(lock.holder)])
    #expect(waits["lock_path"] as? String == lock.path)
    #expect(waits["looks"] as? Int ?? 0 > 0)
    let moves = try #require(lines.first { $0["pid"] as? Int == Int(writer.pid) })
    #expect(moves["covered_seconds"] as? Double ?? 0 > 0, "\(moves)")
    #expect((moves["ancestors"] as? [[String: Any]])?.first?["pid"] as? Int == Int(getpid()))

    let text = try await home.run("suspects", host, "--since", "10m", "--db", home.db)
    #expect(text.code == 0 && text.outputText.contains("lock on \(lock.path)"), "\(text)")
    #expect(text.lines.contains { $0.contains(" \(writer.pid) ") }, "\(text)")
    let check = try await home.run(
      "suspects", "--since", "10m", "--check", "--db", home.db)
    #expect(check.code == 3, "\(check)")
    let show = try await home.run("show", host, "--at", "now", "--window", "10m", "--db", home.db)
    let mover = show.lines.first { $0.hasPrefix("# mover \(writer.pid) ") } ?? ""
    #expect(mover.contains("wrote ") && mover.contains("started by"), "\(show)")
    let suspect = show.lines.first { $0.hasPrefix("# suspect \(waiter) ") } ?? ""
    #expect(suspect.contains("held by \(lock.holder)"), "\(show)")

    // Of a time before nothing can be said, and that is no "nobody".
    let before = ISO8601DateFormatter().string(from: start.addingTimeInterval(-7_200))
    let until = ISO8601DateFormatter().string(from: start.addingTimeInterval(-3_600))
    let nothing = try await home.run(
      "suspects", "--since", before, "--until", until, "--db", home.db)
    #expect(nothing.code == 1 && nothing.errorText.contains("nothing was recorded"), "\(nothing)")
    collect.send(SIGTERM)
    #expect(try await collect.end().code == 0)
    writer.send(SIGKILL)
    try await writer.end()
    try await lock.release()
  }

  @Test(arguments: [
    ["suspects", "--until", "now"], ["suspects", "--since", "1h", "--for", "2s"],
    ["suspects", "--since", "1h", "--until", "2h", "--db", "DB"],
  ])
  func wrongUse(words: [String]) async throws {
    let db = words.contains("DB") ? try await recorded() : ""
    let result = try await home.run(words.map { $0 == "DB" ? db : $0 })
    #expect(result.code == 2 && result.output.isEmpty, "\(result)")
  }

  /// A history with rows of this machine.
  private func recorded() async throws -> String {
    let log = try home.folder.write(
      HostScript.header + "\n" + (0..<5).map(HostScript.row).joined(separator: "\n") + "\n",
      to: "vmstat.log")
    let result = try await home.run("import", log, "--host", "web1", "--db", home.db)
    guard result.code == 0 else { throw TestTrouble("\(result)") }
    return home.db
  }
}
