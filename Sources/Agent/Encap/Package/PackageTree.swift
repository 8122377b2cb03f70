/// What of a package is linked, in the order of its paths: a value that plans are made of.
struct PackageTree: Equatable {
  struct Item: Equatable {
    /// In the package.
    let path: EncapPath
    /// In the target: the same, but for another name of a file's link.
    let linkPath: EncapPath
    let isFolder: Bool
    /// To be linked as a whole, if that can be.
    let isLinkFolder: Bool
    /// Without it the package is of no use (`require`).
    let isRequired: Bool
  }

  let package: EncapPackageName
  let info: EncapInfo
  let items: [Item]
  /// Those of the four that are there.
  let scripts: Set<ScriptName>
  /// It has something to say to who installs it.
  var hasReadme = false

  var folders: [EncapPath] { items.filter(\.isFolder).map(\.path) }

  /// Where links of this package may stand, and what each leads to.
  var places: [EncapPath: EncapPath] {
    var places: [EncapPath: EncapPath] = [:]
    for item in items where !item.isFolder || item.isLinkFolder {
      places[item.linkPath] = item.path
    }
    return places
  }

  /// The folder in it that is a prefix: `make DESTDIR=…` leaves it so without `prefix=/`.
  func nestedPrefix(of target: [UInt8]) -> EncapPath? {
    let prefixes = [target, Array(EncapPlaces.usualTarget.utf8)].compactMap { path in
      EncapPath(untrusted: path.drop { $0 == UInt8(ascii: "/") })
    }
    return items.first { $0.isFolder && prefixes.contains($0.path) }?.path
  }
}

/// The scripts of a package, in its folder (encap2.0-specification, 3.4).
enum ScriptName: String, CaseIterable {
  case preInstall = "preinstall"
  case postInstall = "postinstall"
  case preRemove = "preremove"
  case postRemove = "postremove"

  var isInstall: Bool { self == .preInstall || self == .postInstall }
}
