import Bytes
import Encap

/// A version that may be rolled out: `0.3.0`, or `0.3.0+2` for the second package of it.
///
/// It becomes part of paths on hosts, so it is made of fewer characters than Encap allows: letters,
/// digits, `.`, `+`, `_` and `~`.
public struct PackageVersion: Equatable, Sendable, CustomStringConvertible {
  public static let agentName = "culprit-agent"
  /// Longest version taken, bytes.
  static let limit = 64

  public let name: EncapPackageName
  public let description: String

  public init(_ text: String) throws(DeployError) {
    guard let version = EncapVersion(text),
      let name = EncapPackageName(name: PackageVersion.agentName, version: version),
      PackageVersion.isPlain(text), text.last != "+", text.utf8.count <= PackageVersion.limit
    else {
      throw .version(
        Printable.text(text, limit: 80),
        why: "it is made of letters, digits, “.”, “+”, “_” and “~”, such as 0.3.0 or 0.3.0+2")
    }
    self.name = name
    description = text
  }

  static func isPlain(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "+"),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        true
      default: false
      }
    }
  }

  /// What the agent in the package says of itself: all in front of the `+`.
  var ofProgram: String { String(description.prefix { $0 != "+" }) }
}
