import Foundation
import SSHFleet
import TestSupport
import Testing

/// Logging in to a real sshd.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct LoginTests {
  @Test(arguments: [KeyPair.Kind.ed25519, .ecdsa256, .ecdsa384, .ecdsa521])
  func itLogsInAndStreams(kind: KeyPair.Kind) async throws {
    var options = SSHServer.Options()
    options.loginKey = kind
    options.hostKey = kind
    let server = try await SSHServer.start(options)
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(), delegate: recorder)
      let record = try await recorder.wait(for: "three rows") { $0.rows >= 3 }
      #expect(record.text.hasPrefix("row\nrow\n"))
      #expect(record.opens == 1)
      let address = "\(Machine.user)@127.0.0.1:\(server.port)"
      #expect(record.changes.contains { $0.state == .connected(address: address) })
      #expect(record.failures.isEmpty)
    }
    #expect(recorder.now.state == .stopped)
    #expect(server.logins == 1)
    #expect(server.connections == 1)
  }

  /// A key saved with Windows' line ends works with ssh, and so with us.
  @Test func aKeyWithCarriageReturnsWorks() async throws {
    let server = try await SSHServer.start()
    let text = TestFolder.text(server.login.path).replacing("\n", with: "\r\n")
    let path = try server.folder.write(text, to: "crlf", mode: 0o600)
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(identities: [path]), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 || !$0.failures.isEmpty }
      #expect(recorder.now.failures.isEmpty)
    }
  }

  @Test(arguments: [KeyPair.Kind.ecdsa256, .ecdsa384, .ecdsa521])
  func itLogsInWithPEM(kind: KeyPair.Kind) async throws {
    let server = try await SSHServer.start()
    let key = try await KeyPair.make(kind, in: server.folder, name: "pem", format: "PEM")
    try server.folder.write(key.publicLine + "\n", to: "authorized_keys")
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(identities: [key.path]), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 || !$0.failures.isEmpty }
      #expect(recorder.now.failures.isEmpty)
    }
  }

  @Test func itReachesIPv6() async throws {
    let server = try await SSHServer.start(.init(addresses: ["::1"]))
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(address: "::1"), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 }
      let address = "\(Machine.user)@[::1]:\(server.port)"
      #expect(recorder.now.changes.contains { $0.state == .connected(address: address) })
    }
  }

  /// A name that has two addresses, of which only the second has an sshd.
  @Test func itTriesEachAddressOfAName() async throws {
    let server = try await SSHServer.start()
    let known = try server.folder.write(
      "[localhost]:\(server.port) \(server.hostKey.publicKey)\n", to: "localhost_keys")
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(
        try server.target(address: "localhost", knownHosts: known), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 }
    }
  }

  @Test(arguments: [KeyPair.Kind.ed25519, .ecdsa256])
  func itAsksTheAgent(kind: KeyPair.Kind) async throws {
    var options = SSHServer.Options()
    options.loginKey = kind
    let server = try await SSHServer.start(options)
    let agent = try await SSHAgent.start([(server.login, "")])
    // No identity file: the agent alone knows the key.
    var fleetOptions = FleetOptions()
    fleetOptions.sshConfigFile = try server.folder.write(
      "Host *\n  IdentityAgent \(agent.socket)\n  IdentityFile none\n", to: "config")
    var target = try server.target()
    target.explicit.identities = nil
    let recorder = LinkRecorder()
    try await withFleet(fleetOptions) { fleet in
      fleet.add(target, delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 || !$0.failures.isEmpty }
      #expect(recorder.now.failures.isEmpty)
    }
    #expect(server.logins == 1)
  }

  @Test func itTakesAnEncryptedKeyFromTheAgentAndNoOther() async throws {
    let server = try await SSHServer.start()
    let key = try await KeyPair.make(in: server.folder, name: "locked", passphrase: "secret")
    let stranger = try await KeyPair.make(in: server.folder, name: "stranger")
    try server.folder.write(key.publicLine + "\n", to: "authorized_keys")
    let agent = try await SSHAgent.start([(stranger, ""), (key, "secret")])
    var options = FleetOptions()
    options.sshConfigFile = try server.folder.write(
      "Host *\n  IdentityAgent \(agent.socket)\n", to: "config")
    let recorder = LinkRecorder()
    try await withFleet(options) { fleet in
      fleet.add(try server.target(identities: [key.path]), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 || !$0.failures.isEmpty }
      #expect(recorder.now.failures.isEmpty)
    }
    // The agent's other key wasn't offered.
    #expect(server.count("Failed publickey") == 0)
  }

  @Test func anEncryptedKeyWithoutAnAgentSaysWhatToDo() async throws {
    let server = try await SSHServer.start()
    let key = try await KeyPair.make(in: server.folder, name: "locked", passphrase: "secret")
    var options = FleetOptions()
    options.sshConfigFile = try server.folder.write(
      "Host *\n  IdentityAgent none\n", to: "config")
    let recorder = LinkRecorder()
    try await withFleet(options) { fleet in
      fleet.add(try server.target(identities: [key.path]), delegate: recorder)
      let failure = try await recorder.failure()
      #expect(failure.kind == .refusedKey)
      #expect(failure.description.contains(key.path))
      #expect(failure.description.contains("ssh-add"))
    }
    #expect(server.connections == 0)
  }

  /// sshd bans sources that retry bad keys: one attempt, then nothing until somebody asks.
  @Test func aWrongKeyIsOfferedOnce() async throws {
    let server = try await SSHServer.start()
    let stranger = try await KeyPair.make(in: server.folder, name: "stranger")
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(identities: [stranger.path]), delegate: recorder)
      let failure = try await recorder.failure()
      #expect(failure.kind == .refusedKey)
      #expect(failure.description.contains("127.0.0.1:\(server.port)"))
      #expect(failure.description.contains("authorized_keys"))
      #expect(failure.description.contains("--identity"))
      #expect(recorder.now.isGivenUp)
      // The first backoff would have ended long ago.
      try await Task.sleep(for: .seconds(3))
      #expect(server.connections == 1)
      #expect(server.count("Failed publickey") == 1)
      // Once the key is allowed, a retry gets in.
      try server.folder.write(stranger.publicLine + "\n", to: "authorized_keys")
      fleet.retry("web1")
      try await recorder.wait(for: "a row") { $0.rows >= 1 }
      #expect(server.connections == 2)
    }
  }

  @Test func theSecondOfTwoKeysIsTriedToo() async throws {
    let server = try await SSHServer.start()
    let stranger = try await KeyPair.make(.ecdsa256, in: server.folder, name: "stranger")
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(
        try server.target(identities: [stranger.path, server.login.path]), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 || !$0.failures.isEmpty }
      #expect(recorder.now.failures.isEmpty)
    }
    #expect(server.connections == 1)
  }

  /// libssh2 1.10 signs with RSA keys only over SHA-1, which sshd refuses: it isn't even tried.
  @Test func anRSAKeyIsRecognised() async throws {
    let server = try await SSHServer.start()
    let key = try await KeyPair.make(.rsa, in: server.folder, name: "rsa")
    try server.folder.write(key.publicLine + "\n", to: "authorized_keys")
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(identities: [key.path]), delegate: recorder)
      let failure = try await recorder.failure()
      #expect(failure.kind == .refusedKey)
      #expect(failure.description.contains("RSA"))
      #expect(failure.description.contains(key.path))
      #expect(failure.description.contains("ssh-keygen -t ed25519"))
    }
    #expect(server.connections == 0)
  }

  /// A server that speaks only what libssh2 1.10 doesn't is told with both lists, and left alone.
  @Test(arguments: [
    (
      ["MACs hmac-sha2-256-etm@openssh.com", "Ciphers aes256-ctr"],
      "MAC", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512"
    ),
    (
      ["Ciphers chacha20-poly1305@openssh.com"],
      "cipher", "chacha20-poly1305@openssh.com", "aes256-ctr"
    ),
    (
      ["KexAlgorithms sntrup761x25519-sha512@openssh.com"],
      "key exchange", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256"
    ),
  ])
  func aHardenedServerIsUnsupported(
    lines: [String], kind: String, theirs: String, ours: String
  ) async throws {
    let server = try await SSHServer.start(.init(lines: lines))
    try await expectUnsupported(server, kind: kind, theirs: theirs, ours: ours)
  }

  @Test func aServerWithNothingButAnRSAHostKeyIsUnsupported() async throws {
    var options = SSHServer.Options()
    options.hostKey = .rsa
    let server = try await SSHServer.start(options)
    try await expectUnsupported(
      server, kind: "host key", theirs: "rsa-sha2-512,rsa-sha2-256", ours: "ssh-ed25519")
  }

  private func expectUnsupported(
    _ server: SSHServer, kind: String, theirs: String, ours: String
  ) async throws {
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(), delegate: recorder)
      let failure = try await recorder.failure()
      #expect(failure.kind == .unsupported)
      #expect(failure.description.contains("no common \(kind)"))
      #expect(failure.description.contains(theirs))
      #expect(failure.description.contains(ours))
      #expect(failure.description.contains("127.0.0.1:\(server.port)"))
      #expect(recorder.now.isGivenUp)
    }
    #expect(server.connections == 1)
  }
}
