import Glibc

/// Reads the target: the folders that packages have, or all of it.
struct TargetReader {
  let places: OpenPlaces
  private let linkText: LinkText
  private let source: EncapPath?

  init(_ places: OpenPlaces) {
    self.places = places
    linkText = LinkText(places: places)
    source = places.sourceInTarget
  }

  /// Reads those of `folders` that are folders in the target, too.
  func read(_ folders: Set<EncapPath>) throws(EncapError) -> TargetSnapshot {
    var snapshot = TargetSnapshot()
    try read(.root, places.target, into: &snapshot, isAll: false) { path, _ in
      folders.contains(path)
    }
    return snapshot
  }

  /// Reads all of the target, but not what is mounted in it, nor what we may not read: there we have
  /// made no links either.
  func readAll() throws(EncapError) -> TargetSnapshot {
    var device = stat()
    fstat(places.target.descriptor, &device)
    var snapshot = TargetSnapshot()
    try read(.root, places.target, into: &snapshot, isAll: true) { _, status in
      status.st_dev == device.st_dev
    }
    return snapshot
  }

  private func read(
    _ path: EncapPath, _ folder: Folder, into snapshot: inout TargetSnapshot, isAll: Bool,
    _ isWanted: (EncapPath, stat) -> Bool
  ) throws(EncapError) {
    guard path.depth < EncapPath.depthLimit else {
      throw .tooLarge(
        what: "folders in each other below \(places.target.path)", limit: EncapPath.depthLimit)
    }
    var inside: [EncapPath] = []
    for name in try folder.items() {
      let item = path.appending(name)
      // It may have gone meanwhile.
      guard let status = try folder.status(name) else { continue }
      inside.append(item)
      let node = try node(item, name, status, folder)
      snapshot.nodes[item] = node
      guard snapshot.nodes.count <= FolderLimits.items else {
        throw .tooLarge(what: "names in \(places.target.path)", limit: FolderLimits.items)
      }
      guard node == .folder, item != source, isWanted(item, status) else { continue }
      do throws(EncapError) {
        let inside = try folder.folder(name)
        try read(item, inside, into: &snapshot, isAll: isAll, isWanted)
      } catch {
        guard isAll, case .system(_, _, EACCES) = error else { throw error }
      }
    }
    snapshot.names[path] = inside
  }

  private func node(
    _ path: EncapPath, _ name: [UInt8], _ status: stat, _ folder: Folder
  ) throws(EncapError) -> TargetNode {
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder
    case S_IFLNK:
      guard let text = try folder.linkText(name) else { return .other("a link that has gone") }
      return .link(link(text, at: path, name, folder))
    case S_IFREG: return .other("a plain file")
    case S_IFSOCK: return .other("a socket")
    case S_IFIFO: return .other("a FIFO")
    default: return .other("a device")
    }
  }

  private func link(
    _ text: [UInt8], at path: EncapPath, _ name: [UInt8], _ folder: Folder
  ) -> TargetLink {
    let end = folder.destination(of: name)
    let destination = linkText.destination(of: text, at: path)
    let package = destination.flatMap { try? places.source.status($0.package) }
    return TargetLink(
      text: text, package: destination?.package, file: destination?.file ?? .root,
      hasPackage: package?.isFolder ?? false,
      end: end.map { $0.isFolder ? .folder : .file } ?? .nothing)
  }
}
