import Bytes
import Glibc

/// Where a package and what is linked of it differ from what they should be.
public struct EncapDrift: Equatable, Sendable, CustomStringConvertible {
  public enum Kind: String, Sendable {
    /// No link where one belongs.
    case missing
    /// Something else where a link belongs.
    case foreign
    /// A link to what isn't there.
    case dangling
    /// Another version is linked, too.
    case mixed
    /// A file of the package isn't what came in its archive.
    case changed
    /// A file of the package is gone.
    case lost
    /// A change broke off.
    case interrupted
  }

  public let kind: Kind
  /// In the target; for ``Kind/changed`` and ``Kind/lost`` in the package.
  public let path: EncapPath
  /// For people.
  public let what: String

  public var description: String {
    path.isRoot ? "\(kind.rawValue): \(what)" : "\(kind.rawValue): \(path): \(what)"
  }
}

/// How a package stands.
public struct EncapState: Sendable {
  public let package: EncapPackageName
  /// Links that are right, and links that there should be.
  public var right = 0
  public var wanted = 0
  public var drift: [EncapDrift] = []
  /// SHA-256 of the archive it came in; `nil` for one that was made by hand.
  public var archive: String?
  public var info: EncapInfo?

  /// A package without anything to link is never linked.
  public var isLinked: Bool { right > 0 }
  public var isWhole: Bool { right > 0 && right == wanted }
}

extension EncapPrefix {
  /// All packages and whether they are linked, the oldest of each name first. Files aren't read.
  public func list(_ name: String? = nil) throws(EncapError) -> [EncapState] {
    let all = try source.packages()
    let packages = all.filter { name == nil || $0.name == name || $0.description == name }
    if let name, packages.isEmpty { throw missing(name, all) }
    var states: [EncapState] = []
    for package in packages.sorted(by: { $0.name == $1.name ? isOlder($0, $1) : $0.name < $1.name })
    {
      let tree = try departingTree(package)
      var state = linkState(of: tree, in: try TargetReader(places).read(Set(tree.folders)))
      let manifest = try source.readNote(PackageManifest.noteName(package))
      state.archive = manifest.flatMap { PackageManifest($0) }?.archive
      state.info = tree.info
      states.append(state)
    }
    return states
  }

  /// Looks for drift of a package, or of all that are linked, and of links into packages that are
  /// gone.
  public func check(_ specifier: String? = nil) throws(EncapError) -> [EncapState] {
    var states: [EncapState] = []
    for package in try packagesToCheck(specifier) { states.append(try check(package)) }
    tellOnceOfMixed(&states)
    if specifier == nil { states += try danglingLinks(beside: states) }
    return states
  }

  /// What broke off, if anything did: the next change finishes it.
  public func interruption() throws(EncapError) -> EncapDrift? {
    guard let journal = try pendingJournal() else { return nil }
    return EncapDrift(
      kind: .interrupted, path: .root,
      what: "\(journal.title) broke off: the next install, upgrade, rollback or remove finishes it")
  }

  /// Of several versions that are linked the one with most links is the one that others are mixed
  /// with.
  private func tellOnceOfMixed(_ states: inout [EncapState]) {
    for index in states.indices {
      let state = states[index]
      let isOutdone = states.contains { other in
        other.package.name == state.package.name
          && (other.right, isOlder(state.package, other.package) ? 1 : 0) > (state.right, 0)
      }
      if isOutdone { states[index].drift.removeAll { $0.kind == .mixed } }
    }
  }

  private func packagesToCheck(_ specifier: String?) throws(EncapError) -> [EncapPackageName] {
    let all = try source.packages()
    guard let specifier else {
      var linked: [EncapPackageName] = []
      for package in all where try isLinked(package) { linked.append(package) }
      return linked
    }
    let named = try packages(for: specifier)
    guard !named.isEmpty else { throw missing(specifier, all) }
    guard named.count > 1 else { return named }
    // Of a name the versions that are linked; where none is, the newest isn't.
    var linked: [EncapPackageName] = []
    for package in named where try isLinked(package) { linked.append(package) }
    return linked.isEmpty ? [named.sorted(by: isOlder).last].compactMap { $0 } : linked
  }

