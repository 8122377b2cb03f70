import Bytes
import CSystem
import Glibc

/// An open folder. What is in it is reached relative to its descriptor, name by name, and no link is
/// ever followed: one that somebody puts in the way meanwhile leads nowhere. It owns its descriptor.
final class Folder {
  let descriptor: Int32
  /// For messages, fit for a terminal.
  let path: String

  private init(_ descriptor: Int32, _ path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// The folder at a path that the user named: links on the way are theirs.
  convenience init(_ path: [UInt8]) throws(EncapError) {
    let shown = Printable.text(path.span, limit: 300)
    let folder = Folder.withName(path) { culprit_open_at(AT_FDCWD, $0, O_DIRECTORY) }
    guard folder >= 0 else { throw .system(action: "open", path: shown, errno: -folder) }
    self.init(folder, shown)
  }

  /// Calls `body` with the name as C has it.
  static func withName<Result>(
    _ name: some Sequence<UInt8>, _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    let name = name.map { CChar(bitPattern: $0) } + [0]
    return name.withUnsafeBufferPointer { buffer in
      // It ends in a zero, so it isn't empty.
      buffer.baseAddress.map(body) ?? body([0])
    }
  }

  func shown(_ name: some Sequence<UInt8>) -> String {
    let bytes = Array(name)
    return bytes.isEmpty ? path : "\(path)/\(Printable.text(bytes.span, limit: 300))"
  }

  private func failed(_ action: String, _ name: some Sequence<UInt8>) -> EncapError {
    let code = errno
    return .system(action: action, path: shown(name), errno: code)
  }

  /// The folder of that name in it, which must be no link.
  func folder(_ name: some Sequence<UInt8>) throws(EncapError) -> Folder {
    let found = Folder.withName(name) {
      culprit_open_at(descriptor, $0, O_DIRECTORY | O_NOFOLLOW)
    }
    guard found >= 0 else {
      throw .system(action: "open the folder", path: shown(name), errno: -found)
    }
    return Folder(found, shown(name))
  }

  /// The folder below it.
  func folder(at path: EncapPath) throws(EncapError) -> Folder {
    var folder = self
    for name in path.names { folder = try folder.folder(name) }
    return folder
  }

  /// The file of that name, to be read; `nil` where there is none.
  func file(_ name: some Sequence<UInt8>, flags: Int32 = 0) throws(EncapError) -> OpenFile? {
    let found = Folder.withName(name) { culprit_open_at(descriptor, $0, O_NOFOLLOW | flags) }
    guard found >= 0 else {
      if found == -ENOENT { return nil }
      throw .system(action: "open", path: shown(name), errno: -found)
    }
    let file = OpenFile(found, shown(name))
    guard file.isRegular else { throw .badFile(path: file.path, line: nil, why: "no plain file") }
    return file
  }

  /// A new file of that name, to be written.
  func create(_ name: some Sequence<UInt8>, mode: mode_t = 0o644) throws(EncapError) -> OpenFile {
    let made = Folder.withName(name) { culprit_create_at(descriptor, $0, mode) }
    guard made >= 0 else { throw .system(action: "make", path: shown(name), errno: -made) }
    return OpenFile(made, shown(name))
  }

  /// What is there under that name itself; `nil` where nothing is.
  func status(_ name: some Sequence<UInt8>) throws(EncapError) -> stat? {
    var status = stat()
    let result = Folder.withName(name) {
      fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW)
    }
    guard result == 0 else {
      if errno == ENOENT { return nil }
      throw failed("look at", name)
    }
    return status
  }

  /// What a link of that name leads to in the end; `nil` where that is nothing.
  func destination(of name: some Sequence<UInt8>) -> stat? {
    var status = stat()
    let result = Folder.withName(name) { fstatat(descriptor, $0, &status, 0) }
    return result == 0 ? status : nil
  }

  /// What is written in a link; `nil` where there is none of that name.
  func linkText(_ name: some Sequence<UInt8>) throws(EncapError) -> [UInt8]? {
    var text = [UInt8](repeating: 0, count: EncapPath.limit + 1)
    let count = Folder.withName(name) { name in
      text.withUnsafeMutableBytes { bytes in
        bytes.withMemoryRebound(to: CChar.self) { buffer in
          buffer.baseAddress.map { readlinkat(descriptor, name, $0, buffer.count) } ?? 0
        }
      }
    }
    guard count >= 0 else {
      if errno == ENOENT || errno == EINVAL { return nil }
      throw failed("read the link", name)
    }
    text.removeLast(text.count - count)
    return text
  }

  /// Whether something may be made in it.
  var isWritable: Bool { faccessat(descriptor, ".", W_OK, 0) == 0 }

  func makeFolder(_ name: some Sequence<UInt8>, mode: mode_t = 0o755) throws(EncapError) {
    let result = Folder.withName(name) { mkdirat(descriptor, $0, mode) }
    guard result == 0 else { throw failed("make the folder", name) }
  }

