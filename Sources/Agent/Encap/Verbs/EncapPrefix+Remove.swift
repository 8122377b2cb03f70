import Bytes

extension EncapPrefix {
  /// Removes the links of a package, of all its versions where none is given; its folders only where
  /// they are to be purged.
  public func remove(_ specifier: String, purging: Bool = false) throws(EncapError) -> EncapOutcome
  {
    try begin("remove")
    let there = try packages(for: specifier)
    var trees: [EncapPackageName: PackageTree] = [:]
    for package in there { trees[package] = try departingTree(package) }
    let snapshot = try snapshot(for: trees.values)
    let linked = Set(snapshot.packageLinks.compactMap(\.link.packageName))
    // Links that are left of packages whose folders are gone.
    let lost = linked.filter {
      $0.description == specifier || there.isEmpty && $0.name == specifier
    }
    let packages = Set(there).union(lost)
    guard !packages.isEmpty else { throw missing(specifier, try source.packages()) }
    let departing = DepartingLinks(
      snapshot: snapshot, uses: try folderUses(), trees: trees, packages: packages,
      isCompat: options.isCompat)
    let plan = RemovalPlanner(departing: departing).plan()
    let previous = Set(departing.links.values.compactMap(\.packageName)).sorted(by: isOlder)
    var outcome = try remove(previous, plan, trees)
    if outcome.status != .failed, !options.isDryRun {
      try noteLinked(nil, without: Array(packages), in: places.targetPath)
    }
    outcome.notes = recovered + outcome.notes
    recovered = []
    if purging, outcome.status != .failed { try purge(there, &outcome) }
    return outcome
  }

  /// The folders that these packages have, or all of the target where none of them is there.
  private func snapshot(
    for trees: some Collection<PackageTree>
  ) throws(EncapError) -> TargetSnapshot {
    let reader = TargetReader(places)
    guard !trees.isEmpty else { return try reader.readAll() }
    let uses = try folderUses()
    var folders: Set<EncapPath> = []
    for tree in trees {
      folders.formUnion(tree.folders)
      folders.formUnion(uses.uses(of: tree.package).map(\.path))
    }
    return try reader.read(folders)
  }

  private func remove(
    _ previous: [EncapPackageName], _ plan: EncapPlan, _ trees: [EncapPackageName: PackageTree]
  ) throws(EncapError) -> EncapOutcome {
    let status: EncapOutcome.Status = plan.steps.isEmpty ? .noop : .planned
    guard !plan.steps.isEmpty, !options.isDryRun else {
      return EncapOutcome(
        verb: "remove", package: nil, previous: previous, status: status, plan: plan)
    }
    var change = Change(verb: "remove", package: nil, previous: previous, plan: plan)
    for package in previous {
      guard let tree = trees[package] else { continue }
      change.before += calls([.preRemove], of: tree)
      change.after += calls([.postRemove], of: tree)
    }
    return try carryOut(change)
  }

  /// Removes the folders of packages; one that links still lead into stays.
  private func purge(
    _ packages: [EncapPackageName], _ outcome: inout EncapOutcome
  ) throws(EncapError) {
    guard !options.isDryRun else {
      outcome.purged = packages
      return
    }
    let stillLinked = try linked(among: packages)
    for package in packages {
      if let target = stillLinked[package] {
        let place =
          target == places.targetPath
          ? "(encap check)" : "from another prefix, \(Printable.text(target.span, limit: 300))"
        outcome.notes.append(
          "\(package) stays in \(places.source.path): links lead into it \(place)")
        continue
      }
      try removeFolder(of: package)
      outcome.purged.append(package)
    }
    if !outcome.purged.isEmpty {
      if outcome.status == .noop { outcome.status = .success }
      try leaveNothing()
    }
  }

  /// At once for whoever looks: the folder moves out of sight before it is emptied.
  func removeFolder(of package: EncapPackageName) throws(EncapError) {
    guard let notes = source.notes else { return }
    let name = Array(package.description.utf8)
    let trash = EncapPrefix.trashPrefix + Array(EncapPrefix.randomID().utf8)
    try places.source.rename(name, to: trash, in: notes)
    try places.source.sync()
    try source.removeNote(PackageManifest.noteName(package))
    try notes.removeAll(trash)
  }

  /// After the last package a source that unpacking made goes, too.
  private func leaveNothing() throws(EncapError) {
    guard try source.packages().isEmpty, let notes = source.notes,
      try notes.status(SourceFolder.madeName) != nil
    else { return }
    let known = [SourceFolder.notesName, EncapPrefix.logName]
    guard try places.source.items().allSatisfy(known.contains) else { return }
    try places.source.removeAll(SourceFolder.notesName)
    try places.source.remove(EncapPrefix.logName)
    let names = OpenPlaces.names(places.sourcePath)
    let slash = [UInt8(ascii: "/")]
    guard let name = names.last else { return }
    let parent = try Folder(slash + names.dropLast().joined(separator: slash))
    _ = try parent.removeEmptyFolder(name)
  }
}
