import Bytes
import Glibc

/// Where packages are, and where they are linked into.
public struct EncapPlaces: Equatable, Sendable {
  public static let usualSource = "/usr/local/encap"
  public static let usualTarget = "/usr/local"

  /// The folder with a folder for each package.
  public let source: String
  /// The prefix: `bin`, `lib` and so on are here.
  public let target: String

  /// Give one, and the other is derived as epkg does it: the source is `encap` in the target.
  public init(source: String? = nil, target: String? = nil) {
    switch (source, target) {
    case (let source?, let target?): (self.source, self.target) = (source, target)
    case (let source?, nil): (self.source, self.target) = (source, EncapPlaces.parent(of: source))
    case (nil, let target?):
      (self.source, self.target) = (target == "/" ? "/encap" : "\(target)/encap", target)
    case (nil, nil):
      (self.source, self.target) = (EncapPlaces.usualSource, EncapPlaces.usualTarget)
    }
  }

  private static func parent(of path: String) -> String {
    let names = path.split(separator: "/", omittingEmptySubsequences: true)
    let parent = names.dropLast().joined(separator: "/")
    guard path.hasPrefix("/") else { return parent.isEmpty ? "." : parent }
    return "/" + parent
  }

  /// The path without links, `.` and `..` (realpath(3)).
  static func canonical(_ path: String) throws(EncapError) -> [UInt8] {
    guard let found = realpath(path, nil) else {
      throw .failed("find", Printable.text(path, limit: 300))
    }
    defer { free(found) }
    return Array(String(cString: found).utf8)
  }
}

/// Source and target, both open, and their paths without links: what relative links are counted
/// from.
struct OpenPlaces {
  let source: Folder
  let target: Folder
  let sourcePath: [UInt8]
  let targetPath: [UInt8]
  /// The source as the user called it: links may say so, too.
  let namedSource: [UInt8]

  init(_ places: EncapPlaces) throws(EncapError) {
    let sourcePath = try EncapPlaces.canonical(places.source)
    let targetPath = try EncapPlaces.canonical(places.target)
    let (sourceNames, targetNames) = (OpenPlaces.names(sourcePath), OpenPlaces.names(targetPath))
    guard !targetNames.starts(with: sourceNames) else {
      throw .places(
        why: "the target \(Printable.text(places.target)) is the source, or inside it: packages "
          + "would be linked into themselves; name another --target")
    }
    source = try Folder(sourcePath)
    target = try Folder(targetPath)
    (self.sourcePath, self.targetPath) = (sourcePath, targetPath)
    namedSource = Array(places.source.utf8)
  }

  /// The same source with the target of a plan that was made before.
  init(_ places: OpenPlaces, target path: [UInt8]) throws(EncapError) {
    source = places.source
    target = try Folder(path)
    (sourcePath, targetPath) = (places.sourcePath, path)
    namedSource = places.namedSource
  }

  static func names(_ path: [UInt8]) -> [ArraySlice<UInt8>] {
    path.split(separator: UInt8(ascii: "/"))
  }

  /// The source as seen from the target, where it lies inside: no package may be linked there.
  var sourceInTarget: EncapPath? {
    let (sourceNames, targetNames) = (OpenPlaces.names(sourcePath), OpenPlaces.names(targetPath))
    guard sourceNames.starts(with: targetNames) else { return nil }
    let slash = [UInt8(ascii: "/")]
    return EncapPath(Array(sourceNames.dropFirst(targetNames.count).joined(separator: slash)))
  }
}
