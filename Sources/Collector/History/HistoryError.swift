import GRDB
import Glibc

/// What can go wrong with a history: each says what happened, to which file, and what to do next.
public enum HistoryError: Error, Equatable, CustomStringConvertible {
  /// The folder that the file should stand in doesn't exist.
  case folderMissing(folder: String)
  /// There is no such file, and it was to be read only.
  case missing(path: String)
  /// The file or its folder can't be read or written by this user.
  case noPermission(path: String, detail: String)
  /// A folder, a device, a pipe: nothing that can be a database.
  case notAFile(path: String)
  /// The file is no SQLite database.
  case notADatabase(path: String)
  /// An SQLite database, but another program's.
  case foreign(path: String)
  /// Written by a newer culprit.
  case newerSchema(path: String, found: Int, known: Int)
  /// Opened read-only, and its tables are older than this culprit reads.
  case olderSchema(path: String, found: Int, known: Int)
  /// Opened read-only, so nothing can be written.
  case readOnly(path: String)
  /// Another process held the write lock for longer than the busy timeout.
  case busy(path: String)
  /// No room on the file system; nothing of the call was stored, and it can be made again.
  case diskFull(path: String)
  /// SQLite found the file damaged.
  case corrupt(path: String, detail: String)
  /// The store was closed before.
  case closed(path: String)
  /// Another collector writes this history.
  case collectorRunning(path: String, pid: Int32, since: String)
  /// A system call failed.
  case system(path: String, call: String, errno: Int32)
  /// Any other failure of SQLite.
  case sqlite(path: String, code: Int, detail: String)

  public var description: String {
    switch self {
    case .folderMissing(let folder):
      "the folder \(folder) doesn't exist; make it first: mkdir -p -m 0750 \(folder)"
    case .missing(let path):
      "\(path): no such history; name the right file with --db, or start `culprit collect` first"
    case .noPermission(let path, let detail):
      "\(path): \(detail); run as the user that collects, or join the group that owns the file"
    case .notAFile(let path):
      "\(path) is no regular file; name a history with --db FILE"
    case .notADatabase(let path):
      "\(path) is no SQLite database; name another file with --db"
    case .foreign(let path):
      "\(path) is a database of another program; name another file with --db"
    case .newerSchema(let path, let found, let known):
      "\(path) was written by a newer culprit (schema \(found), this one knows \(known)); "
        + "update culprit"
    case .olderSchema(let path, let found, let known):
      "\(path) has schema \(found), this culprit reads \(known); "
        + "start `culprit collect` on it once, it brings the file up to date"
    case .readOnly(let path):
      "\(path) was opened for reading only"
    case .busy(let path):
      "\(path): another program kept it locked; end what writes to it, then try again"
    case .diskFull(let path):
      "\(path): no room left on its file system; free some, or lower max_size in the fleet file"
    case .corrupt(let path, let detail):
      "\(path) is damaged (\(detail)); stop the collector, keep a copy, and save what can be read: "
        + "sqlite3 \(path) .recover | sqlite3 saved.db"
    case .closed(let path):
      "\(path) was closed already"
    case .collectorRunning(let path, let pid, let since):
      "\(path) is written by a collector already (pid \(pid == 0 ? "unknown" : String(pid))"
        + "\(since.isEmpty ? "" : ", since \(since)")); stop that one, or follow it: culprit watch"
    case .system(let path, let call, let errno):
      "\(path): \(call): \(String(cString: strerror(errno)))"
    case .sqlite(let path, let code, let detail):
      "\(path): SQLite error \(code): \(detail)"
    }
  }
}

extension HistoryError {
  /// What `error`, thrown while `path` was worked on, means to the user.
  init(_ error: any Error, path: String) {
    switch error {
    case let known as HistoryError: self = known
    case let failure as DatabaseError: self.init(failure, path: path)
    default: self = .sqlite(path: path, code: 1, detail: "\(error)")
    }
  }

  private init(_ failure: DatabaseError, path: String) {
    let detail = failure.message ?? "no message"
    switch failure.resultCode {
    case .SQLITE_FULL: self = .diskFull(path: path)
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path: path)
    case .SQLITE_NOTADB: self = .notADatabase(path: path)
    case .SQLITE_CORRUPT: self = .corrupt(path: path, detail: detail)
    case .SQLITE_MISUSE: self = .closed(path: path)
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
      self = .noPermission(path: path, detail: HistoryError.accessDetail(path, detail))
    // SQLite says "full" only where a write was refused; growing the -shm fails as an I/O error.
    case .SQLITE_IOERR where HistoryError.isDiskFull(path): self = .diskFull(path: path)
    default:
      self = .sqlite(path: path, code: Int(failure.extendedResultCode.rawValue), detail: detail)
    }
  }

  /// A WAL database needs its -wal and -shm beside it, even to be read.
  /// https://www.sqlite.org/wal.html#read_only_databases
  private static func accessDetail(_ path: String, _ detail: String) -> String {
    let hasLog = access(path + "-wal", F_OK) == 0 && access(path + "-shm", F_OK) == 0
    guard !hasLog, access(path, R_OK) == 0 else { return detail }
    return "\(detail) (its -wal or -shm is gone, which `culprit collect` puts back)"
  }

  private static func isDiskFull(_ path: String) -> Bool {
    var info = statvfs()
    return statvfs(path, &info) == 0 && info.f_bavail == 0
  }
}
