import Foundation
import SSHFleet
import TestSupport
import Testing

/// Holding a real sshd's host key against known_hosts.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct HostKeyTests {
  /// What becomes of a link with that known_hosts file.
  private func firstFailure(
    _ server: SSHServer, knownHosts: String, options: FleetOptions = .hermetic
  ) async throws -> LinkFailure {
    let recorder = LinkRecorder()
    var result: LinkFailure?
    try await withFleet(options) { fleet in
      fleet.add(try server.target(knownHosts: knownHosts), delegate: recorder)
      result = try await recorder.failure()
      #expect(recorder.now.isGivenUp)
      #expect(recorder.now.opens == 0)
    }
    return try #require(result)
  }

  private func fingerprint(_ key: KeyPair) async throws -> String {
    let words = try await Program.output("ssh-keygen", "-l", "-f", key.path + ".pub")
      .split(separator: " ")
    return String(try #require(words.dropFirst().first))
  }

  @Test func anUnknownKeyIsRefused() async throws {
    let server = try await SSHServer.start()
    let empty = try server.folder.write("", to: "empty")
    let failure = try await firstFailure(server, knownHosts: empty)
    #expect(failure.kind == .unknownKey)
    #expect(failure.description.contains(try await fingerprint(server.hostKey)))
    #expect(failure.description.contains("--accept-new"))
    #expect(TestFolder.text(empty) == "")
    #expect(server.logins == 0)
  }

  @Test func acceptNewWritesALineThatSSHAccepts() async throws {
    let server = try await SSHServer.start()
    // A folder that is missing, and is made.
    let known = server.folder.file("new/known_hosts")
    var options = FleetOptions.hermetic
    options.acceptsNewKeys = true
    let recorder = LinkRecorder()
    try await withFleet(options) { fleet in
      fleet.add(try server.target(knownHosts: known), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 }
    }
    #expect(TestFolder.text(known) == "[127.0.0.1]:\(server.port) \(server.hostKey.publicKey)\n")
    let ssh = try await Program.run([
      "ssh", "-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=\(known)",
      "-o", "GlobalKnownHostsFile=none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
      "-i", server.login.path, "-p", "\(server.port)", "127.0.0.1", "echo in",
    ])
    #expect(ssh.code == 0, "\(ssh)")
    #expect(ssh.outputText == "in\n")
    // The second time it is known, and nothing is added.
    let again = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(knownHosts: known), delegate: again)
      try await again.wait(for: "a row") { $0.rows >= 1 }
    }
    #expect(TestFolder.text(known).split(separator: "\n").count == 1)
  }

  @Test func acceptNewKeepsALastLineWithoutItsNewline() async throws {
    let server = try await SSHServer.start()
    let other = "elsewhere \(server.hostKey.publicKey)"
    let known = try server.folder.write(other, to: "unfinished")
    var options = FleetOptions.hermetic
    options.acceptsNewKeys = true
    let recorder = LinkRecorder()
    try await withFleet(options) { fleet in
      fleet.add(try server.target(knownHosts: known), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 }
    }
    let lines = TestFolder.text(known).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first == Substring(other))
  }

  @Test(arguments: [false, true]) func aChangedKeyIsAlwaysRefused(acceptsNew: Bool) async throws {
    let server = try await SSHServer.start()
    let former = try await KeyPair.make(in: server.folder, name: "former")
    let known = try server.knownHosts("changed", key: former)
    let before = TestFolder.text(known)
    var options = FleetOptions.hermetic
    options.acceptsNewKeys = acceptsNew
    let failure = try await firstFailure(server, knownHosts: known, options: options)
    #expect(failure.kind == .changedKey)
    #expect(failure.description.contains("HOST KEY CHANGED"))
    #expect(failure.description.contains("\(known):1"))
    #expect(failure.description.contains(try await fingerprint(server.hostKey)))
    #expect(TestFolder.text(known) == before)
    #expect(server.logins == 0)
  }

  /// The host is known by a key of another kind than it has now: changed as well, not unknown.
  @Test func aKeyOfAnotherKindIsAChangedKey() async throws {
    let server = try await SSHServer.start()
    let former = try await KeyPair.make(.ecdsa256, in: server.folder, name: "former")
    let known = try server.knownHosts("changed", key: former)
    let failure = try await firstFailure(server, knownHosts: known)
    #expect(failure.kind == .changedKey)
  }

  @Test(arguments: [false, true]) func aRevokedKeyIsAlwaysRefused(acceptsNew: Bool) async throws {
    let server = try await SSHServer.start()
    let listed = TestFolder.text(try server.knownHosts())
    let known = try server.folder.write(
      "\(listed)@revoked * \(server.hostKey.publicKey)\n", to: "revoked")
    var options = FleetOptions.hermetic
    options.acceptsNewKeys = acceptsNew
    let failure = try await firstFailure(server, knownHosts: known, options: options)
    #expect(failure.kind == .changedKey)
    #expect(failure.description.contains("REVOKED"))
    #expect(failure.description.contains("\(known):2"))
    #expect(server.logins == 0)
  }

  @Test func hashedNamesAreKnown() async throws {
    let server = try await SSHServer.start()
    let known = try server.knownHosts("hashed")
    try await Program.output("ssh-keygen", "-q", "-H", "-f", known)
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(knownHosts: known), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 }
    }
  }

  /// The server has two host keys and known_hosts lists the one that libssh2 prefers less.
  @Test func theKindOfKeyThatIsKnownIsAskedFor() async throws {
    let folder = try TestFolder()
    let second = try await KeyPair.make(.ecdsa256, in: folder, name: "second")
    let server = try await SSHServer.start(.init(lines: ["HostKey \(second.path)"]))
    for (name, key) in [("ecdsa", second), ("ed25519", server.hostKey)] {
      let known = try server.knownHosts(name, key: key)
      let recorder = LinkRecorder()
      try await withFleet { fleet in
        fleet.add(try server.target(knownHosts: known), delegate: recorder)
        try await recorder.wait(for: "a row") { $0.rows >= 1 || !$0.failures.isEmpty }
        #expect(recorder.now.failures.isEmpty, "\(name)")
      }
    }
  }
}
