import Bytes
import CSystem
import Glibc

/// Writes entries of an archive below one folder, and nowhere else.
struct PackageWriter {
  private let root: Folder
  private let package: EncapPackageName
  private let keepsSetuid: Bool
  /// Whether the archive has the package's own folder at its top (encap2.1-specification, 2.7.1), as
  /// its first entry tells.
  private var hasTop: Bool?
  private(set) var files: [EncapPath: PackageManifest.File] = [:]
  private(set) var links: [EncapPath: [UInt8]] = [:]
  private(set) var byteCount: UInt64 = 0
  /// Modes and times of folders are set last: what is put in would change them.
  private var folders: [EncapPath: (mode: UInt16, modified: Int64?)] = [:]
  /// What went wrong with our own disk, and not with the archive.
  private(set) var trouble: EncapError?

  init(_ root: Folder, package: EncapPackageName, keepsSetuid: Bool) {
    self.root = root
    self.package = package
    self.keepsSetuid = keepsSetuid
  }

  mutating func take(_ entry: TarEntry, _ reader: inout TarReader) throws(TarError) {
    let path = try inside(entry.path)
    do throws(EncapError) {
      guard !path.isRoot else {
        guard entry.kind == .folder else {
          throw .archive(.refused(entry.path.bytes, "it is no folder"))
        }
        return
      }
      try take(entry, at: path, &reader)
    } catch {
      if case .archive(let inner) = error { throw inner }
      trouble = error
      throw .refused(entry.path.bytes, error.description)
    }
  }

  /// The path in the package.
  private mutating func inside(_ path: EncapPath) throws(TarError) -> EncapPath {
    if path.isRoot { return path }
    let isTop = path.names[0].elementsEqual(package.description.utf8)
    if hasTop == nil { hasTop = isTop }
    guard hasTop == true else { return path }
    guard isTop else {
      throw .refused(path.bytes, "it is outside of \(package)/, where the others are")
    }
    let slash = [UInt8(ascii: "/")]
    return EncapPath(Array(path.names.dropFirst().joined(separator: slash)))
  }

  private mutating func take(
    _ entry: TarEntry, at path: EncapPath, _ reader: inout TarReader
  ) throws(EncapError) {
    let parent = try makeFolder(path.parent)
    switch entry.kind {
    case .folder:
      _ = try makeFolder(path)
      folders[path] = (entry.mode, entry.modified)
    case .file: try write(entry, at: path, in: parent, &reader)
    case .link(let target):
      guard PackageWriter.staysInside(target, at: path) else {
        throw .archive(.refused(path.bytes, "a link that may lead out of the package"))
      }
      try remove(path, in: parent)
      try parent.makeLink(path.name, to: target)
      links[path] = target
    case .hardLink(let target): try hardLink(path, in: parent, to: target)
    }
  }

  /// Relative, and up only at its front, no further than the package goes: then it stays inside,
  /// whatever other links it leads through.
  static func staysInside(_ target: [UInt8], at path: EncapPath) -> Bool {
    guard target.first != UInt8(ascii: "/"), !target.contains(0) else { return false }
    let names = target.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
    let up = names.prefix { $0.elementsEqual("..".utf8) }
    return up.count <= path.depth
      && !names.dropFirst(up.count).contains { $0.elementsEqual("..".utf8) }
  }

  /// The folder, made with all above it where it isn't there. No link is followed.
  private mutating func makeFolder(_ path: EncapPath) throws(EncapError) -> Folder {
    var folder = root
    var made = EncapPath.root
    for name in path.names {
      made = made.appending(name)
      if try folder.status(name) == nil {
        try folder.makeFolder(name)
        folders[made] = (0o755, nil)
      }
      folder = try folder.folder(name)
    }
    return folder
  }

  /// A second entry of a name takes the place of the first, as tar does it.
  private mutating func remove(_ path: EncapPath, in parent: Folder) throws(EncapError) {
    try parent.remove(path.name)
    files[path] = nil
    links[path] = nil
  }

  private mutating func write(
    _ entry: TarEntry, at path: EncapPath, in parent: Folder, _ reader: inout TarReader
  ) throws(EncapError) {
    try remove(path, in: parent)
    let file = try parent.create(path.name, mode: 0o600)
    var sum = SHA256()
    var failure: EncapError?
    do throws(TarError) {
      try reader.contents { bytes throws(TarError) in
        sum.update(bytes)
        do throws(EncapError) {
          try file.write(bytes)
        } catch {
          failure = error
          throw .refused(path.bytes, error.description)
        }
      }
    } catch {
      throw failure ?? .archive(error)
    }
    let mode = mode(entry.mode)
    try file.setMode(mode_t(mode))
    file.setModified(entry.modified)
    files[path] = PackageManifest.File(
      path: path, size: entry.size, mode: mode, digest: sum.value)
    byteCount += entry.size
  }

  private mutating func hardLink(
    _ path: EncapPath, in parent: Folder, to named: EncapPath
  ) throws(EncapError) {
    let target =
      hasTop == true ? EncapPath(Array(named.names.dropFirst().joined(separator: [0x2F]))) : named
    guard let file = files[target] else {
      throw .archive(.refused(path.bytes, "a hard link to no file that came before"))
    }
    // tar writes so what it was told to take twice.
    guard path != target else { return }
    try remove(path, in: parent)
    try parent.makeHardLink(path.name, to: target.name, in: try root.folder(at: target.parent))
    files[path] = PackageManifest.File(
      path: path, size: file.size, mode: file.mode, digest: file.digest)
  }

  /// Nobody but the owner may write; rights of the owner for who runs it only where asked for.
  private func mode(_ mode: UInt16) -> UInt16 { mode & (keepsSetuid ? 0o6755 : 0o755) }

  /// Modes and times of folders, the deepest first.
  func finish() throws(EncapError) {
    for (path, folder) in folders.sorted(by: { $0.key.depth > $1.key.depth }) {
      let opened = try root.folder(at: path)
      try opened.setMode(mode_t(folder.mode & 0o755 | 0o700))
      if let modified = folder.modified { opened.setModified(modified) }
    }
  }

  /// Waits for the disk, file by file.
  func sync() throws(EncapError) {
    for path in files.keys.sorted() {
      let parent = try root.folder(at: path.parent)
      if let file = try parent.file(path.name) { try file.sync() }
    }
    for path in folders.keys { try root.folder(at: path).sync() }
    try root.sync()
  }
}
