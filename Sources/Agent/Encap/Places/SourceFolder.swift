import Bytes
import CSystem
import Glibc

/// The folder of packages, held by one at a time while it is changed (flock(2)), and beside the
/// packages the notes that are kept in its `.encap`: the journal, who made which folder, what came
/// with each archive.
final class SourceFolder {
  static let notesName = Array(".encap".utf8)
  /// There where unpacking made the source, too.
  static let madeName = Array("made".utf8)
  static let holderName = Array("holder".utf8)
  /// How often the lock is tried again, microseconds.
  private static let pause: UInt32 = 50_000

  let folder: Folder
  /// Only while it is held.
  private(set) var notes: Folder?
  private var lock: Int32 = -1

  init(_ folder: Folder) { self.folder = folder }

  deinit { if lock >= 0 { close(lock) } }

  /// Takes the lock, and waits for whoever has it for so long.
  func hold(for purpose: String, patienceMilliseconds: Int) throws(EncapError) {
    // A description of its own: a lock goes with that (flock(2)).
    let lock = culprit_open_at(folder.descriptor, ".", O_DIRECTORY)
    guard lock >= 0 else { throw .system(action: "open", path: folder.path, errno: -lock) }
    var waited = 0
    while flock(lock, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      guard code == EWOULDBLOCK || code == EINTR else {
        close(lock)
        throw .system(action: "lock", path: folder.path, errno: code)
      }
      guard waited < patienceMilliseconds else {
        close(lock)
        throw .inUse(path: folder.path, holder: holder)
      }
      usleep(SourceFolder.pause)
      waited += Int(SourceFolder.pause) / 1000
    }
    self.lock = lock
    if try folder.status(SourceFolder.notesName) == nil {
      try folder.makeFolder(SourceFolder.notesName)
      try folder.sync()
    }
    let notes = try folder.folder(SourceFolder.notesName)
    self.notes = notes
    // Only for whoever waits: on a full disk old versions must still be removable.
    try? note(SourceFolder.holderName, "culprit-agent encap \(purpose) (pid \(getpid()))\n")
  }

  func release() {
    if lock >= 0 { close(lock) }
    lock = -1
  }

  /// Who holds it, as they said.
  private var holder: String? {
    guard let notes = try? folder.folder(SourceFolder.notesName),
      let file = try? notes.file(SourceFolder.holderName),
      let text = try? file.read(upTo: 200), !text.isEmpty
    else { return nil }
    let line = Array(text.prefix { $0 != 0x0A })
    return Printable.text(line.span, limit: 100)
  }

  /// Replaces a note as a whole: who reads it finds the old one or the new one, also after a power
  /// cut.
  func note(_ name: [UInt8], _ text: String) throws(EncapError) {
    guard let notes else { return }
    let new = name + Array(".new".utf8)
    try notes.remove(new)
    do throws(EncapError) {
      let file = try notes.create(new)
      try file.write(text)
      try file.sync()
      try notes.rename(new, to: name)
    } catch {
      try? notes.remove(new)
      throw error
    }
    try notes.sync()
  }

  /// Without the lock, too.
  func readNote(_ name: [UInt8]) throws(EncapError) -> [UInt8]? {
    guard let status = try folder.status(SourceFolder.notesName), status.isFolder else {
      return nil
    }
    return try folder.folder(SourceFolder.notesName).file(name)?.contents()
  }

  func removeNote(_ name: [UInt8]) throws(EncapError) {
    guard let notes else { return }
    try notes.remove(name)
    try notes.sync()
  }

  /// All packages, the oldest of each name first. What isn't called as a package, and links, are no
  /// packages.
  func packages() throws(EncapError) -> [EncapPackageName] {
    var packages: [EncapPackageName] = []
    for item in try folder.items() {
      guard let package = EncapPackageName(String(decoding: item, as: UTF8.self)),
        package.description.utf8.elementsEqual(item), try folder.status(item)?.isFolder == true
      else { continue }
      packages.append(package)
    }
    return packages.sorted()
  }
}
