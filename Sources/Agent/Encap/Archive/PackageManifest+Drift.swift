import Bytes

extension PackageManifest {
  /// Where the package's folder differs from what came in its archive.
  func drift(in folder: Folder) throws(EncapError) -> [EncapDrift] {
    var found: [EncapDrift] = []
    for file in files {
      if let drift = try drift(of: file, in: folder) { found.append(drift) }
    }
    for (path, target) in links.sorted(by: { $0.key < $1.key }) {
      let parent = try? folder.folder(at: path.parent)
      let text = try parent?.linkText(path.name)
      guard text != target else { continue }
      let kind: EncapDrift.Kind = text == nil ? .lost : .changed
      found.append(EncapDrift(kind: kind, path: path, what: "a link of the package"))
    }
    return found
  }

  private func drift(of file: File, in folder: Folder) throws(EncapError) -> EncapDrift? {
    guard let parent = try? folder.folder(at: file.path.parent),
      let status = try parent.status(file.path.name)
    else { return EncapDrift(kind: .lost, path: file.path, what: "the package's file is gone") }
    guard status.isFile, UInt64(status.st_size) == file.size,
      let opened = try parent.file(file.path.name)
    else {
      return EncapDrift(
        kind: .changed, path: file.path, what: "it isn't as large as it came, or no file")
    }
    let mode = UInt16(truncatingIfNeeded: status.st_mode & 0o7777)
    guard mode == file.mode else {
      return EncapDrift(
        kind: .changed, path: file.path,
        what: "its mode is \(String(mode, radix: 8)), not \(String(file.mode, radix: 8))")
    }
    var sum = SHA256()
    while true {
      let part = try opened.read(upTo: 256 << 10)
      guard !part.isEmpty else { break }
      sum.update(part.span)
    }
    guard sum.value != file.digest else { return nil }
    return EncapDrift(
      kind: .changed, path: file.path, what: "its SHA-256 isn't that of the archive")
  }
}
