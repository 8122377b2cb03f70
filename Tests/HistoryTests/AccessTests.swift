import Foundation
import Glibc
import History
import Records
import Testing

@Suite("The file: modes, who may read, what is refused")
struct AccessTests {
  @Test(arguments: [0o000, 0o022, 0o077, 0o777] as [mode_t])
  func modeIs0640WhateverTheUmask(mask: mode_t) throws {
    let folder = try HistoryFolder()
    // The umask is the process's, so a process of its own has it changed.
    let child = try ChildProcess.start(
      "writesUntilKilled", folder, umask: mask, until: 3)
    defer { child.kill() }
    for suffix in ["", "-wal", "-shm"] { #expect(folder.mode(suffix) == 0o640, "\(suffix)") }
  }

  /// A member of the file's group who may not write to the folder: while a collector writes, after
  /// it ended, and after it was killed.
  @Test(.enabled(if: Command.isRoot, "needs root, to become another user"))
  func groupMemberReadsAlways() throws {
    let folder = try HistoryFolder(under: "/tmp")
    let group: gid_t = 65_533
    try #require(chown(folder.folder, 0, group) == 0 && chmod(folder.folder, 0o2750) == 0)
    let store = try folder.open()
    try store.record([.tick("a", night)])
    #expect(try countAsGroupMember(folder, group) == "1")
    try store.close()
    #expect(try countAsGroupMember(folder, group) == "1")
    #expect(folder.bytes("-wal") == 0)
    let again = try folder.open()
    try again.record([.tick("a", night + 1)])
    #expect(try countAsGroupMember(folder, group) == "2")
    try again.close()

    let child = try ChildProcess.start("writesUntilKilled", folder, until: 20)
    child.kill()
    let rows = try #require(try Int(countAsGroupMember(folder, group)))
    // It goes on after the two rows of host a: 20 is its eighteenth batch.
    #expect(rows >= 2 + 18 * ChildProcess.rowsPerBatch)
    #expect(folder.mode("") == 0o640 && folder.mode("-wal") == 0o640)
    // Nobody else may.
    let stranger = try Command.run(
      ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups"]
        + ["sqlite3", folder.path, "SELECT count(*) FROM vmstat"])
    #expect(stranger.status != 0)
  }

  private func countAsGroupMember(_ folder: HistoryFolder, _ group: gid_t) throws -> String {
    let run = try Command.run(
      ["setpriv", "--reuid=65534", "--regid=\(group)", "--clear-groups"]
        + ["sqlite3", folder.path, "SELECT count(*) FROM vmstat"])
    try #require(run.status == 0, "\(run.error)")
    return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The same through our own reader, which a group member's `culprit watch` uses.
  @Test func readerNeedsNoWriter() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record([.tick("a", night)])
    try store.close()
    let reader = try HistoryStore.openReadOnly(path: folder.path)
    #expect(try reader.samples() == [.tick("a", night)])
    try reader.close()
    #expect(folder.mode("-wal") == 0o640 && folder.mode("-shm") == 0o640)
  }

  @Test func missingFileAndFolderAreNamed() throws {
    let folder = try HistoryFolder()
    #expect(throws: HistoryError.missing(path: folder.path)) {
      try HistoryStore.openReadOnly(path: folder.path)
    }
    #expect(throws: HistoryError.folderMissing(folder: folder.folder + "/no")) {
      try HistoryStore.open(path: folder.folder + "/no/history.db")
    }
    #expect(throws: HistoryError.folderMissing(folder: folder.folder + "/no")) {
      _ = try CollectorLock.acquire(folder.folder + "/no/history.db")
    }
    #expect(folder.bytes() == 0)
  }

  @Test(arguments: [
    "not a database, but some text of more than one line\n", "SQLite format 3\u{0}",
  ])
  func otherFilesAreRefusedAndLeftAlone(text: String) throws {
    let folder = try HistoryFolder()
    let content = Data(String(repeating: text, count: 400).utf8)
    try content.write(to: URL(fileURLWithPath: folder.path))
    #expect(throws: HistoryError.self) { try folder.open() }
    #expect(throws: HistoryError.self) { try HistoryStore.openReadOnly(path: folder.path) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path)) == content)
  }

  @Test func textFileIsSaidToBeNoDatabase() throws {
    let folder = try HistoryFolder()
    try Data(String(repeating: "hello\n", count: 500).utf8)
      .write(to: URL(fileURLWithPath: folder.path))
    #expect(throws: HistoryError.notADatabase(path: folder.path)) { try folder.open() }
  }

  @Test(arguments: [
    "CREATE TABLE bookmarks (url TEXT)", "PRAGMA application_id = 77", "PRAGMA user_version = 3",
  ])
  func otherProgramsDatabaseIsRefused(sql: String) throws {
    let folder = try HistoryFolder()
    _ = try folder.sqlite3(sql, [])
    let before = try Data(contentsOf: URL(fileURLWithPath: folder.path))
    #expect(throws: HistoryError.foreign(path: folder.path)) { try folder.open() }
    #expect(throws: HistoryError.foreign(path: folder.path)) {
      try HistoryStore.openReadOnly(path: folder.path)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path)) == before)
  }

  @Test func newerSchemaIsRefused() throws {
    let folder = try HistoryFolder()
    try folder.open().close()
    let known = try #require(try Int(folder.sqlite3("PRAGMA user_version")[0]))
    _ = try folder.sqlite3("PRAGMA user_version = 1000", [])
    let error = HistoryError.newerSchema(path: folder.path, found: 1000, known: known)
    #expect(throws: error) { try folder.open() }
    #expect(throws: error) { try HistoryStore.openReadOnly(path: folder.path) }
    #expect("\(error)".contains(folder.path) && "\(error)".contains("update culprit"))
  }

  /// A file that was made and nothing more, as a kill in the first moment leaves it.
  @Test(arguments: ["", "PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint"])
  func emptyFileIsTakenOver(sql: String) throws {
    let folder = try HistoryFolder()
    if sql.isEmpty { try Data().write(to: URL(fileURLWithPath: folder.path)) }
    if !sql.isEmpty { _ = try folder.sqlite3(sql, []) }
    #expect(throws: HistoryError.missing(path: folder.path)) {
      try HistoryStore.openReadOnly(path: folder.path)
    }
    try folder.open().record([.tick("a", night)])
    #expect(try folder.sqlite3("PRAGMA auto_vacuum; PRAGMA journal_mode") == ["2", "wal"])
  }

  @Test func headerAndSettingsAreOurs() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    #expect(
      try folder.sqlite3("PRAGMA application_id; PRAGMA journal_mode; PRAGMA auto_vacuum") == [
        "1129663568", "wal", "2",
      ])
    #expect(try store.quickCheck())
  }

  @Test func damageIsReported() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record((0..<5_000).map { .tick("a", night + $0) })
    try store.close()
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path))
    try handle.seek(toOffset: 240_000)
    try handle.write(contentsOf: Data(repeating: 0xA5, count: 60_000))
    try handle.close()
    let damaged = try HistoryStore.openReadOnly(path: folder.path)
    // SQLite either lists what is wrong, or gives up on it.
    let isWhole = (try? damaged.quickCheck()) ?? false
    #expect(!isWhole)
  }
}

/// What can be no database is told at once, and nothing waits for it.
@Suite struct NoFileTests {
  @Test func aPipeAFolderAndADeviceAreRefused() throws {
    let folder = try HistoryFolder()
    let pipe = folder.folder + "/pipe"
    try #require(mkfifo(pipe, 0o600) == 0)
    for path in [pipe, folder.folder, "/dev/null"] {
      #expect(throws: HistoryError.notAFile(path: path)) {
        _ = try HistoryStore.open(path: path)
      }
      #expect(throws: HistoryError.notAFile(path: path)) {
        _ = try HistoryStore.openReadOnly(path: path)
      }
    }
  }
}
