import Bytes

/// A path relative to a package's folder or to the target: names between slashes. A name may hold
/// any byte but `/` and NUL, so it is bytes and no text.
public struct EncapPath: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Longest path and longest name in it, bytes (PATH_MAX, NAME_MAX), and most names.
  public static let limit = 4095
  public static let nameLimit = 255
  public static let depthLimit = 64

  public let bytes: [UInt8]

  /// The folder itself.
  public static let root = EncapPath([])

  /// - Precondition: no empty name, no `.` or `..`, no slash at either end. What comes from outside
  ///   goes through ``init(untrusted:)``.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// `a//b/`, `./a/b` and `a/b` are one path. `nil` for an absolute one, one with `..`, and for what
  /// no file system takes: a NUL, more than 255 bytes in a name, 4095 in all, 64 names.
  public init?(untrusted bytes: some Sequence<UInt8>) {
    let bytes = Array(bytes)
    let names = bytes.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
    let isSound = names.allSatisfy { name in
      name.count <= EncapPath.nameLimit && !name.elementsEqual("..".utf8) && !name.contains(0)
    }
    guard bytes.first != UInt8(ascii: "/"), isSound, names.count <= EncapPath.depthLimit else {
      return nil
    }
    let joined = Array(names.joined(separator: [UInt8(ascii: "/")]))
    guard joined.count <= EncapPath.limit else { return nil }
    self.bytes = joined
  }

  public init?(untrusted text: String) { self.init(untrusted: text.utf8) }

  public var isRoot: Bool { bytes.isEmpty }

  public var names: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "/")) }

  /// The last name; empty for the folder itself.
  public var name: ArraySlice<UInt8> {
    bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
  }

  /// The path of the folder that it is in; for the folder itself, that.
  public var parent: EncapPath {
    EncapPath(Array(bytes[..<(bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0)]))
  }

  /// How many folders lie between the root and it: 0 for a name in the root.
  public var depth: Int { bytes.count { $0 == UInt8(ascii: "/") } }

  public func appending(_ name: some Sequence<UInt8>) -> EncapPath {
    EncapPath(isRoot ? Array(name) : bytes + [UInt8(ascii: "/")] + name)
  }

  /// Whether it is `folder` itself or somewhere below it.
  public func isInside(_ folder: EncapPath) -> Bool {
    guard !folder.isRoot else { return true }
    guard bytes.starts(with: folder.bytes) else { return false }
    return bytes.count == folder.bytes.count || bytes[folder.bytes.count] == UInt8(ascii: "/")
  }

  /// Fit for a terminal: never the bytes themselves.
  public var description: String { Printable.text(bytes.span, limit: 300) }

  /// By names: what is in a folder comes right behind it.
  public static func < (left: EncapPath, right: EncapPath) -> Bool {
    left.names.lexicographicallyPrecedes(right.names) { $0.lexicographicallyPrecedes($1) }
  }
}
