import TestSupport
import Testing

@testable import SSHFleet

@Suite(.enabled(if: Machine.has("ssh-keygen"), "needs openssh-client"), .live)
struct IdentityFileTests {
  @Test(arguments: KeyPair.Kind.allCases)
  func keysInOpenSSHsFormat(kind: KeyPair.Kind) async throws {
    let folder = try TestFolder()
    let key = try await KeyPair.make(kind, in: folder)
    let file = try IdentityFile(path: key.path)
    #expect(file.usability == (kind == .rsa ? .rsa : .usable))
    #expect(file.publicBlob == key.blob)
    #expect(file.bytes == Array(TestFolder.text(key.path).utf8))
  }

  /// The public half of an encrypted key stands in clear, so the agent can be asked for it.
  @Test(arguments: KeyPair.Kind.allCases)
  func encryptedKeys(kind: KeyPair.Kind) async throws {
    let folder = try TestFolder()
    let key = try await KeyPair.make(kind, in: folder, passphrase: "correct horse")
    let file = try IdentityFile(path: key.path)
    #expect(file.usability == (kind == .rsa ? .rsa : .encrypted))
    #expect(file.publicBlob == key.blob)
  }

  @Test(arguments: [
    (KeyPair.Kind.rsa, IdentityFile.Usability.rsa), (.ecdsa256, .usable), (.ecdsa384, .usable),
    (.ecdsa521, .usable),
  ])
  func keysInPEM(kind: KeyPair.Kind, usability: IdentityFile.Usability) async throws {
    let folder = try TestFolder()
    let key = try await KeyPair.make(kind, in: folder, format: "PEM")
    try #require(TestFolder.text(key.path).contains("BEGIN \(kind == .rsa ? "RSA" : "EC")"))
    #expect(try IdentityFile(path: key.path).usability == usability)
  }

  @Test(arguments: [KeyPair.Kind.rsa, .ecdsa256])
  func encryptedKeysInPEM(kind: KeyPair.Kind) async throws {
    let folder = try TestFolder()
    let key = try await KeyPair.make(kind, in: folder, passphrase: "correct horse", format: "PEM")
    #expect(try IdentityFile(path: key.path).usability == .encrypted)
  }

  @Test(arguments: [
    "", "garbage", "ssh-ed25519 AAAA a public key", "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----\n!!!!\n-----END OPENSSH PRIVATE KEY-----\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n"
      + "-----END OPENSSH PRIVATE KEY-----\n",
    "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n", "\u{0}\u{1}\u{7f}",
  ])
  func whatIsNoUsableKeySaysSo(text: String) throws {
    let folder = try TestFolder()
    let file = try IdentityFile(path: folder.write(text, to: "id"))
    guard case .unsupported(let what) = file.usability else {
      Issue.record("\(file.usability)")
      return
    }
    #expect(!what.isEmpty)
  }

  /// OpenSSH reads a key that was saved with Windows' line ends; so do we.
  @Test func carriageReturnsAreNoPartOfTheKey() async throws {
    let folder = try TestFolder()
    let key = try await KeyPair.make(.ed25519, in: folder)
    let text = TestFolder.text(key.path).replacing("\n", with: "\r\n")
    let file = try IdentityFile(path: folder.write(text, to: "crlf", mode: 0o600))
    #expect(file.usability == .usable)
    #expect(file.publicBlob == key.blob)
  }

  /// However a key is cut off, it is told as damaged or as one that only its end is missing of.
  @Test func everyTruncationIsSafe() async throws {
    let folder = try TestFolder()
    let key = try await KeyPair.make(.ed25519, in: folder)
    let text = TestFolder.text(key.path)
    for length in 0..<text.count {
      let file = try IdentityFile(path: folder.write(String(text.prefix(length)), to: "cut"))
      if file.usability == .usable { #expect(file.publicBlob == key.blob, "\(length)") }
    }
  }

  @Test func aMissingFileNamesItself() throws {
    let folder = try TestFolder()
    let path = folder.file("absent")
    #expect { _ = try IdentityFile(path: path) } throws: { error in
      let failure = error as? LinkFailure
      return failure?.kind == .refusedKey && failure?.description.contains(path) ?? false
    }
  }

  @Test func aHugeFileIsNoKey() throws {
    let folder = try TestFolder()
    let path = try folder.write([UInt8](repeating: 65, count: 100 << 10), to: "huge")
    #expect(throws: LinkFailure.self) { _ = try IdentityFile(path: path) }
  }
}
