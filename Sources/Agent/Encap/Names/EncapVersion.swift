/// A package's version: `1.10`, `2024.07`, `1.0+2`. In the order of epkg 2.3.9 (vercmp.c), but for
/// three things, see ``VersionOrder``.
public struct EncapVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Longest version taken, bytes.
  public static let limit = 128

  public let description: String

  /// `nil` for what can be no version: empty, too long, with `/`, blanks, control characters or `-`,
  /// or that is a folder's own name (`.`, `..`).
  public init?(_ text: String) {
    let allowed = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x2D }
    guard !text.isEmpty, text.utf8.count <= EncapVersion.limit, allowed, text != ".", text != ".."
    else { return nil }
    description = text
  }

  public static func < (left: EncapVersion, right: EncapVersion) -> Bool {
    left.isOlder(than: right, by: .ours)
  }

  /// By epkg's order, defects included, where that is asked for.
  func isOlder(than other: EncapVersion, by order: VersionOrder) -> Bool {
    order.compare(description.utf8[...], other.description.utf8[...]) < 0
  }
}
