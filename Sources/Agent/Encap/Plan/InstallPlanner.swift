/// Plans how one version of a package takes the place of all others. Pure: trees and a snapshot in,
/// steps and conflicts out.
struct InstallPlanner {
  let tree: PackageTree
  /// The other versions, which go.
  let departing: DepartingLinks
  let snapshot: TargetSnapshot
  let uses: FolderUses
  /// The text of the link at a path of the target to a file of the package.
  let text: (EncapPath, EncapPath) -> [UInt8]
  /// As epkg: what can be linked is.
  let isCompat: Bool

  private let package: [UInt8]
  private let stale: [EncapPath: TargetLink]

  init(
    tree: PackageTree, departing: DepartingLinks, snapshot: TargetSnapshot, uses: FolderUses,
    isCompat: Bool, text: @escaping (EncapPath, EncapPath) -> [UInt8]
  ) {
    self.tree = tree
    self.departing = departing
    self.snapshot = snapshot
    self.uses = uses
    self.isCompat = isCompat
    self.text = text
    package = Array(tree.package.description.utf8)
    stale = departing.links
  }

  func plan() -> EncapPlan {
    var draft = Draft()
    for item in tree.items {
      if let skipped = draft.skipped, item.path.isInside(skipped) { continue }
      draft.skipped = nil
      if let unfolded = draft.unfolded, !item.path.isInside(unfolded.path) { draft.endUnfolding() }
      if item.isFolder { takeFolder(item, &draft) } else { takeFile(item, &draft) }
    }
    draft.endUnfolding()
    finish(&draft)
    return draft.plan
  }

  /// A plan in the making.
  private struct Draft {
    var plan = EncapPlan()
    /// Whose contents are passed over: it is linked as a whole, or something is in its place.
    var skipped: EncapPath?
    var unfolded: (path: EncapPath, replacing: [UInt8], contents: [EncapStep.Content])?
    /// Where something of the package stands in the end, and which of its files.
    var taken: [EncapPath: EncapPath] = [:]
    /// Folders that the package has in the target.
    var folders: Set<EncapPath> = []
    /// Folders whose place a link takes.
    var folded: [EncapPath] = []

    mutating func endUnfolding() {
      guard let done = unfolded else { return }
      plan.steps.append(.unfold(done.path, replacing: done.replacing, contents: done.contents))
      unfolded = nil
    }

    mutating func add(_ conflict: EncapConflict, of item: PackageTree.Item) {
      var conflict = conflict
      conflict.isRequired = item.isRequired
      plan.conflicts.append(conflict)
    }
  }

  private enum Verdict {
    case right, free(replacing: [UInt8]?), folded([EncapStep.Content]), conflict(EncapConflict)
  }

  /// What may be done where a link belongs.
  private func judge(_ item: PackageTree.Item) -> Verdict {
    let path = item.linkPath
    switch snapshot[path] {
    case nil: return .free(replacing: nil)
    case .folder:
      return departing.contents(of: path).map { .folded($0) } ?? .conflict(.folder(path))
    case .other(let what): return .conflict(.notLink(path, what))
    case .link(let link):
      if link.package == package, link.file == item.path { return .right }
      if isOurs(link, at: path) { return .free(replacing: link.text) }
      return .conflict(link.package == nil ? .foreign(path, link) : .other(path, link))
    }
  }

  /// A link that may be replaced: one of another version, of this one, or into nothing.
  private func isOurs(_ link: TargetLink, at path: EncapPath) -> Bool {
    link.package == package || link.isDangling || stale[path] != nil
  }

  private func takeFile(_ item: PackageTree.Item, _ draft: inout Draft) {
    let path = item.linkPath
    if let other = draft.taken.updateValue(item.path, forKey: path) {
      return draft.add(.twice(path, other), of: item)
    }
    let text = text(path, item.path)
    if draft.unfolded != nil {
      draft.unfolded?.contents.append(EncapStep.Content(path: path, text: text))
      return
    }
    if let conflict = link(item, &draft) { draft.add(conflict, of: item) }
  }

