import CLibSSH2

/// SHA-256, by the libcrypto that libssh2 links.
public enum SHA256Digest {
  /// 32 bytes; `nil` where libcrypto refuses.
  public static func of(_ bytes: [UInt8]) -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: 32)
    return culprit_sha256(bytes, bytes.count, &digest) == 1 ? digest : nil
  }
}
