import Bytes
import Collector
import Foundation
import SSHFleet

/// The collector's own key pair, made by the first roll-out. On the hosts it opens nothing but
/// `culprit-agent attach`.
public struct CollectorKey: Equatable, Sendable {
  /// The private key's file; the public key's is beside it, with `.pub`.
  public let path: String
  /// `ssh-ed25519 AAAA…`
  public let publicKey: String

  public static var usualPath: String { "\(StandardPlaces.stateFolder)/collector_ed25519" }

  /// Where there is none yet, it is made.
  public static func made(at path: String) throws(DeployError) -> CollectorKey {
    if !FileManager.default.fileExists(atPath: path) {
      if path.hasPrefix(StandardPlaces.stateFolder + "/") {
        try? StandardPlaces.makeStateFolder()
      }
      try make(path)
    }
    return try CollectorKey(path)
  }

  /// Reads what is there.
  public init(_ path: String) throws(DeployError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .key(
        path: path, why: "\(DeployError.text(of: errno)); culprit deploy install makes one")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw .key(path: path, why: "others may read it: chmod 600 it")
    }
    let file = path + ".pub"
    guard
      let text = FileManager.default.contents(atPath: file).map({
        String(decoding: $0, as: UTF8.self)
      })
    else {
      throw .key(path: path, why: "\(file) is missing; ssh-keygen -y -f \(path) > \(file) makes it")
    }
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count >= 2, words[0] == "ssh-ed25519", CollectorKey.isBase64(words[1]) else {
      throw .key(path: path, why: "\(file) holds no ed25519 key")
    }
    self.path = path
    publicKey = "\(words[0]) \(words[1])"
  }

  /// It goes into a line of authorized_keys: nothing but the letters of base64.
  private static func isBase64(_ text: Substring) -> Bool {
    text.utf8.count < 1000
      && text.utf8.allSatisfy { byte in
        PackageVersion.isPlain(String(decoding: [byte], as: UTF8.self)) && byte != UInt8(ascii: ".")
          || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
      }
  }

  private static func make(_ path: String) throws(DeployError) {
    let words = [
      "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "culprit-collector", "-f", path,
    ]
    let answer: (output: String?, error: String)
    do throws(LinkFailure) {
      answer = try runProgram(words)
    } catch {
      throw .key(path: path, why: error.description)
    }
    guard answer.output != nil else {
      throw .key(path: path, why: "no ssh-keygen to make it with; install openssh-client")
    }
    guard FileManager.default.fileExists(atPath: path) else {
      let said = (answer.output ?? "") + answer.error
      throw .key(path: path, why: "ssh-keygen: \(Printable.text(said, limit: 200))")
    }
  }

  /// The line of authorized_keys (sshd(8)): `restrict` holds for what later versions of sshd let a
  /// key do, too.
  var authorizedLine: String {
    "restrict,command=\"/usr/local/bin/culprit-agent attach\" \(publicKey) culprit-collector"
  }

  /// What tells its line from others.
  var blob: String { String(publicKey.split(separator: " ").last ?? "") }
}
