/// What a package says about itself: the file `encapinfo` in its folder (encap2.0-specification, 3.5;
/// encap2.1-specification).
public struct EncapInfo: Equatable, Sendable {
  /// Of the package format.
  public enum Format: String, Sendable, Comparable {
    /// No `encapinfo`; without and with scripts.
    case classic = "1.0"
    case scripted = "1.1"
    case info = "2.0"
    case latest = "2.1"

    public static func < (left: Format, right: Format) -> Bool { left.rawValue < right.rawValue }
  }

  public var format: Format
  public var platform: String?
  public var date: String?
  public var contact: String?
  public var description: String?
  /// Globs of what isn't linked, of what must be, and of folders that are linked as a whole.
  var excludes: [Glob] = []
  var requires: [Glob] = []
  var linkFolders: [Glob] = []
  /// Other names for the links of these files.
  var linkNames: [EncapPath: [UInt8]] = [:]
  var prerequisites: [Prerequisite] = []

  public init(format: Format) { self.format = format }
}

/// What must be there before a package is installed.
enum Prerequisite: Equatable, Sendable, CustomStringConvertible {
  /// Another package, in a range of versions.
  case package(Range, name: String, version: EncapVersion?)
  case file(String)
  case folder(String)

  enum Range: String, CaseIterable, Sendable {
    case equal = "="
    case newer = ">"
    case notOlder = ">="
    case older = "<"
    case notNewer = "<="
    case any = "*"

    func allows(_ found: EncapVersion?, _ wanted: EncapVersion?, by order: VersionOrder) -> Bool {
      let isOlder = Range.isOlder(found, wanted, by: order)
      let isNewer = Range.isOlder(wanted, found, by: order)
      return switch self {
      case .equal: !isOlder && !isNewer
      case .newer: isNewer
      case .notOlder: !isOlder
      case .older: isOlder
      case .notNewer: !isNewer
      case .any: true
      }
    }

    /// No version is the oldest.
    private static func isOlder(
      _ one: EncapVersion?, _ other: EncapVersion?, by order: VersionOrder
    ) -> Bool {
      guard let other else { return false }
      return one.map { $0.isOlder(than: other, by: order) } ?? true
    }
  }

  /// As `encapinfo` has it.
  var description: String {
    switch self {
    case .package(let range, let name, let version):
      "package \(range.rawValue) \(name)\(version.map { "-\($0)" } ?? "")"
    case .file(let path): "file \(path)"
    case .folder(let path): "folder \(path)"
    }
  }
}
