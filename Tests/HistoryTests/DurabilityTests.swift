import Foundation
import Glibc
import History
import Records
import Testing

@Suite("What a kill, another process and a full disk cost")
struct DurabilityTests {
  /// `kill -9` of a process that writes, several times over on one file: everything it had been
  /// told was stored is there, whole batches only, and the file is sound.
  @Test(arguments: ["full", "normal"])
  func killCostsNothingThatWasAcknowledged(durability: String) throws {
    let folder = try HistoryFolder()
    var acknowledged = 0
    for round in 1...4 {
      let child = try ChildProcess.start(
        "writesUntilKilled", folder, durability: durability,
        until: acknowledged + 7)
      // At another point of a batch each time.
      usleep(UInt32(round) * 3_700)
      child.kill()
      acknowledged = try child.acknowledged()
      #expect(try folder.sqlite3("PRAGMA quick_check; PRAGMA integrity_check") == ["ok", "ok"])
      let store = try HistoryStore.openReadOnly(path: folder.path)
      #expect(try store.quickCheck())
      let rows = try store.hosts().map(\.rows)
      let batches = try #require(rows.first)
      #expect(rows == Array(repeating: batches, count: ChildProcess.rowsPerBatch))
      // The one more that may be there: stored, but killed before it was written down.
      #expect(batches == acknowledged || batches == acknowledged + 1)
      var found = 0
      try store.forEachSample(hosts: ["host3"]) { sample in
        found += 1
        #expect(sample == .tick("host3", night + found, r: Int64(found)))
        return true
      }
      #expect(found == Int(batches))
      #expect(try store.hosts().first { $0.status.host == "host1" }?.status.reconnects == found)
      #expect(try store.openEpisodes().count == found)
    }
  }

  @Test func killDuringRetentionLeavesTheFileWhole() throws {
    let folder = try HistoryFolder()
    for round in 1...3 {
      let child = try ChildProcess.start(
        "retainsUntilKilled", folder, durability: "normal", until: 1)
      usleep(UInt32(round) * 7_300)
      child.kill()
      try? FileManager.default.removeItem(
        atPath: ChildProcess.acknowledgementFile(folder.path))
      #expect(try folder.sqlite3("PRAGMA integrity_check") == ["ok"])
      #expect(
        try folder.sqlite3("SELECT sum(rows) FROM host")
          == folder.sqlite3("SELECT count(*) FROM vmstat"))
    }
  }

  /// Other processes read while we write: they see whole batches only, and nobody is refused.
  @Test func otherProcessesReadWhileWeWrite() async throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record(ChildFunctions.batch(1).samples)
    let reading = Task.detached { [path = folder.path] in
      var counts: [Int] = []
      for _ in 0..<20 {
        let run = try Command.run([
          "sqlite3", "-readonly", path, "SELECT count(*) FROM vmstat",
        ])
        try #require(run.status == 0, "\(run.error)")
        counts.append(Int(run.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1)
      }
      return counts
    }
    var batches = 1
    while batches < 400 {
      batches += 1
      let result = try store.record(ChildFunctions.batch(batches))
      #expect(result.stored == ChildProcess.rowsPerBatch)
    }
    let counts = try await reading.value
    #expect(counts.allSatisfy { $0 > 0 && $0 % ChildProcess.rowsPerBatch == 0 })
    #expect(counts == counts.sorted())
    #expect(
      try folder.sqlite3("SELECT count(*) FROM vmstat") == ["\(400 * ChildProcess.rowsPerBatch)"])
  }

  /// Another program's write transaction: waited for, then said; afterwards the batch goes in.
  @Test func foreignWriteLockIsBusy() throws {
    let folder = try HistoryFolder()
    let store = try HistoryStore.open(path: folder.path, busySeconds: 0.2)
    let other = Process()
    let input = Pipe()
    let output = Pipe()
    other.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    other.arguments = ["sqlite3", folder.path]
    other.standardInput = input
    other.standardOutput = output
    try other.run()
    input.fileHandleForWriting.write(Data("BEGIN IMMEDIATE; SELECT 'locked';\n".utf8))
    #expect(
      String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "locked\n")
    #expect(throws: HistoryError.busy(path: folder.path)) { try store.record([.tick("a", night)]) }
    input.fileHandleForWriting.write(Data("ROLLBACK;\n.quit\n".utf8))
    other.waitUntilExit()
    #expect(try store.record([.tick("a", night)]).stored == 1)
  }

  /// The disk fills up under the database: said as that, nothing half stored, and the same batch
  /// goes in when there is room again.
  @Test(.enabled(if: Command.isRoot, "needs root, to mount a small file system"))
  func fullDiskLeavesTheStoreUsable() throws {
    let mount = try HistoryFolder()
    let size = "size=1m"
    let mounted = try Command.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", mount.folder])
    try #require(mounted.status == 0, "\(mounted.error)")
    defer { _ = try? Command.run(["umount", "-l", mount.folder]) }
    let ballast = mount.folder + "/ballast"
    #expect(FileManager.default.createFile(atPath: ballast, contents: Data(count: 250_000)))
    let store = try mount.open(durability: .full)
    var stored = 0
    var refused: HistoryBatch?
    for number in 1...2_000 {
      // With a host that is new, whose number must not outlive a batch that was refused.
      var batch = ChildFunctions.batch(number)
      batch.samples[0].host = "new\(number)"
      do {
        _ = try store.record(batch)
        stored = number
      } catch {
        #expect(error == HistoryError.diskFull(path: mount.path))
        refused = batch
        break
      }
    }
    let batch = try #require(refused, "a disk of 1 MB must have filled")
    #expect(throws: HistoryError.diskFull(path: mount.path)) { try store.record(batch) }
    #expect(try store.rows(of: "host3") == Int64(stored))
    #expect(
      try mount.sqlite3("SELECT count(*) FROM vmstat") == ["\(stored * ChildProcess.rowsPerBatch)"])
    try FileManager.default.removeItem(atPath: ballast)
    #expect(try store.record(batch).stored == ChildProcess.rowsPerBatch)
    #expect(try store.rows(of: "host3") == Int64(stored + 1))
    #expect(try store.rows(of: batch.samples[0].host) == 1)
    #expect(try store.samples(hosts: [batch.samples[0].host]) == [batch.samples[0]])
    #expect(try store.quickCheck())
    try store.close()
  }
}
