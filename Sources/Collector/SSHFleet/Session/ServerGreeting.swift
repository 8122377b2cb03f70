import Bytes

/// A server's banner and the algorithms of its first KEXINIT (RFC 4253, sections 4.2 and 7.1).
struct ServerGreeting {
  var banner: String?
  var keyExchanges: [String] = []
  var hostKeys: [String] = []
  /// Server to client, the direction that matters most to us; sshd lists both alike.
  var ciphers: [String] = []
  var macs: [String] = []

  init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    // Lines before the banner are allowed; a server sends few.
    for _ in 0..<32 {
      guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return }
      let line = String(decoding: rest[..<end], as: UTF8.self)
      rest = rest[(end + 1)...]
      guard line.hasPrefix("SSH-") else { continue }
      banner = Printable.text(line.trimmingPrefix("SSH-2.0-").prefix { $0 != "\r" }, limit: 80)
      break
    }
    readKeyExchange(Array(rest))
  }

  private mutating func readKeyExchange(_ packet: [UInt8]) {
    var buffer = SSHBuffer(packet)
    // Packet length, padding length, message number 20, cookie.
    guard buffer.uint32() != nil, buffer.skip(1), buffer.take("\u{14}"), buffer.skip(16),
      let keyExchanges = buffer.string(), let hostKeys = buffer.string(),
      buffer.string() != nil, let ciphers = buffer.string(),
      buffer.string() != nil, let macs = buffer.string()
    else { return }
    self.keyExchanges = ServerGreeting.names(keyExchanges)
    self.hostKeys = ServerGreeting.names(hostKeys)
    self.ciphers = ServerGreeting.names(ciphers)
    self.macs = ServerGreeting.names(macs)
  }

  private static func names(_ list: [UInt8]) -> [String] {
    String(decoding: list, as: UTF8.self).split(separator: ",").map {
      Printable.text($0, limit: 64)
    }
  }

  /// What libssh2 1.10.0 speaks, per kind of algorithm (its kex.c, hostkey.c, crypt.c, mac.c).
  private var comparison: [(kind: String, theirs: [String], ours: Set<String>)] {
    [
      (
        "key exchange", keyExchanges,
        [
          "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256",
          "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256",
          "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
          "diffie-hellman-group14-sha256", "diffie-hellman-group14-sha1",
        ]
      ),
      (
        "host key", hostKeys,
        [
          "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
          "ssh-rsa", "ssh-dss",
        ]
      ),
      (
        "cipher", ciphers,
        ["aes256-ctr", "aes192-ctr", "aes128-ctr", "aes256-cbc", "aes192-cbc", "aes128-cbc"]
      ),
      ("MAC", macs, ["hmac-sha2-256", "hmac-sha2-512", "hmac-sha1", "hmac-sha1-96"]),
    ]
  }

  /// A sentence naming what the two sides don't share; `nil` where they share one of each kind.
  var mismatch: String? {
    for (kind, theirs, ours) in comparison {
      guard !theirs.isEmpty, !theirs.contains(where: ours.contains) else { continue }
      let hint =
        kind == "MAC"
        ? "libssh2 1.10 has no encrypt-then-MAC; add hmac-sha2-256 to the server's MACs"
        : "add one of ours to the server's"
      return "no common \(kind): the server offers \(theirs.joined(separator: ",")); "
        + "libssh2 speaks \(ours.sorted().joined(separator: ",")); \(hint)"
    }
    return nil
  }
}
