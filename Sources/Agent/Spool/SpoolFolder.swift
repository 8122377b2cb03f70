import CSystem
import Glibc

/// The folder that a spool is in, held by one agent at a time. It owns its descriptors.
///
/// Files are reached relative to it, so that a folder that is moved stays ours.
final class SpoolFolder: Sendable {
  let path: String
  private let descriptor: Int32
  /// Locked for as long as it is open (flock(2)).
  private let lock: Int32

  /// Enters the folder, makes it (0700) where there is none, and takes its lock.
  init(_ path: String) throws(SpoolError) {
    let making = mkdir(path, 0o700) == 0 ? 0 : errno
    let folder = culprit_open_at(AT_FDCWD, path, O_DIRECTORY)
    guard folder >= 0 else {
      // Why it couldn't be made says more than that it isn't there.
      throw .folder(path: path, errno: making == 0 || making == EEXIST ? -folder : making)
    }
    let lock = culprit_open("\(path)/lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
    guard lock >= 0 else {
      let code = errno
      close(folder)
      throw .folder(path: path, errno: code)
    }
    guard SpoolFolder.hasTaken(lock) else {
      let pid = SpoolFolder.holder(lock)
      close(lock)
      close(folder)
      throw .inUse(path: path, pid: pid)
    }
    self.path = path
    (descriptor, self.lock) = (folder, lock)
    let text = Array("\(getpid())\n".utf8)
    if ftruncate(lock, 0) == 0 {
      _ = text.withUnsafeBytes { pwrite(lock, $0.baseAddress, $0.count, 0) }
    }
  }

  deinit {
    close(lock)
    close(descriptor)
  }

  /// One that was just killed, or a child that was forked and runs nothing else yet, may have it a
  /// moment longer.
  private static func hasTaken(_ lock: Int32) -> Bool {
    for _ in 0..<50 {
      if flock(lock, LOCK_EX | LOCK_NB) == 0 { return true }
      usleep(10_000)
    }
    return false
  }

  private static func holder(_ lock: Int32) -> Int32? {
    var text = [UInt8](repeating: 0, count: 16)
    let count = text.withUnsafeMutableBytes { pread(lock, $0.baseAddress, $0.count, 0) }
    guard count > 0 else { return nil }
    return Int32(String(decoding: text[..<count].prefix { $0 != 0x0A }, as: UTF8.self))
  }

  func place(_ name: String) -> String { "\(path)/\(name)" }

  /// Names of all files, in the order of their text.
  func names() throws(SpoolError) -> [String] {
    guard let folder = opendir(path) else { throw .folder(path: path, errno: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names.sorted()
  }

  /// Opens a file for reading; what was read last isn't written down where that can be had.
  func openToRead(_ name: String) throws(SpoolError) -> SpoolFile {
    let quiet = name.withCString { culprit_open_quietly_at(descriptor, $0, O_NOFOLLOW) }
    let file =
      quiet >= 0 ? quiet : name.withCString { culprit_open_at(descriptor, $0, O_NOFOLLOW) }
    guard file >= 0 else { throw .file(path: place(name), errno: -file) }
    return SpoolFile(file, path: place(name))
  }

  /// Makes a file that must not be there yet, to be written.
  func create(_ name: String) throws(SpoolError) -> SpoolFile {
    let file = name.withCString { culprit_create_at(descriptor, $0, 0o600) }
    guard file >= 0 else { throw .file(path: place(name), errno: -file) }
    return SpoolFile(file, path: place(name))
  }

  func remove(_ name: String) throws(SpoolError) {
    guard name.withCString({ unlinkat(descriptor, $0, 0) }) == 0 || errno == ENOENT else {
      throw .file(path: place(name), errno: errno)
    }
  }

  func rename(_ old: String, to new: String) throws(SpoolError) {
    let result = old.withCString { from in
      new.withCString { renameat(descriptor, from, descriptor, $0) }
    }
    guard result == 0 else { throw .file(path: place(new), errno: errno) }
  }

  /// Makes names last: a rename is on the disk only after this.
  func sync() { fsync(descriptor) }
}

/// An open file of a spool. It owns its descriptor.
struct SpoolFile: ~Copyable {
  private let descriptor: Int32
  let path: String

  init(_ descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  var size: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Bytes `start` to `start + count`; fewer where the file ends before.
  func read(from start: Int, count: Int) throws(SpoolError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress?.advanced(by: done), count - done, off_t(start + done))
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .file(path: path, errno: errno) }
      if got == 0 { break }
      done += got
    }
    if done < count { bytes.removeLast(count - done) }
    return bytes
  }

  /// Writes all of `bytes` at `start`, or throws.
  func write(_ bytes: Span<UInt8>, at start: Int) throws(SpoolError) {
    var done = 0
    while done < bytes.count {
      let put = bytes.withUnsafeBytes {
        pwrite(
          descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(start + done))
      }
      if put < 0, errno == EINTR { continue }
      guard put > 0 else { throw .file(path: path, errno: put == 0 ? ENOSPC : errno) }
      done += put
    }
  }

  func cut(to size: Int) { _ = ftruncate(descriptor, off_t(size)) }

  /// Waits until what was written is on the disk.
  func sync() throws(SpoolError) {
    guard fdatasync(descriptor) == 0 else { throw .file(path: path, errno: errno) }
  }
}
