import Foundation

/// A key pair made by ssh-keygen.
public struct KeyPair: Sendable {
  /// The private key's file; the public key's is beside it with `.pub`.
  public var path: String

  /// `ssh-ed25519 AAAA… comment`
  public var publicLine: String {
    TestFolder.text(path + ".pub").trimmingCharacters(in: .newlines)
  }

  /// Type and base64 of the public key, without its comment.
  public var publicKey: String {
    publicLine.split(separator: " ").prefix(2).joined(separator: " ")
  }

  /// The public key's blob, RFC 4253, 6.6.
  public var blob: [UInt8] {
    let words = publicLine.split(separator: " ")
    guard words.count > 1, let data = Data(base64Encoded: String(words[1])) else { return [] }
    return [UInt8](data)
  }

  public enum Kind: String, CaseIterable, Sendable {
    case ed25519, ecdsa256, ecdsa384, ecdsa521, rsa

    fileprivate var arguments: [String] {
      switch self {
      case .ed25519: ["-t", "ed25519"]
      case .ecdsa256: ["-t", "ecdsa", "-b", "256"]
      case .ecdsa384: ["-t", "ecdsa", "-b", "384"]
      case .ecdsa521: ["-t", "ecdsa", "-b", "521"]
      case .rsa: ["-t", "rsa", "-b", "2048"]
      }
    }
  }

  /// - Parameter format: `RFC4716`, `PKCS8` or `PEM`, as for `ssh-keygen -m`; OpenSSH's by default.
  public static func make(
    _ kind: Kind = .ed25519, in folder: TestFolder, name: String = "id", passphrase: String = "",
    format: String? = nil
  ) async throws -> KeyPair {
    let path = folder.file(name)
    let result = try await Program.run(
      ["ssh-keygen", "-q", "-N", passphrase, "-C", name, "-f", path] + kind.arguments
        + (format.map { ["-m", $0] } ?? []))
    guard result.code == 0 else { throw TestTrouble("ssh-keygen: \(result)") }
    return KeyPair(path: path)
  }
}
