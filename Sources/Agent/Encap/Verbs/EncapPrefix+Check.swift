import Bytes

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
      state.archive = try manifest(of: package)?.archive
      state.info = tree.info
      states.append(state)
    }
    return states
  }

  private func manifest(of package: EncapPackageName) throws(EncapError) -> PackageManifest? {
    try source.readNote(PackageManifest.noteName(package)).flatMap { PackageManifest($0) }
  }

  /// Looks for drift of a package, or of all that are linked, and of links into packages that are
  /// gone.
  public func check(_ specifier: String? = nil) throws(EncapError) -> [EncapState] {
    var states: [EncapState] = []
    for package in try packagesToCheck(specifier) { states.append(try check(package)) }
    tellOnceOfMixed(&states)
    if specifier == nil { try addDanglingLinks(to: &states) }
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
      let noted = try notedLinked()
      var linked: [EncapPackageName] = []
      for package in all {
        if noted.contains(package) {
          linked.append(package)
        } else if try isLinked(package) {
          linked.append(package)
        }
      }
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
    if let manifest = try manifest(of: package) {
      state.archive = manifest.archive
      state.drift += try manifest.drift(in: try places.source.folder(package.description.utf8))
    }
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

  /// Links into packages that are gone, or to files that are, wherever they are.
  private func addDanglingLinks(to states: inout [EncapState]) throws(EncapError) {
    for (path, link) in try TargetReader(places).readAll().packageLinks where link.isDangling {
      guard let package = link.packageName else { continue }
      let drift = EncapDrift(
        kind: .dangling, path: path,
        what: link.hasPackage ? "it leads to no file" : "it leads into a package that is gone")
      if let index = states.firstIndex(where: { $0.package == package }) {
        if !states[index].drift.contains(where: { $0.path == path }) {
          states[index].drift.append(drift)
        }
      } else {
        var state = EncapState(package: package)
        state.drift = [drift]
        states.append(state)
      }
    }
  }
}