  func makeLink(_ name: some Sequence<UInt8>, to text: [UInt8]) throws(EncapError) {
    let result = Folder.withName(name) { name in
      Folder.withName(text) { symlinkat($0, descriptor, name) }
    }
    guard result == 0 else { throw failed("make the link", name) }
  }

  func rename(
    _ old: some Sequence<UInt8>, to new: some Sequence<UInt8>, in folder: Folder? = nil
  ) throws(EncapError) {
    let result = Folder.withName(old) { old in
      Folder.withName(new) { renameat(descriptor, old, (folder ?? self).descriptor, $0) }
    }
    guard result == 0 else { throw failed("rename to", new) }
  }

  /// Lets two names change places at once (renameat2(2), Linux 3.15); `false` where the kernel or the
  /// file system can't.
  func exchange(_ one: some Sequence<UInt8>, _ other: some Sequence<UInt8>) throws(EncapError)
    -> Bool
  {
    let result = Folder.withName(one) { one in
      Folder.withName(other) { culprit_exchange_at(descriptor, one, $0) }
    }
    guard result != 0 else { return true }
    if result == -ENOSYS || result == -EINVAL { return false }
    throw .system(action: "exchange", path: shown(other), errno: -result)
  }

  /// Removes a file or a link; nothing there is fine.
  func remove(_ name: some Sequence<UInt8>) throws(EncapError) {
    let result = Folder.withName(name) { unlinkat(descriptor, $0, 0) }
    guard result == 0 || errno == ENOENT else { throw failed("remove", name) }
  }

  /// Removes a folder if it is empty; whether it is gone.
  func removeEmptyFolder(_ name: some Sequence<UInt8>) throws(EncapError) -> Bool {
    let result = Folder.withName(name) { unlinkat(descriptor, $0, AT_REMOVEDIR) }
    if result == 0 || errno == ENOENT { return true }
    // A mount point is EBUSY.
    if errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY { return false }
    throw failed("remove the folder", name)
  }

  /// Removes whatever there is under that name, folders with all that is in them.
  func removeAll(_ name: some Sequence<UInt8>, depth: Int = 0) throws(EncapError) {
    guard let status = try status(name) else { return }
    guard status.isFolder else { return try remove(name) }
    guard depth < 2 * EncapPath.depthLimit else {
      throw .tooLarge(what: "folders in each other", limit: 2 * EncapPath.depthLimit)
    }
    let inside = try folder(name)
    for item in try inside.items() { try inside.removeAll(item, depth: depth + 1) }
    guard try removeEmptyFolder(name) else { throw failed("remove the folder", name) }
  }

  /// All names in it, sorted.
  func items(limit: Int = FolderLimits.items) throws(EncapError) -> [[UInt8]] {
    // A descriptor of its own: closedir closes it, and reading begins at the front.
    let copy = culprit_open_at(descriptor, ".", O_DIRECTORY)
    guard copy >= 0 else { throw .system(action: "read", path: path, errno: -copy) }
    guard let stream = fdopendir(copy) else {
      let code = errno
      close(copy)
      throw .system(action: "read", path: path, errno: code)
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { continue }
      names.append(name)
      guard names.count <= limit else { throw .tooLarge(what: "names in \(path)", limit: limit) }
    }
    guard errno == 0 else { throw .failed("read", path) }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Another name for a file of `folder`.
  func makeHardLink(
    _ name: some Sequence<UInt8>, to old: some Sequence<UInt8>, in folder: Folder
  ) throws(EncapError) {
    let result = Folder.withName(old) { old in
      Folder.withName(name) { linkat(folder.descriptor, old, descriptor, $0, 0) }
    }
    guard result == 0 else { throw failed("link", name) }
  }

  func setMode(_ mode: mode_t) throws(EncapError) {
    guard fchmod(descriptor, mode) == 0 else { throw .failed("set the mode of", path) }
  }

  /// When it was last changed, seconds since 1970.
  func setModified(_ seconds: Int64) {
    var times = [timespec](repeating: timespec(tv_sec: Int(seconds), tv_nsec: 0), count: 2)
    futimens(descriptor, &times)
  }

  /// flock(2); whether that could be had.
  func lock(_ operation: Int32) -> Bool { flock(descriptor, operation) == 0 }

  /// Waits until its names are on the disk. File systems that have nothing to wait for say EINVAL.
  func sync() throws(EncapError) {
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw .failed("sync", path) }
  }

  /// Waits until all of its file system is on the disk.
  func syncFileSystem() throws(EncapError) {
    let result = culprit_sync_file_system(descriptor)
    guard result == 0 else { throw .system(action: "sync", path: path, errno: -result) }
  }
}

/// How much is read of folders and small files.
enum FolderLimits {
  static let items = 1_000_000
  static let fileBytes = 16 << 20
}

extension stat {
  var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
  var isFile: Bool { st_mode & S_IFMT == S_IFREG }
}
