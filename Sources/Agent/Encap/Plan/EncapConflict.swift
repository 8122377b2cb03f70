import Bytes

/// What is in the way of a link. It stays as it is, always.
public struct EncapConflict: Equatable, Sendable, CustomStringConvertible {
  public enum Kind: String, Sendable {
    /// Something of somebody else: a file, a socket.
    case notLink = "not-a-link"
    /// A link that leads elsewhere.
    case foreignLink = "foreign-link"
    /// A link into another package.
    case otherPackage = "other-package"
    /// A folder where a link belongs.
    case folder = "folder"
    /// A link to a folder where a folder belongs.
    case linkedFolder = "linked-folder"
    /// The package has two files for one place.
    case twice = "twice"
  }

  public let path: EncapPath
  public let kind: Kind
  /// What is there.
  public let what: String
  /// What to do about it.
  public let remedy: String
  /// Without this link the package is of no use (`require`).
  public var isRequired = false

  public var description: String { "\(path): \(what); \(remedy)" }

  static func notLink(_ path: EncapPath, _ what: String) -> EncapConflict {
    EncapConflict(
      path: path, kind: .notLink, what: "\(what) is there",
      remedy: "move it away if nobody needs it (dpkg -S or rpm -qf tells whose it is)")
  }

  static func foreign(_ path: EncapPath, _ link: TargetLink) -> EncapConflict {
    EncapConflict(
      path: path, kind: .foreignLink,
      what: "a link to \(Printable.text(link.text.span, limit: 200)), which is no Encap link",
      remedy: "remove it if nobody needs it")
  }

  static func other(_ path: EncapPath, _ link: TargetLink) -> EncapConflict {
    let name = link.package ?? []
    let package = Printable.text(name.span, limit: 200)
    return EncapConflict(
      path: path, kind: .otherPackage, what: "a link into the package \(package)",
      remedy:
        "remove that package first (encap remove \(package)), or exclude the file in encapinfo")
  }

  static func folder(_ path: EncapPath) -> EncapConflict {
    EncapConflict(
      path: path, kind: .folder, what: "a folder is there, where the package has a file",
      remedy: "move it away if nobody needs it")
  }

  static func linkedFolder(_ path: EncapPath, _ link: TargetLink) -> EncapConflict {
    EncapConflict(
      path: path, kind: .linkedFolder,
      what:
        "a link to \(Printable.text(link.text.span, limit: 200)), where the package has a folder",
      remedy: "make a folder of it (GNU stow: stow --no-folding -R)")
  }

  static func twice(_ path: EncapPath, _ file: EncapPath) -> EncapConflict {
    EncapConflict(
      path: path, kind: .twice, what: "the package has two files for this place (\(file), too)",
      remedy: "give one another linkname in its encapinfo")
  }
}
