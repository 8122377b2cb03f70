import Bytes
import Foundation
import Glibc

/// The right to collect into a history: held by one process at a time, and by nobody once that
/// process is gone, however it ended (flock(2)).
///
/// It is a file of its own, `PATH-collector`: closing a descriptor of the database itself would
/// drop SQLite's locks. The file holds two lines of text, the holder's pid and since when. It is
/// never deleted: a second process could then hold the lock of a file that has no name.
public struct CollectorLock: ~Copyable, Sendable {
  /// A reader that asks for the holder takes the lock for an instant; so try again for a while.
  private static let attempts = 10
  private static let pauseMicroseconds: UInt32 = 20_000

  private let descriptor: Int32

  private init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit { Glibc.close(descriptor) }

  /// The lock's file beside the database at `path`.
  public static func file(of path: String) -> String { path + "-collector" }

  /// Takes the lock of the history at `path`, which need not exist yet (its folder must).
  public static func acquire(_ path: String) throws(HistoryError) -> CollectorLock {
    // Nothing is left beside a file that can be no history.
    try DatabaseFile.requireDatabase(path)
    let file = file(of: path)
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { throw openFailure(file) }
    // From here on the descriptor has its owner, which closes it on a throw.
    let lock = CollectorLock(descriptor: descriptor)
    for attempt in 1... {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { break }
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw .system(path: file, call: "flock", errno: errno)
      }
      guard attempt < attempts else {
        let holder = readHolder(descriptor)
        throw .collectorRunning(path: path, pid: holder.pid, since: holder.since)
      }
      usleep(pauseMicroseconds)
    }
    try lock.sign(file)
    return lock
  }

  /// The pid of the process that collects into the history at `path`; 0 where one does but its
  /// pid can't be read; `nil` where none does, or the lock's file may not be read.
  public static func holder(of path: String) -> pid_t? {
    let descriptor = open(file(of: path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // Shared, so that readers don't take each other for a collector; closing gives it back.
    if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
    return errno == EWOULDBLOCK ? readHolder(descriptor).pid : nil
  }

  private static func openFailure(_ file: String) -> HistoryError {
    switch errno {
    case ENOENT, ENOTDIR:
      .folderMissing(folder: URL(fileURLWithPath: file).deletingLastPathComponent().path)
    case EACCES, EPERM, EROFS:
      .noPermission(path: file, detail: String(cString: strerror(errno)))
    default: .system(path: file, call: "open", errno: errno)
    }
  }

  private func sign(_ file: String) throws(HistoryError) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let time = RFC3339.string(nanoseconds: Int64(now.tv_sec) * 1_000_000_000)
    let text = Array("\(getpid())\n\(time)\n".utf8)
    // Past the umask, so that who may read the history may ask for its collector.
    _ = fchmod(descriptor, 0o640)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count
    else {
      let code = errno
      throw code == ENOSPC
        ? .diskFull(path: file) : .system(path: file, call: "write", errno: code)
    }
  }

  private static func readHolder(_ descriptor: Int32) -> (pid: pid_t, since: String) {
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return (0, "") }
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    let since = lines.count > 1 ? Printable.text(lines[1], limit: 40) : ""
    return (lines.first.flatMap { pid_t($0) } ?? 0, since)
  }
}
