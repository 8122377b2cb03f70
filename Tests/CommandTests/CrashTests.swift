import Foundation
import TestSupport
import Testing

/// A collector that is killed, and a disk that is full: no row that was seen is lost, and none is
/// stored twice.
@Suite(
  .enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)),
  .enabled(if: Machine.has("sqlite3"), Comment(rawValue: needsSQLite)), .live)
struct CrashTests {
  /// A host whose rows are numbered on from one connection to the next.
  private func countingFleet(home: CulpritHome? = nil) async throws -> LoopbackFleet {
    try await LoopbackFleet.start(home: home) { _, home in
      HostScript.counting(
        counter: home.folder.file("counter"), log: home.folder.file("printed"))
    }
  }

  private func stored(_ home: CulpritHome, db: String? = nil) async throws -> [Int] {
    try await home.sqlite("SELECT free - 100000 FROM vmstat ORDER BY 1", db: db)
      .compactMap { Int($0) }
  }

  @Test func beingKilledAtAnyMomentLosesNothing() async throws {
    let fleet = try await countingFleet()
    let home = fleet.home
    var seen: Set<Int> = []
    for round in 1...6 {
      let collect = try home.start(["collect", "--db", home.db] + fleet.arguments)
      try await until("rows of round \(round)", detail: { collect.errorText }) {
        try await home.number("SELECT count(*) FROM vmstat") > seen.count
      }
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...1200)))
      seen.formUnion(try await stored(home))
      collect.send(SIGKILL)
      #expect(try await collect.end().code == -SIGKILL)

      #expect(try await home.sqlite("PRAGMA quick_check") == ["ok"])
      let after = try await stored(home)
      #expect(seen.isSubset(of: after), "round \(round): lost \(seen.subtracting(after).sorted())")
      #expect(Set(after).count == after.count, "round \(round)")
      seen = Set(after)
      // The host's state is told honestly: nobody is connected to it.
      #expect(try await home.state(of: "web1") == "stopped")
    }
    // Every row that is stored was printed, with the second that it was printed with.
    let printed = Set(home.folder.read("printed").split(separator: "\n").compactMap { Int($0) })
    #expect(seen.isSubset(of: printed))
    let wrong = try await home.sqlite(
      "SELECT count(*) FROM vmstat WHERE time_ns / 1000000000 <> "
        + "\(HostScript.startSeconds) + free - 100000")
    #expect(wrong == ["0"])
    // And a collector still works on it.
    let collect = try home.start(["collect", "--db", home.db] + fleet.arguments)
    try await until("rows of a last round", detail: { collect.errorText }) {
      try await home.number("SELECT count(*) FROM vmstat") > seen.count
    }
    collect.send(SIGTERM)
    #expect(try await collect.end().code == 0)
    let final = try await stored(home)
    let host = try #require(try await home.hosts()["web1"])
    #expect(host["rows"] as? Int == final.count)
  }

  /// Killed while it makes the file: the next one goes on with what is there.
  @Test func beingKilledAtTheStartIsHarmless() async throws {
    let fleet = try await countingFleet()
    let home = fleet.home
    for milliseconds in [1, 3, 6, 10, 20, 30, 40, 60, 80, 120] {
      let collect = try home.start(["collect", "--db", home.db] + fleet.arguments)
      try await Task.sleep(for: .milliseconds(milliseconds))
      collect.send(SIGKILL)
      try await collect.end()
    }
    let collect = try home.start(["collect", "--db", home.db] + fleet.arguments)
    try await until("a row", detail: { collect.errorText }) {
      try await home.number("SELECT count(*) FROM vmstat") > 0
    }
    collect.send(SIGTERM)
    #expect(try await collect.end().code == 0)
    #expect(try await home.sqlite("PRAGMA quick_check") == ["ok"])
  }

  // MARK: - A full disk

  @Test(.enabled(if: SmallDisk.isPossible, "needs root and the right to mount a tmpfs"))
  func aFullDiskLosesNoRow() async throws {
    let home = try CulpritHome()
    let disk = try await SmallDisk(home.folder.makeFolder("disk"))
    let db = "\(disk.path)/history.db"
    let fleet = try await countingFleet(home: home)
    let collect = try home.start(["collect", "--db", db] + fleet.arguments)
    try await until("rows", detail: { collect.errorText }) {
      try await home.number("SELECT count(*) FROM vmstat", db: db) >= 5
    }
    try disk.fill()
    try await until("the complaint", within: 60, detail: { collect.errorText }) {
      // What was freed by the database itself is filled again.
      try disk.fill()
      return collect.errorText.contains("no room left")
    }
    #expect(collect.errorText.contains(db))
    #expect(collect.errorText.contains("free some"))
    #expect(collect.errorText.contains("wait in memory"))
    let during = home.folder.read("printed").split(separator: "\n").count
    try await until("more rows to wait") {
      home.folder.read("printed").split(separator: "\n").count > during + 20
    }
    #expect(!collect.hasEnded)
    try disk.empty()
    try await until("the rows that waited", within: 60, detail: { collect.errorText }) {
      collect.errorText.contains("written again")
    }
    collect.send(SIGTERM)
    let result = try await collect.end()
    #expect(result.code == 0, "\(result)")
    let stored = try await stored(home, db: db)
    #expect(stored == Array(2...(stored.last ?? 0)))
    #expect((stored.last ?? 0) > during + 10)
    #expect(try await home.sqlite("PRAGMA quick_check", db: db) == ["ok"])
  }

  @Test(.enabled(if: SmallDisk.isPossible, "needs root and the right to mount a tmpfs"))
  func aDiskThatIsFullFromTheStartIsTold() async throws {
    let home = try CulpritHome()
    let disk = try await SmallDisk(home.folder.makeFolder("disk"))
    try disk.fill()
    let result = try await home.run(
      "collect", "local", "--db", "\(disk.path)/history.db", "--for", "2s")
    #expect(result.code == 1, "\(result)")
    #expect(result.errorText.contains("no room left"), "\(result)")
  }
}

/// A file system of 2 MiB, mounted over a folder.
final class SmallDisk {
  let path: String

  static let isPossible: Bool = {
    guard Machine.isRoot, let folder = try? TestFolder() else { return false }
    guard mount("tmpfs", folder.path, "tmpfs", 0, nil) == 0 else { return false }
    umount2(folder.path, Int32(MNT_DETACH))
    return true
  }()

  init(_ path: String) async throws {
    self.path = path
    try await Program.output("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path)
  }

  deinit {
    umount2(path, Int32(MNT_DETACH))
  }

  /// Takes all the room that is left.
  func fill() throws {
    let descriptor = open("\(path)/filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    for size in [65536, 4096, 1] {
      let bytes = [UInt8](repeating: 0, count: size)
      while write(descriptor, bytes, size) == size {}
    }
  }

  /// Gives it back.
  func empty() throws {
    try FileManager.default.removeItem(atPath: "\(path)/filler")
  }
}