  private func check(_ package: EncapPackageName) throws(EncapError) -> EncapState {
    let tree = try reader.tree(of: package)
    let snapshot = try TargetReader(places).read(Set(tree.folders))
    var state = linkState(of: tree, in: snapshot)
    for (path, link) in snapshot.packageLinks where link.packageName == package {
      guard link.isDangling, tree.places[path] != link.file else { continue }
      state.drift.append(
        EncapDrift(kind: .dangling, path: path, what: "it leads to what the package doesn't have"))
    }
    for (path, link) in snapshot.packageLinks {
      guard let other = link.packageName, other.name == package.name, other != package,
        tree.places[path] == nil
      else { continue }
      state.drift.append(EncapDrift(kind: .mixed, path: path, what: "a link of \(other)"))
    }
    state.info = tree.info
    try checkFiles(of: package, &state)
    return state
  }

  /// Links as they are and as they should be.
  private func linkState(of tree: PackageTree, in snapshot: TargetSnapshot) -> EncapState {
    var state = EncapState(package: tree.package)
    let package = Array(tree.package.description.utf8)
    var whole: EncapPath?
    for item in tree.items {
      if let folder = whole, item.path.isInside(folder) { continue }
      whole = nil
      let link = snapshot.link(item.linkPath)
      let isRight = link?.package == package && link?.file == item.path
      if item.isLinkFolder, isRight { whole = item.path }
      guard !item.isFolder || whole != nil else { continue }
      state.wanted += 1
      if isRight {
        state.right += 1
      } else {
        state.drift.append(EncapPrefix.drift(at: item.linkPath, in: snapshot))
      }
    }
    return state
  }

  private static func drift(at path: EncapPath, in snapshot: TargetSnapshot) -> EncapDrift {
    switch snapshot[path] {
    case nil: EncapDrift(kind: .missing, path: path, what: "there is no link")
    case .folder: EncapDrift(kind: .foreign, path: path, what: "a folder is there")
    case .other(let what): EncapDrift(kind: .foreign, path: path, what: "\(what) is there")
    case .link(let link):
      EncapDrift(
        kind: link.isDangling ? .dangling : .foreign, path: path,
        what: "a link to \(Printable.text(link.text.span, limit: 200)) is there")
    }
  }

  /// Compares the package's files with what came in its archive.
  private func checkFiles(
    of package: EncapPackageName, _ state: inout EncapState
  ) throws(EncapError) {
    guard let note = try source.readNote(PackageManifest.noteName(package)),
      let manifest = PackageManifest(note)
    else { return }
    state.archive = manifest.archive
    let folder = try places.source.folder(package.description.utf8)
    for file in manifest.files {
      if let drift = try drift(of: file, in: folder) { state.drift.append(drift) }
    }
    for (path, target) in manifest.links.sorted(by: { $0.key < $1.key }) {
      let parent = try? folder.folder(at: path.parent)
      let found = try parent?.linkText(path.name)
      guard found != target else { continue }
      state.drift.append(
        EncapDrift(
          kind: found == nil ? .lost : .changed, path: path, what: "a link of the package"))
    }
  }

  private func drift(
    of file: PackageManifest.File, in folder: Folder
  ) throws(EncapError) -> EncapDrift? {
    guard let parent = try? folder.folder(at: file.path.parent),
      let status = try parent.status(file.path.name)
    else { return EncapDrift(kind: .lost, path: file.path, what: "the package's file is gone") }
    guard status.isFile, UInt64(status.st_size) == file.size,
      let opened = try parent.file(file.path.name)
    else {
      return EncapDrift(
        kind: .changed, path: file.path, what: "it isn't as large as it came, or no file")
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

  /// Links into packages that are gone, wherever they are.
  private func danglingLinks(beside states: [EncapState]) throws(EncapError) -> [EncapState] {
    let known = Set(states.map(\.package))
    var found: [EncapPackageName: EncapState] = [:]
    for (path, link) in try TargetReader(places).readAll().packageLinks where link.isDangling {
      guard let package = link.packageName, !known.contains(package) else { continue }
      found[package, default: EncapState(package: package)].drift.append(
        EncapDrift(
          kind: .dangling, path: path,
          what: link.hasPackage ? "it leads to no file" : "it leads into a package that is gone"))
    }
    return found.values.sorted { $0.package < $1.package }
  }
}
