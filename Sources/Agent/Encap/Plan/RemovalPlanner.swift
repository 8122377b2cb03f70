/// Plans how packages go. Pure. Nothing can be in the way of that: what isn't theirs stays, and is
/// told.
struct RemovalPlanner {
  let departing: DepartingLinks

  func plan() -> EncapPlan {
    var plan = EncapPlan()
    let links = departing.links
    plan.steps = links.sorted { $0.key < $1.key }.map { .unlink($0.key, text: $0.value.text) }
    plan.steps += departing.emptied(by: Set(links.keys)).map { .removeFolder($0) }
    plan.folders.ended = departing.endedUses
    for (package, tree) in departing.trees.sorted(by: { $0.key < $1.key }) {
      // A package that isn't linked at all leaves nothing to be told.
      guard links.values.contains(where: { $0.packageName == package }) else { continue }
      plan.notes += left(of: tree, beside: links)
    }
    return plan
  }

  /// Places of the package where something else stands.
  private func left(of tree: PackageTree, beside links: [EncapPath: TargetLink]) -> [String] {
    tree.items.filter { !$0.isFolder && links[$0.linkPath] == nil }.compactMap { item in
      switch departing.snapshot[item.linkPath] {
      case nil: nil
      case .folder: "\(item.linkPath) stays: it is a folder"
      case .other(let what): "\(item.linkPath) stays: it is \(what)"
      case .link: "\(item.linkPath) stays: it is a link of somebody else"
      }
    }
  }
}
