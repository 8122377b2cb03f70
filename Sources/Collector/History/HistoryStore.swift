import GRDB
import Logging
import Records
import Synchronization

/// The history: one SQLite database in WAL mode that keeps what the fleet's hosts said.
///
/// Every call may come from any thread and blocks until it is done. One process writes (see
/// `CollectorLock`); any number of others read meanwhile, plain `sqlite3` among them, through the
/// views that `Schema` documents.
///
/// A process that is killed at any moment costs nothing that `record` had returned for, and
/// leaves the database whole. What a power cut may cost is `Durability`.
public final class HistoryStore: Sendable {
  /// What a power cut (or a crash of the kernel) may cost. The database stays whole either way.
  /// https://www.sqlite.org/pragma.html#pragma_synchronous
  public enum Durability: Sendable {
    /// Nothing that `record` had returned for, as far as the disk keeps its word: each batch waits
    /// for the disk (one fsync).
    case full
    /// The batches since the last checkpoint that the kernel hadn't written by itself: of the last
    /// 4 MiB of log (some 40 s of 1,000 hosts, 8 minutes of one) what is younger than about 30 s
    /// (`vm.dirty_expire_centisecs`). No batch waits for the disk.
    case normal

    var pragma: String { "PRAGMA synchronous = \(self == .full ? "FULL" : "NORMAL");" }
  }

  public let path: String
  let logger: Logger
  let busySeconds: Double
  private let writer: DatabaseQueue?
  private let reader: DatabaseQueue
  /// Used inside accesses of the writing connection only.
  private let memory = WriterMemory()
  let names = Mutex<[Int64: String]>([:])
  /// Held during a whole run of retention, so that there is one at a time.
  let progress = Mutex(RetentionProgress())

  private init(
    path: String, writer: DatabaseQueue?, reader: DatabaseQueue, busySeconds: Double,
    logger: Logger
  ) {
    self.path = path
    self.writer = writer
    self.reader = reader
    self.busySeconds = busySeconds
    self.logger = logger
  }

  /// Opens the history for writing; makes the file (mode 0640) where there is none, and brings
  /// an older one up to date. The folder must exist.
  ///
  /// - Parameter busySeconds: how long a call waits for another program's write lock.
  public static func open(
    path: String, durability: Durability = .full, busySeconds: Double = 5,
    logger: Logger = Logger(label: "culprit.history")
  ) throws(HistoryError) -> HistoryStore {
    try DatabaseFile.create(path)
    do {
      let writer = try DatabaseFile.writer(path, durability, busySeconds: busySeconds)
      let reader = try DatabaseFile.reader(path, busySeconds: busySeconds)
      return HistoryStore(
        path: path, writer: writer, reader: reader, busySeconds: busySeconds, logger: logger)
    } catch {
      throw HistoryError(error, path: path)
    }
  }

  /// Opens a history that exists, to query or follow it, while a collector writes or not. Needs no
  /// more than the right to read the file.
  public static func openReadOnly(
    path: String, busySeconds: Double = 5, logger: Logger = Logger(label: "culprit.history")
  ) throws(HistoryError) -> HistoryStore {
    try DatabaseFile.requireExistence(path)
    do {
      let reader = try DatabaseFile.reader(path, busySeconds: busySeconds)
      return HistoryStore(
        path: path, writer: nil, reader: reader, busySeconds: busySeconds, logger: logger)
    } catch {
      throw HistoryError(error, path: path)
    }
  }

  /// Stores a batch in one transaction: all of it, or nothing where this throws. Then the same
  /// batch can be given again, as it can after a crash: what is there already is not stored twice.
  ///
  /// Text is made printable and bounded on the way in.
  ///
  /// - Parameter now: the collector's clock, for when a stream was heard of last.
  public func record(
    _ batch: HistoryBatch, now: Timestamp = Timestamp(nanoseconds: 0)
  ) throws(HistoryError) -> RecordResult {
    guard !batch.isEmpty else { return RecordResult() }
    let result = try remembering { memory, db in
      var writer = BatchWriter(db)
      try writer.write(batch, memory, now: now)
      return writer.result
    }
    if result.refused > 0 {
      logger.warning(
        "a host's clock stands still: rows refused", metadata: ["rows": "\(result.refused)"])
    }
    return result
  }

  /// Puts `episodes` in the place of the host's episodes that overlap the span (both ends
  /// included), as after an import. Those with the start of an old one keep its number.
  public func replaceEpisodes(
    host: String, from: Timestamp, to: Timestamp, with episodes: [Episode]
  ) throws(HistoryError) {
    guard from <= to else { return }
    let span = from.nanoseconds...to.nanoseconds
    try remembering { memory, db in
      let id = try memory.servers.entry(of: host, db).id
      let starts = Set(episodes.map(\.start.nanoseconds))
      try EpisodeTable.delete(host: id, overlapping: span, keeping: starts, db)
      for episode in episodes { _ = try EpisodeTable.upsert(episode, host: id, db) }
    }
  }

  /// Runs `body` in a write transaction, with what the writer remembers.
  func remembering<T>(
    _ body: (WriterMemory, Database) throws -> T
  ) throws(HistoryError) -> T {
    let memory = self.memory
    return try maintain { db in
      do {
        return try transaction(.immediate, db) { db in try body(memory, db) }
      } catch {
        memory.removeAll()
        throw error
      }
    }
  }

  /// Changes what a power cut may cost, from the next batch on.
  public func setDurability(_ durability: Durability) throws(HistoryError) {
    try maintain { db in try db.execute(sql: durability.pragma) }
  }

  /// Whether SQLite finds the file whole (`PRAGMA quick_check`). Reads all of it.
  public func quickCheck() throws(HistoryError) -> Bool {
    try read { db in try String.fetchOne(db, sql: "PRAGMA quick_check(1)") } == "ok"
  }

  /// Moves the log into the database and closes both; further calls throw `closed`. The -wal and
  /// -shm stay, so that who may only read can go on reading.
  public func close() throws(HistoryError) {
    do {
      try reader.close()
      try writer?.close()
    } catch {
      throw HistoryError(error, path: path)
    }
  }

  /// Runs `body` in a read transaction of its own. A long one keeps the log from being moved into
  /// the database, so `body` takes a bounded piece and returns.
  func read<T>(_ body: (Database) throws -> T) throws(HistoryError) -> T {
    do {
      return try reader.unsafeRead { db in try transaction(.deferred, db, body) }
    } catch {
      throw HistoryError(error, path: path)
    }
  }

  /// Runs `body` in a write transaction.
  func write<T>(_ body: (Database) throws -> T) throws(HistoryError) -> T {
    try maintain { db in try transaction(.immediate, db, body) }
  }

  /// Runs `body` on the writing connection, outside a transaction.
  func maintain<T>(_ body: (Database) throws -> T) throws(HistoryError) -> T {
    guard let writer else { throw .readOnly(path: path) }
    do {
      return try writer.writeWithoutTransaction { db in
        try requireOpen(db)
        return try body(db)
      }
    } catch {
      throw HistoryError(error, path: path)
    }
  }

  private func transaction<T>(
    _ kind: Database.TransactionKind, _ db: Database, _ body: (Database) throws -> T
  ) throws -> T {
    try requireOpen(db)
    var result: T?
    try db.inTransaction(kind) {
      result = try body(db)
      return .commit
    }
    guard let result else { throw HistoryError.closed(path: path) }
    return result
  }

  /// GRDB's own calls crash on a connection that was closed.
  private func requireOpen(_ db: Database) throws {
    guard db.sqliteConnection != nil else { throw HistoryError.closed(path: path) }
  }
}
