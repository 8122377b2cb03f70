import Foundation
import TestSupport
import Testing

@testable import SSHFleet

/// sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
@Suite struct KnownHostsTests {
  private static let key: [UInt8] = Array("the key".utf8)
  private static let other: [UInt8] = Array("another key".utf8)

  /// `NAMES ssh-ed25519 KEY`
  private func line(_ names: String, _ key: [UInt8] = key) -> String {
    "\(names) ssh-ed25519 \(Data(key).base64EncodedString())\n"
  }

  private func verdict(
    _ text: String, _ host: String, _ port: UInt16 = 22, _ key: [UInt8] = key
  ) -> KnownHostsVerdict {
    KnownHosts(text: text, file: "kh").keys(host: host, port: port).verdict(key)
  }

  @Test(arguments: [
    ("web1", "web1", UInt16(22)), ("web1,10.0.0.1", "10.0.0.1", 22), ("web1,web2", "web2", 22),
    ("WEB1", "web1", 22), ("web1", "WEB1", 22), ("*.example.org", "a.b.example.org", 22),
    ("web?", "web7", 22), ("*", "anything", 22), ("w*b*1", "wxxbyyb1", 22),
    ("[web1]:2222", "web1", 2222), ("[10.0.0.1]:2222", "10.0.0.1", 2222),
    ("[::1]:2222", "::1", 2222), ("::1", "::1", 22), ("[*]:2222", "web1", 2222),
    ("*,!web2", "web1", 22), ("!web2,*", "web1", 22),
  ])
  func itMatches(names: String, host: String, port: UInt16) {
    #expect(verdict(line(names), host, port) == .match)
    #expect(verdict(line(names), host, port, Self.other) == .changed(file: "kh", line: 1))
  }

  @Test(arguments: [
    ("web1", "web2", UInt16(22)), ("web1", "web11", 22), ("web1", "xweb1", 22),
    ("*.example.org", "example.org", 22), ("web?", "web", 22), ("web?", "web12", 22),
    // A name on another port is another server (libssh2 falls back to the plain name).
    ("web1", "web1", 2222), ("[web1]:2222", "web1", 22), ("[web1]:2222", "web1", 2223),
    ("*,!web2", "web2", 22), ("!web2,*", "web2", 22), ("!web1", "web2", 22), ("!web1", "web1", 22),
    ("", "web1", 22),
  ])
  func itDoesNotMatch(names: String, host: String, port: UInt16) {
    #expect(verdict(line(names), host, port) == .unknown)
  }

  @Test func oneOfSeveralKeysIsEnough() {
    let text = line("web1", Self.other) + line("web1")
    #expect(verdict(text, "web1") == .match)
    #expect(verdict(text, "web1", 22, Array("third".utf8)) == .changed(file: "kh", line: 1))
  }

  @Test func aRevokedKeyIsRefusedThoughItIsListedToo() {
    let revoked = "@revoked " + line("web1")
    #expect(verdict(line("web1") + revoked, "web1") == .revoked(file: "kh", line: 2))
    #expect(verdict(revoked + line("web1"), "web1") == .revoked(file: "kh", line: 1))
    #expect(verdict("@revoked " + line("*"), "web1") == .revoked(file: "kh", line: 1))
    // Another key of the host isn't revoked, and a revoked one doesn't make the host known.
    #expect(verdict(revoked + line("web1", Self.other), "web1", 22, Self.other) == .match)
    #expect(verdict(revoked, "web1", 22, Self.other) == .unknown)
  }

