import GRDB
import GRDBSQLite

/// A prepared statement of the connection's cache, bound and stepped by SQLite's own functions.
///
/// GRDB's arguments and rows cost some 10 µs for a row of 27 columns, ten times what SQLite needs
/// to store it; so the tick table goes this way, everything else through GRDB.
///
/// Only valid inside the database access that made it: it never leaves that closure, and the
/// connection isn't used by another thread meanwhile.
struct BoundStatement {
  private let statement: Statement
  private let connection: SQLiteConnection?
  let handle: SQLiteStatement

  init(_ sql: String, _ db: Database) throws {
    statement = try db.cachedStatement(sql: sql)
    connection = db.sqliteConnection
    handle = statement.sqliteStatement
    sqlite3_reset(handle)
  }

  /// Parameters count from 1, as in SQLite. A value can only be refused for a wrong index, which
  /// the step after it reports.
  func bind(_ value: Int64, at index: Int32) {
    sqlite3_bind_int64(handle, index, value)
  }

  func bind(_ value: Int64?, at index: Int32) {
    if let value { bind(value, at: index) } else { sqlite3_bind_null(handle, index) }
  }

  func bind(_ value: Double?, at index: Int32) {
    if let value {
      sqlite3_bind_double(handle, index, value)
    } else {
      sqlite3_bind_null(handle, index)
    }
  }

  /// SQLite takes a copy.
  func bind(_ text: String?, at index: Int32) {
    guard var text else {
      sqlite3_bind_null(handle, index)
      return
    }
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        _ = sqlite3_bind_text(handle, index, $0.baseAddress, Int32($0.count), Self.copied)
      }
    }
  }

  func bind(_ blob: [UInt8], at index: Int32) {
    blob.withUnsafeBytes {
      _ = sqlite3_bind_blob(handle, index, $0.baseAddress, Int32($0.count), Self.copied)
    }
  }

  /// SQLITE_TRANSIENT (https://www.sqlite.org/c3ref/c_static.html), which Swift can't see.
  private static var copied: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }

  /// Whether there is a row to read; on `false` or a throw the statement is reset.
  func step() throws -> Bool {
    let code = sqlite3_step(handle)
    if code == SQLITE_ROW { return true }
    guard code == SQLITE_DONE else {
      let failure = DatabaseError(
        resultCode: ResultCode(rawValue: code), message: message, sql: statement.sql)
      reset()
      throw failure
    }
    reset()
    return false
  }

  /// Runs a statement that returns no rows; how many rows it changed.
  @discardableResult
  func run() throws -> Int {
    while try step() {}
    return Int(sqlite3_changes(connection))
  }

  /// Ends the reading of a statement before its last row.
  func reset() {
    sqlite3_reset(handle)
  }

  /// Columns count from 0, as in SQLite.
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  func integerOrNil(_ column: Int32) -> Int64? {
    sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : integer(column)
  }

  func realOrNil(_ column: Int32) -> Double? {
    sqlite3_column_type(handle, column) == SQLITE_NULL
      ? nil : sqlite3_column_double(handle, column)
  }

  func text(_ column: Int32) -> String? {
    sqlite3_column_text(handle, column).map { String(cString: $0) }
  }

  func bytes(_ column: Int32) -> [UInt8] {
    guard let start = sqlite3_column_blob(handle, column) else { return [] }
    return Array(
      UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
  }

  private var message: String {
    connection.map { String(cString: sqlite3_errmsg($0)) } ?? "closed"
  }
}
