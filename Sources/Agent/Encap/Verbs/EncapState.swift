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
