/// A package as its folder is called: `NAME-VERSION[+REVISION]`, cut at the last `-`
/// (encap2.1-specification, 2.1). One without a version is taken, too (2.0, 3.1): it is the oldest
/// of its name.
public struct EncapPackageName: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Longest name without its version, bytes; with it, it stays below NAME_MAX.
  public static let nameLimit = 120

  public let name: String
  public let version: EncapVersion?

  /// `nil` for what can be no package's folder: a version that is none (`1/2`, `..`, empty), a name
  /// that is empty, too long, begins with `.` or `-`, or holds anything but printable ASCII without
  /// blanks and `/`.
  public init?(_ text: String) {
    guard let dash = text.utf8.lastIndex(of: UInt8(ascii: "-")) else {
      self.init(name: text, version: nil)
      return
    }
    guard let version = EncapVersion(String(text[text.utf8.index(after: dash)...])) else {
      return nil
    }
    self.init(name: String(text[..<dash]), version: version)
  }

  public init?(name: String, version: EncapVersion?) {
    let isPlain = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
    guard isPlain, let first = name.utf8.first, first != UInt8(ascii: "."),
      first != UInt8(ascii: "-"), name.utf8.count <= EncapPackageName.nameLimit
    else { return nil }
    self.name = name
    self.version = version
  }

  public var description: String { version.map { "\(name)-\($0)" } ?? name }

  /// By name, then by version, the oldest first.
  public static func < (left: EncapPackageName, right: EncapPackageName) -> Bool {
    guard left.name == right.name else { return left.name < right.name }
    switch (left.version, right.version) {
    case (nil, let right): return right != nil
    case (_, nil): return false
    case (let left?, let right?): return left < right
    }
  }
}