  @Test func linesThatSayNothingOfAPlainKeyAreSkipped() {
    let skipped = [
      "", "   ", "# web1 ssh-ed25519 AAAA", "\t# indented", "web1", "web1 ssh-ed25519",
      "web1 ssh-ed25519 not*base64", "@cert-authority " + line("*"), "@unknown " + line("web1"),
      "@revoked", "|1|short", "|2|AAAA|BBBB ssh-ed25519 AAAA", "|1|!!|!! ssh-ed25519 AAAA",
      "\u{0}\u{1}\u{2}",
    ].joined(separator: "\n")
    #expect(verdict(skipped, "web1", 22, Self.other) == .unknown)
    let number = skipped.split(separator: "\n", omittingEmptySubsequences: false).count + 1
    #expect(
      verdict(skipped + "\n" + line("web1"), "web1", 22, Self.other)
        == .changed(file: "kh", line: number))
    #expect(verdict(skipped + "\n" + line("web1"), "web1") == .match)
  }

  @Test func blanksTabsAndCarriageReturnsAreNoPartOfAWord() {
    let base64 = Data(Self.key).base64EncodedString()
    #expect(verdict("  web1\t ssh-ed25519   \(base64)  a comment\r\n", "web1") == .match)
    #expect(
      verdict("web2 ssh-ed25519 \(base64)\r\nweb1 ssh-ed25519 \(base64)\r\n", "web1") == .match)
    #expect(verdict("web1 ssh-ed25519 \(base64)", "web1") == .match)
  }

  @Test func theKindsOfKeyComeInTheOrderOfTheFile() {
    let base64 = Data(Self.key).base64EncodedString()
    let text = """
      web1 ecdsa-sha2-nistp256 \(base64)
      web2 ssh-rsa \(base64)
      @revoked web1 ssh-dss \(base64)
      web1,web3 ssh-ed25519 \(base64)
      web1 ecdsa-sha2-nistp256 \(base64)
      """
    let known = KnownHosts(text: text, file: "kh")
    #expect(known.keys(host: "web1", port: 22).types == ["ecdsa-sha2-nistp256", "ssh-ed25519"])
    #expect(known.keys(host: "web9", port: 22).types.isEmpty)
  }

  @Test func everyTruncationIsSafe() {
    let ours = "# c\n" + line("web1,!x,*.y")
    let text = ours + "@revoked " + line("a") + "|1|c2FsdHNhbHQ=|ZGlnZXN0 t AAAA\n"
    for length in 0...text.count {
      let known = KnownHosts(text: String(text.prefix(length)), file: "kh")
      let verdict = known.keys(host: "web1", port: 22).verdict(Self.key)
      if length >= ours.count - 1 { #expect(verdict == .match, "\(length)") }
    }
  }

  /// A pattern of many stars must not take exponential time.
  @Test(.timeLimit(.minutes(1))) func manyStarsAreFast() {
    let pattern = String(repeating: "*a", count: 200)
    let name = String(repeating: "a", count: 4000) + "b"
    #expect(verdict(line(pattern), name) == .unknown)
    #expect(verdict(line(pattern), String(name.dropLast())) == .match)
  }

  @Test func aLineWeWriteIsReadBack() {
    for (host, port) in [("web1", UInt16(22)), ("::1", 2222), ("Web1", 2200)] {
      let line = KnownHosts.line(host: host, port: port, keyType: "ssh-ed25519", key: Self.key)
      #expect(verdict(line, host, port) == .match)
    }
  }
}

/// Beside the real ssh-keygen, which must find in a file what we find.
@Suite(.enabled(if: Machine.has("ssh-keygen"), "needs openssh-client"), .live)
struct KnownHostsBesideOpenSSHTests {
  private static let names = [
    "web1", "web2", "web1.example.org", "example.org", "10.0.0.1", "[web1]:2222", "[10.0.0.1]:2222",
    "db7", "::1", "[::1]:2222",
  ]

  /// A lookup name back into host and port.
  private func parts(_ name: String) -> (String, UInt16) {
    guard name.hasPrefix("["), let close = name.lastIndex(of: "]") else { return (name, 22) }
    let host = name[name.index(after: name.startIndex)..<close]
    return (String(host), UInt16(name[close...].dropFirst(2)) ?? 0)
  }

  private func compare(_ file: String, key: KeyPair) async throws {
    let known = KnownHosts(files: [file])
    for name in Self.names {
      let found = try await Program.run(["ssh-keygen", "-F", name, "-f", file]).code == 0
      let (host, port) = parts(name)
      let verdict = known.keys(host: host, port: port).verdict(key.blob)
      #expect((verdict == .match) == found, "\(name): \(verdict) of\n\(TestFolder.text(file))")
    }
  }

  @Test(arguments: [
    "web1", "web1,10.0.0.1", "web1,[web1]:2222", "*.example.org", "web?,!web2", "*,!web1",
    "[10.0.0.1]:2222,::1,[::1]:2222", "WEB1", "db[7]",
  ])
  func plainNames(names: String) async throws {
    let folder = try TestFolder()
    let key = try await KeyPair.make(in: folder)
    let file = try folder.write("\(names) \(key.publicKey)\n", to: "known_hosts")
    try await compare(file, key: key)
  }

  @Test func namesHashedBySSHKeygen() async throws {
    let folder = try TestFolder()
    let key = try await KeyPair.make(in: folder)
    let file = try folder.write(
      """
      web1,10.0.0.1 \(key.publicKey)
      [web1]:2222 \(key.publicKey) a comment
      ::1,[::1]:2222 \(key.publicKey)

      """, to: "known_hosts")
    try await Program.output("ssh-keygen", "-q", "-H", "-f", file)
    let text = TestFolder.text(file)
    #expect(text.hasPrefix("|1|") && !text.contains("web1"))
    try await compare(file, key: key)
    #expect(KnownHosts(files: [file]).keys(host: "10.0.0.1", port: 22).types == ["ssh-ed25519"])
  }
}
