extension EncapPrefix {
  /// Removes the folders of old versions: the newest `keep` of each package stay, and whatever is
  /// linked.
  public func collect(keeping keep: Int, of name: String? = nil) throws(EncapError) -> Collected {
    try begin("gc")
    let packages = try source.packages()
    if let name, !packages.contains(where: { $0.name == name }) { throw missing(name, packages) }
    var collected = Collected()
    let names = name.map { [$0] } ?? Set(packages.map(\.name)).sorted()
    var all: [EncapPackageName] = []
    var newest: Set<EncapPackageName> = []
    for name in names {
      let versions = try versions(of: name)
      all += versions
      newest.formUnion(versions.suffix(keep))
    }
    let linked = try linked(among: all.filter { !newest.contains($0) })
    for package in all {
      if newest.contains(package) || linked[package] != nil {
        collected.kept.append(package)
        continue
      }
      if !options.isDryRun { try removeFolder(of: package) }
      collected.removed.append(package)
    }
    collected.notes = recovered
    return collected
  }

  /// What `collect` removed, and what not.
  public struct Collected: Sendable {
    public var removed: [EncapPackageName] = []
    public var kept: [EncapPackageName] = []
    public var notes: [String] = []
  }
}
