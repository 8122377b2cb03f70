import Bytes
import Glibc

extension EncapPrefix {
  /// Links a package, the newest of that name where no version is given, and unlinks all others of
  /// its name.
  public func install(_ specifier: String) throws(EncapError) -> EncapOutcome {
    try begin("install")
    return try change(to: try package(for: specifier), verb: "install")
  }

  /// Links the newest that is there.
  public func upgrade(_ name: String) throws(EncapError) -> EncapOutcome {
    try begin("upgrade")
    let given = EncapPackageName(name)
    // A version may be named: it is that package's name that counts.
    let isName = try versions(of: name).isEmpty
    let newest = try versions(of: isName ? given?.name ?? name : name).last
    guard let newest else { throw missing(name, try source.packages()) }
    return try change(to: newest, verb: "upgrade")
  }

  /// The names of all packages that are linked in some version.
  public func linkedNames() throws(EncapError) -> [String] {
    var names: Set<String> = []
    for package in try source.packages() where !names.contains(package.name) {
      if try isLinked(package) { names.insert(package.name) }
    }
    return names.sorted()
  }

  /// Goes back to what was linked before; where nothing is known of that, to the next older version.
  public func rollback(_ name: String) throws(EncapError) -> EncapOutcome {
    try begin("rollback")
    let hasName = try !versions(of: name).isEmpty
    let bare = hasName ? name : EncapPackageName(name)?.name ?? name
    let all = try versions(of: bare)
    guard !all.isEmpty else { throw missing(name, try source.packages()) }
    var current: EncapPackageName?
    for package in all where try isLinked(package) { current = package }
    guard let current else {
      throw .noPackage(bare, why: "no version of it is linked, so there is nothing to go back from")
    }
    let before = try history(of: bare, current: current).last { all.contains($0) }
    let older = all.last { isOlder($0, current) }
    guard let back = before ?? older else {
      throw .noPackage(
        "older than \(current)",
        why: "it is the oldest in \(places.source.path), and nothing else "
          + "was linked before it; encap install NAME-VERSION goes to any")
    }
    return try change(to: back, verb: "rollback")
  }

  /// Makes this version the one that is linked.
  func change(to package: EncapPackageName, verb: String) throws(EncapError) -> EncapOutcome {
    let tree = try reader.tree(of: package)
    try checkPrerequisites(of: tree)
    let others = try versions(of: package.name).filter { $0 != package }
    let (plan, previous) = try plan(for: tree, others: others)
    var notes = recovered
    recovered = []
    if let nested = tree.nestedPrefix(of: places.targetPath) {
      notes.append(
        "the package holds \(nested): was it made without prefix=/ (make DESTDIR=… prefix=/ install)?"
      )
    }
    var outcome: EncapOutcome
    let isHindered = plan.conflicts.contains { !options.isCompat || $0.isRequired }
    let isVain = !plan.conflicts.isEmpty && plan.steps.isEmpty && plan.unchanged == 0
    if isHindered || isVain {
      outcome = EncapOutcome(
        verb: verb, package: package, previous: previous, status: .failed, plan: plan)
    } else if plan.steps.isEmpty {
      if !options.isDryRun { try noteUses(plan.folders) }
      outcome = EncapOutcome(
        verb: verb, package: package, previous: previous, status: .noop, plan: plan)
    } else if options.isDryRun {
      outcome = EncapOutcome(
        verb: verb, package: package, previous: previous, status: .planned, plan: plan)
    } else {
      outcome = try carryOut(try changeOfVersions(tree, previous, plan, verb))
    }
    if tree.hasReadme, outcome.status == .success {
      notes.append("it has a README: \(places.source.shown(Array("\(package)/README".utf8)))")
    }
    outcome.notes = notes + outcome.notes
    return outcome
  }

  private func changeOfVersions(
    _ tree: PackageTree, _ previous: [EncapPackageName], _ plan: EncapPlan, _ verb: String
  ) throws(EncapError) -> Change {
    var change = Change(verb: verb, package: tree.package, previous: previous, plan: plan)
    // The new one is asked first: it says whether it can be installed at all.
    change.before = calls([.preInstall], of: tree)
    for package in previous where try places.source.status(package.description.utf8) != nil {
      let old = try departingTree(package)
      change.before += calls([.preRemove], of: old)
      change.after += calls([.postRemove], of: old)
    }
    change.after += calls([.postInstall], of: tree)
    return change
  }

  func calls(_ scripts: [ScriptName], of tree: PackageTree) -> [ScriptCall] {
    scripts.filter { tree.scripts.contains($0) }.map {
      ScriptCall(script: $0, package: tree.package)
    }
  }

  /// The plan, and which versions have links now.
  private func plan(
    for tree: PackageTree, others: [EncapPackageName]
  ) throws(EncapError) -> (EncapPlan, [EncapPackageName]) {
    var trees: [EncapPackageName: PackageTree] = [:]
    for other in others { trees[other] = try departingTree(other) }
    let uses = try folderUses()
    var folders = Set(tree.folders)
    for other in trees.values { folders.formUnion(other.folders) }
    let snapshot = try TargetReader(places).read(folders)
    // Links of versions whose folders are gone are seen in the folders that this one has, too.
    let linked = snapshot.packageLinks.compactMap(\.link.packageName)
    let departing = DepartingLinks(
      snapshot: snapshot, uses: uses, trees: trees,
      packages: Set(others).union(linked.filter { $0.name == tree.package.name }),
      isCompat: options.isCompat)
    let planner = InstallPlanner(
      tree: tree, departing: departing.without(tree.package), snapshot: snapshot, uses: uses,
      isCompat: options.isCompat, text: text(of: tree.package))
    let previous = Set(departing.links.values.compactMap(\.packageName)).subtracting([tree.package])
    return (planner.plan(), previous.sorted(by: isOlder))
  }

  // MARK: what must be there

  private func checkPrerequisites(of tree: PackageTree) throws(EncapError) {
    var missing: [String] = []
    if let platform = tree.info.platform, !options.takesAnyPlatform,
      !Platform.runs(platform)
    {
      missing.append(
        "the platform \(Printable.text(platform, limit: 60)); this is \(Platform.machine)-linux "
          + "(--any-platform takes it all the same)")
    }
    for prerequisite in tree.info.prerequisites {
      if let why = try lack(of: prerequisite) { missing.append(why) }
    }
    guard missing.isEmpty else {
      throw .prerequisites(package: tree.package.description, missing: missing)
    }
  }

  /// What is missing; `nil` where it is there.
  private func lack(of prerequisite: Prerequisite) throws(EncapError) -> String? {
    let shown = Printable.text(prerequisite.description, limit: 300)
    switch prerequisite {
    case .file(let path):
      // As epkg: anything but a folder.
      var status = stat()
      return stat(path, &status) == 0 && !status.isFolder ? nil : shown
    case .folder(let path):
      var status = stat()
      return stat(path, &status) == 0 && status.isFolder ? nil : shown
    case .package(let range, let name, let version):
      let fitting = try versions(of: name).filter { range.allows($0.version, version, by: order) }
      guard let best = fitting.last else { return shown }
      if options.isCompat { return nil }
      for package in fitting where try isLinked(package) { return nil }
      return "\(shown) (\(best) is there, but not linked: encap install \(best))"
    }
  }
}

extension DepartingLinks {
  /// The version that comes is none that goes; its dangling links are replaced all the same.
  func without(_ package: EncapPackageName) -> DepartingLinks {
    DepartingLinks(
      snapshot: snapshot, uses: uses, trees: trees.filter { $0.key != package }, packages: packages,
      isCompat: isCompat)
  }
}
