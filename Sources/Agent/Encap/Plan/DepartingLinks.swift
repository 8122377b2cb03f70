/// What stands in the target for packages that are to go: their links, and the folders that become
/// empty with them. Pure: it reads a snapshot.
struct DepartingLinks {
  let snapshot: TargetSnapshot
  let uses: FolderUses
  /// The packages, as far as their folders are there, by what their folders are called.
  let trees: [EncapPackageName: PackageTree]
  /// Also of packages whose folder is gone.
  let packages: Set<EncapPackageName>
  /// As epkg: any folder that becomes empty goes.
  let isCompat: Bool

  /// Links that such a package put there: where its tree has a file, to just that file; and links to
  /// what it doesn't have (any more). What somebody made by hand to a file that is there, stays.
  let links: [EncapPath: TargetLink]

  init(
    snapshot: TargetSnapshot, uses: FolderUses, trees: [EncapPackageName: PackageTree],
    packages: Set<EncapPackageName>, isCompat: Bool
  ) {
    self.snapshot = snapshot
    self.uses = uses
    self.trees = trees
    self.packages = packages
    self.isCompat = isCompat
    let places = trees.mapValues(\.places)
    var found: [EncapPath: TargetLink] = [:]
    for (path, link) in snapshot.packageLinks {
      guard let package = link.packageName, packages.contains(package) else { continue }
      if link.isDangling || places[package]?[path] == link.file { found[path] = link }
    }
    links = found
  }

  /// What is in a folder, where all of that goes and the folder, too: a link may take its place. `nil`
  /// where somebody else has something in it.
  func contents(of folder: EncapPath) -> [EncapStep.Content]? {
    guard snapshot[folder] == .folder, mayGo(folder), let names = snapshot.names[folder] else {
      return nil
    }
    var contents: [EncapStep.Content] = []
    for name in names {
      if let link = links[name] {
        contents.append(.init(path: name, text: link.text))
      } else if let inside = self.contents(of: name) {
        contents.append(.init(path: name, text: nil))
        contents += inside
      } else {
        return nil
      }
    }
    return contents
  }

  /// Folders that are empty once `paths` are gone, the deepest first; none that `kept` has.
  func emptied(
    by paths: Set<EncapPath>, kept: Set<EncapPath> = [], folded: [EncapPath] = []
  ) -> [EncapPath] {
    var candidates = Set(trees.values.flatMap(\.folders))
    for package in packages { candidates.formUnion(uses.uses(of: package).map(\.path)) }
    for path in paths {
      var folder = path.parent
      while !folder.isRoot, candidates.insert(folder).inserted { folder = folder.parent }
    }
    var gone = paths
    var emptied: [EncapPath] = []
    for folder in candidates.subtracting(kept).sorted(by: { $0.depth > $1.depth }) {
      guard snapshot[folder] == .folder, !folder.isRoot, mayGo(folder),
        !folded.contains(where: { folder.isInside($0) }), let names = snapshot.names[folder],
        names.allSatisfy(gone.contains)
      else { continue }
      gone.insert(folder)
      emptied.append(folder)
    }
    return emptied.sorted { $0.depth == $1.depth ? $0 < $1 : $0.depth > $1.depth }
  }

  private func mayGo(_ folder: EncapPath) -> Bool {
    if isCompat { return true }
    let names = Set(packages.map(\.description))
    return uses.isOurs(folder) && uses.users(of: folder).isSubset(of: names)
  }

  /// What to forget about folders.
  var endedUses: [FolderChanges.Use] {
    packages.sorted().flatMap { uses.uses(of: $0) }
  }
}
