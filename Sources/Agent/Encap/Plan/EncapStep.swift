/// One change of the target. Each can be seen to be done already, and can be undone: that is what a
/// journal lives from.
public enum EncapStep: Equatable, Sendable {
  /// A folder where nothing was.
  case makeFolder(EncapPath)
  /// A link where nothing was, or in the place of another, at once.
  case link(EncapPath, text: [UInt8], replacing: [UInt8]?)
  /// A folder with all its links in the place of a link to a folder, at once.
  case unfold(EncapPath, replacing: [UInt8], contents: [Content])
  /// The other way round: a link in the place of a folder with nothing in it but these links.
  case fold(EncapPath, text: [UInt8], contents: [Content])
  /// A link that goes.
  case unlink(EncapPath, text: [UInt8])
  /// A folder that goes, if it is empty then.
  case removeFolder(EncapPath)

  /// What such a folder holds: a folder, or a link.
  public struct Content: Equatable, Sendable {
    /// In the target, below the folder.
    public let path: EncapPath
    public let text: [UInt8]?
  }

  public var path: EncapPath {
    switch self {
    case .makeFolder(let path), .link(let path, _, _), .unfold(let path, _, _),
      .fold(let path, _, _), .unlink(let path, _), .removeFolder(let path):
      path
    }
  }
}