  /// Plans the link of a file, or of a folder as a whole; what is in its way, if anything is.
  private func link(_ item: PackageTree.Item, _ draft: inout Draft) -> EncapConflict? {
    let path = item.linkPath
    switch judge(item) {
    case .right: draft.plan.unchanged += 1
    case .free(let old):
      draft.plan.steps.append(.link(path, text: text(path, item.path), replacing: old))
    case .folded(let contents):
      draft.folded.append(path)
      draft.plan.steps.append(.fold(path, text: text(path, item.path), contents: contents))
    case .conflict(let conflict): return conflict
    }
    return nil
  }

  private func takeFolder(_ item: PackageTree.Item, _ draft: inout Draft) {
    if item.isLinkFolder, takeLinkFolder(item, &draft) { return }
    let path = item.path
    if let other = draft.taken.updateValue(path, forKey: path) {
      draft.skipped = path
      return draft.add(.twice(path, other), of: item)
    }
    draft.folders.insert(path)
    if draft.unfolded != nil {
      draft.plan.folders.begun.append(.init(path: path, package: tree.package))
      draft.unfolded?.contents.append(EncapStep.Content(path: path, text: nil))
      return
    }
    switch snapshot[path] {
    case nil:
      draft.plan.steps.append(.makeFolder(path))
      draft.plan.folders.begun.append(.init(path: path, package: tree.package))
    case .folder:
      // Another package of ours may have made it.
      guard uses.isOurs(path) else { return }
      draft.plan.folders.begun.append(.init(path: path, package: tree.package))
    case .other(let what):
      draft.skipped = path
      draft.add(.notLink(path, what), of: item)
    case .link(let link):
      if isOurs(link, at: path) {
        draft.unfolded = (path, link.text, [])
        draft.plan.folders.begun.append(.init(path: path, package: tree.package))
        return
      }
      draft.skipped = path
      let isFolder = link.end == .folder
      draft.add(isFolder ? .linkedFolder(path, link) : .foreign(path, link), of: item)
    }
  }

  /// Whether it is linked as a whole; where that can't be, what is in it is linked one by one.
  private func takeLinkFolder(_ item: PackageTree.Item, _ draft: inout Draft) -> Bool {
    let path = item.linkPath
    guard draft.taken[path] == nil else { return false }
    if draft.unfolded != nil {
      let content = EncapStep.Content(path: path, text: text(path, item.path))
      draft.unfolded?.contents.append(content)
    } else {
      if let conflict = link(item, &draft) {
        draft.plan.notes.append("linkdir \(path) is linked file by file: \(conflict.what)")
        return false
      }
    }
    draft.taken[path] = item.path
    draft.skipped = item.path
    return true
  }

  /// What goes, last; and whether all of it may be done.
  private func finish(_ draft: inout Draft) {
    let gone = stale.filter { path, _ in
      draft.taken[path] == nil && !draft.folded.contains { path.isInside($0) }
    }
    let paths = Set(gone.keys)
    draft.plan.steps += gone.sorted { $0.key < $1.key }.map { .unlink($0.key, text: $0.value.text) }
    draft.plan.steps += departing.emptied(by: paths, kept: draft.folders, folded: draft.folded)
      .map { .removeFolder($0) }
    let begun = Set(draft.plan.folders.begun)
    draft.plan.folders.ended = departing.endedUses.filter { !begun.contains($0) }
    let known = Set(uses.uses(of: tree.package))
    draft.plan.folders.begun.removeAll { known.contains($0) }
    let isHindered = draft.plan.conflicts.contains { !isCompat || $0.isRequired }
    if isHindered {
      draft.plan.steps = []
      draft.plan.folders = FolderChanges()
    }
  }
}
