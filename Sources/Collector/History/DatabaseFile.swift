import Foundation
import GRDB
import GRDBSQLite
import Glibc

/// The file on disk: made with its mode, recognised as ours, opened with our settings.
///
/// No descriptor of an existing database is ever opened here except by SQLite: closing any
/// descriptor of a file drops all POSIX locks that the process holds on it, SQLite's too
/// (https://www.sqlite.org/howtocorrupt.html, 2.2).
enum DatabaseFile {
  /// Owner writes, group reads. SQLite gives -wal and -shm the mode of the database.
  static let mode: mode_t = 0o640
  /// Pages after which a commit moves the log into the database: 4 MiB, some 40 s of 1,000 hosts.
  static let checkpointPages = 1_000
  /// The log's file is cut to this after a checkpoint; it passes it only while a reader holds one
  /// snapshot for long. Above what `checkpointPages` fill, so that it isn't cut and grown in turn.
  static let logSizeLimitBytes = 8 << 20
  /// Page cache of the writing connection, KiB. It holds the pages that the next batch touches.
  static let cacheKiB = 4_096

  /// Makes an empty file with our mode where there is none.
  static func create(_ path: String) throws(HistoryError) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    var info = stat()
    guard stat(folder, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
      throw .folderMissing(folder: folder)
    }
    try requireFile(path)
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else {
      if errno == EEXIST { return }
      throw failure(path, "open")
    }
    defer { close(descriptor) }
    // Past the umask.
    guard fchmod(descriptor, mode) == 0 else { throw failure(path, "fchmod") }
    synchronize(folder: folder)
  }

  /// So that the name survives a power cut as the rows in it do. A file system that can't is no
  /// reason not to record.
  private static func synchronize(folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func failure(_ path: String, _ call: String) -> HistoryError {
    switch errno {
    case EACCES, EPERM, EROFS:
      .noPermission(path: path, detail: String(cString: strerror(errno)))
    case ENOSPC, EDQUOT: .diskFull(path: path)
    default: .system(path: path, call: call, errno: errno)
    }
  }

  /// The writing connection.
  static func writer(
    _ path: String, _ durability: HistoryStore.Durability, busySeconds: Double
  ) throws -> DatabaseQueue {
    var configuration = self.configuration(busySeconds)
    configuration.label = "culprit.history.writer"
    configuration.prepareDatabase { db in
      guard sqlite3_db_readonly(db.sqliteConnection, "main") == 0 else {
        throw HistoryError.noPermission(path: path, detail: "not writable by this user")
      }
      if try isNew(db, path) { try layOut(db) }
      try setUp(db, path, durability)
    }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try Schema.migrator.migrate(queue)
    return queue
  }

  /// A connection that only reads.
  static func reader(_ path: String, busySeconds: Double) throws -> DatabaseQueue {
    var configuration = self.configuration(busySeconds)
    configuration.label = "culprit.history.reader"
    configuration.readonly = true
    configuration.prepareDatabase { db in
      guard try !isNew(db, path) else { throw HistoryError.missing(path: path) }
      let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
      guard version == Schema.version else {
        throw HistoryError.olderSchema(path: path, found: version, known: Schema.version)
      }
    }
    return try DatabaseQueue(path: path, configuration: configuration)
  }

  private static func configuration(_ busySeconds: Double) -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(busySeconds)
    configuration.foreignKeysEnabled = false
    return configuration
  }

  /// Whether nothing was written to it yet; throws where it isn't ours, or is of a newer version.
  private static func isNew(_ db: Database, _ path: String) throws -> Bool {
    let application = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
    if application == Schema.applicationID {
      guard version <= Schema.version else {
        throw HistoryError.newerSchema(path: path, found: version, known: Schema.version)
      }
      return false
    }
    guard application == 0, version == 0 else { throw HistoryError.foreign(path: path) }
    if isEmpty { return true }
    // The migrator's own table comes in a transaction before ours: a kill may leave it alone.
    let strangers = try Int.fetchOne(
      db, sql: "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'grdb_migrations'")
    guard strangers == 0 else { throw HistoryError.foreign(path: path) }
    return true
  }

  /// What must stand in the header before the first table does.
  private static func layOut(_ db: Database) throws {
    // So that retention can give room back (https://www.sqlite.org/pragma.html#pragma_auto_vacuum).
    try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
    if try Int.fetchOne(db, sql: "PRAGMA auto_vacuum") != 2 { try db.execute(sql: "VACUUM") }
  }

  private static func setUp(
    _ db: Database, _ path: String, _ durability: HistoryStore.Durability
  ) throws {
    // The -wal and -shm stay when the collector ends: without them a user who may not write to
    // the folder couldn't read (https://www.sqlite.org/wal.html#read_only_databases).
    var keepsLog: CInt = 1
    sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_PERSIST_WAL, &keepsLog)
    let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
    guard journal == "wal" else {
      throw HistoryError.sqlite(
        path: path, code: 1, detail: "no write-ahead log on this file system; use a local one")
    }
    // secure_delete, which Debian builds in, would write every freed page once more, as zeros.
    try db.execute(
      sql: """
        \(durability.pragma)
        PRAGMA wal_autocheckpoint = \(checkpointPages);
        PRAGMA journal_size_limit = \(logSizeLimitBytes);
        PRAGMA cache_size = -\(cacheKiB);
        PRAGMA secure_delete = OFF;
        PRAGMA temp_store = MEMORY;
        """)
  }

  /// Throws where there is no such file, or its folder may not be entered.
  static func requireExistence(_ path: String) throws(HistoryError) {
    try requireFile(path)
    guard access(path, F_OK) != 0 else { return }
    guard errno == ENOENT || errno == ENOTDIR else { throw failure(path, "access") }
    throw .missing(path: path)
  }

  /// Throws where something other than an SQLite database stands there. Only for a process that
  /// hasn't opened it: closing the descriptor drops the locks that it holds.
  static func requireDatabase(_ path: String) throws(HistoryError) {
    try requireFile(path)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var header = [UInt8](repeating: 0, count: 16)
    let count = read(descriptor, &header, header.count)
    // The first bytes of the file format (https://www.sqlite.org/fileformat.html#magic_header_string).
    guard count > 0, header != Array("SQLite format 3\0".utf8) else { return }
    throw .notADatabase(path: path)
  }

  /// Opening a pipe would wait for ever; what isn't there yet may be made.
  private static func requireFile(_ path: String) throws(HistoryError) {
    var info = stat()
    guard stat(path, &info) == 0, info.st_mode & S_IFMT != S_IFREG else { return }
    throw .notAFile(path: path)
  }

  /// Bytes of the database and its write-ahead log on disk.
  static func size(_ path: String) -> Int64 {
    [path, path + "-wal"].reduce(0) { sum, file in
      var info = stat()
      return stat(file, &info) == 0 ? sum + Int64(info.st_size) : sum
    }
  }
}
