import Foundation

/// A private key file: what kind of key it holds, and whether libssh2 1.10 can sign with it.
struct IdentityFile: Sendable {
  enum Usability: Equatable, Sendable {
    case usable
    /// Debian 12's libssh2 signs with RSA keys only over SHA-1 (libssh2 #634), which OpenSSH
    /// refuses since 8.8. Can go when 1.11 is the oldest version we build on.
    case rsa
    /// It needs a passphrase: for the ssh-agent.
    case encrypted
    /// A FIDO key, a certificate, DSA, or nothing we know.
    case unsupported(String)
  }

  var path: String
  var usability: Usability
  /// The file's bytes, kept so that a stalled disk doesn't keep us from logging in again.
  var bytes: [UInt8]
  /// The public key's blob, where the file tells it in clear: to find the key in the agent.
  var publicBlob: [UInt8]?

  /// The public key as a `.pub` file has it, without its comment; `nil` where it isn't told.
  var publicLine: String? {
    guard let publicBlob else { return nil }
    var reader = SSHBuffer(publicBlob)
    guard let type = reader.string() else { return nil }
    return "\(String(decoding: type, as: UTF8.self)) \(Data(publicBlob).base64EncodedString())"
  }

  /// Private keys are a few kB; a larger file is none.
  static let sizeLimit = 64 << 10

  init(path: String) throws(LinkFailure) {
    self.path = path
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      let why = (error as NSError).localizedDescription
      throw LinkFailure(.refusedKey, "can't read the identity file \(path): \(why)")
    }
    guard data.count <= Self.sizeLimit else {
      throw LinkFailure(.refusedKey, "\(path) is too large to be a private key")
    }
    bytes = [UInt8](data)
    (usability, publicBlob) = IdentityFile.inspect(String(decoding: data, as: UTF8.self))
  }

  private static func inspect(_ text: String) -> (Usability, [UInt8]?) {
    if text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") { return inspectOpenSSH(text) }
    if text.contains("ENCRYPTED") { return (.encrypted, nil) }
    if text.contains("-----BEGIN RSA PRIVATE KEY-----") { return (.rsa, nil) }
    if text.contains("-----BEGIN EC PRIVATE KEY-----") { return (.usable, nil) }
    if text.contains("-----BEGIN DSA PRIVATE KEY-----") { return (.unsupported("DSA"), nil) }
    if text.contains("-----BEGIN PRIVATE KEY-----") {
      return (.unsupported("PKCS#8; convert it with ssh-keygen -p -f FILE"), nil)
    }
    return (.unsupported("no private key"), nil)
  }

  /// PROTOCOL.key of OpenSSH: magic, cipher, KDF, its options, number of keys, public key.
  private static func inspectOpenSSH(_ text: String) -> (Usability, [UInt8]?) {
    let body = text.split(whereSeparator: isLineEnd).filter { !$0.hasPrefix("-----") }
      .map { $0.trimmingCharacters(in: .whitespaces) }.joined()
    guard let data = Data(base64Encoded: body) else {
      return (.unsupported("a damaged OpenSSH key"), nil)
    }
    var reader = SSHBuffer([UInt8](data))
    guard reader.take("openssh-key-v1\0"), let cipher = reader.string(),
      reader.string() != nil, reader.string() != nil, reader.uint32() == 1,
      let blob = reader.string()
    else { return (.unsupported("a damaged OpenSSH key"), nil) }
    return (usability(ofBlob: blob, isEncrypted: cipher != Array("none".utf8)), blob)
  }

  /// What libssh2 1.10 can do with a key, told by the type that its blob begins with.
  static func usability(ofBlob blob: [UInt8], isEncrypted: Bool = false) -> Usability {
    var inner = SSHBuffer(blob)
    let type = inner.string().map { String(decoding: $0, as: UTF8.self) } ?? "?"
    switch type {
    case "ssh-rsa": return .rsa
    case "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521":
      return isEncrypted ? .encrypted : .usable
    default: return .unsupported(String(type.prefix(64)))
    }
  }
}

/// Reads the wire types of RFC 4251, section 5, out of untrusted bytes.
struct SSHBuffer {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    self.bytes = bytes[...]
  }

  mutating func take(_ text: String) -> Bool {
    guard bytes.starts(with: text.utf8) else { return false }
    bytes = bytes.dropFirst(text.utf8.count)
    return true
  }

  mutating func skip(_ count: Int) -> Bool {
    guard bytes.count >= count else { return false }
    bytes = bytes.dropFirst(count)
    return true
  }

  mutating func uint32() -> UInt32? {
    guard bytes.count >= 4 else { return nil }
    let value = bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    bytes = bytes.dropFirst(4)
    return value
  }

  mutating func string() -> [UInt8]? {
    guard let length = uint32(), bytes.count >= Int(length) else { return nil }
    let value = Array(bytes.prefix(Int(length)))
    bytes = bytes.dropFirst(Int(length))
    return value
  }
}

/// Whether a character ends a line of a text file; CR LF is one character to Swift.
func isLineEnd(_ character: Character) -> Bool {
  character == "\n" || character == "\r\n"
}
