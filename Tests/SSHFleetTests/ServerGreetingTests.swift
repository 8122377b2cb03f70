import Testing

@testable import SSHFleet

/// RFC 4253, 4.2 and 7.1.
@Suite struct ServerGreetingTests {
  private static let fine = Lists()

  struct Lists {
    var keyExchanges = "curve25519-sha256,ext-info-s"
    var hostKeys = "ssh-ed25519"
    var ciphers = "chacha20-poly1305@openssh.com,aes256-ctr"
    var macs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256"
  }

  private func bytes(_ banner: String, _ lists: Lists?) -> [UInt8] {
    var result = Array(banner.utf8)
    guard let lists else { return result }
    var payload: [UInt8] = [20] + [UInt8](repeating: 7, count: 16)
    let both = [lists.ciphers, lists.ciphers, lists.macs, lists.macs, "none", "none", "", ""]
    for list in [lists.keyExchanges, lists.hostKeys] + both {
      payload += length(list.utf8.count) + Array(list.utf8)
    }
    payload += [0, 0, 0, 0, 0]
    result += length(payload.count + 1 + 4) + [4] + payload + [0, 0, 0, 0]
    return result
  }

  private func length(_ count: Int) -> [UInt8] {
    [
      UInt8(count >> 24 & 255), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255),
      UInt8(count & 255),
    ]
  }

  @Test func itReadsBannerAndLists() {
    let greeting = ServerGreeting(bytes("SSH-2.0-OpenSSH_9.2p1 Debian\r\n", Self.fine))
    #expect(greeting.banner == "OpenSSH_9.2p1 Debian")
    #expect(greeting.hostKeys == ["ssh-ed25519"])
    #expect(greeting.macs == ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"])
    #expect(greeting.mismatch == nil)
  }

  @Test func linesBeforeTheBannerArePassedOver() {
    let greeting = ServerGreeting(bytes("Hello\r\nthere\nSSH-2.0-x\r\n", Self.fine))
    #expect(greeting.banner == "x")
    #expect(greeting.hostKeys == ["ssh-ed25519"])
  }

  @Test func aBannerWithControlCharactersIsMadeHarmless() {
    let greeting = ServerGreeting(bytes("SSH-2.0-\u{1B}[31mevil\u{7}\r\n", nil))
    let banner = greeting.banner ?? ""
    #expect(banner.contains("evil"))
    #expect(banner.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
  }

  @Test(
    arguments: [
      (
        \Lists.keyExchanges, "key exchange", "sntrup761x25519-sha512@openssh.com",
        "curve25519-sha256"
      ),
      (\Lists.hostKeys, "host key", "rsa-sha2-512,rsa-sha2-256", "ssh-ed25519"),
      (\Lists.ciphers, "cipher", "chacha20-poly1305@openssh.com", "aes256-ctr"),
      (\Lists.macs, "MAC", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"),
    ] as [(WritableKeyPath<Lists, String> & Sendable, String, String, String)])
  func aMismatchNamesBothLists(
    list: WritableKeyPath<Lists, String> & Sendable, kind: String, theirs: String, ours: String
  ) throws {
    var lists = Self.fine
    lists[keyPath: list] = theirs
    let mismatch = try #require(ServerGreeting(bytes("SSH-2.0-x\r\n", lists)).mismatch)
    #expect(mismatch.contains("no common \(kind)"))
    #expect(mismatch.contains("the server offers \(theirs)"))
    #expect(mismatch.contains(ours))
  }

  @Test func everyTruncationIsSafe() {
    let whole = bytes("SSH-2.0-OpenSSH_9.2p1\r\n", Self.fine)
    for count in 0...whole.count {
      let greeting = ServerGreeting(Array(whole.prefix(count)))
      #expect(greeting.mismatch == nil, "\(count): \(greeting)")
      if count >= 23 { #expect(greeting.banner == "OpenSSH_9.2p1") }
    }
  }

  /// Lengths that lie about what follows.
  @Test(arguments: 0..<200) func everyChangedByteIsSafe(position: Int) {
    var changed = bytes("SSH-2.0-x\r\n", Self.fine)
    guard position < changed.count else { return }
    for value: UInt8 in [0, 1, 127, 128, 255] {
      changed[position] = value
      let text = ServerGreeting(changed).mismatch ?? ""
      #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
    }
  }
}
