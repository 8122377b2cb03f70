import Foundation
import TestSupport
import Testing

/// Hosts that can't be reached or don't let us in: the message names the host, says what is wrong
/// and what to do, and the exit code is 1.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct RefusedHostTests {
  private func expect(
    _ result: ProgramResult, host: String, words: [String]
  ) {
    #expect(result.code == 1, "\(result)")
    #expect(result.output.isEmpty, "\(result)")
    let lines = result.errorText.split(separator: "\n").filter { $0.contains("\(host): ") }
    let line = lines.first { $0.contains(words.first ?? "") } ?? lines.first
    #expect(line != nil, "\(result)")
    for word in words { #expect(line?.contains(word) ?? false, "“\(word)” in \(result)") }
    #expect(result.firstControl == nil)
  }

  @Test func anUnknownName() async throws {
    let fleet = try await LoopbackFleet.start()
    let result = try await fleet.home.run(
      ["watch", "--plain", "--for", "4s", "no-such-host.invalid"] + fleet.connection())
    expect(
      result, host: "no-such-host.invalid", words: ["backing off", "no address", "check the name"])
    #expect(result.errorText.contains("no row came from no-such-host.invalid"))
  }

  @Test func aRefusedPort() async throws {
    let fleet = try await LoopbackFleet.start()
    let closed = try LoopbackSocket.refusing()
    let host = "127.0.0.1:\(closed.port)"
    let result = try await fleet.home.run(
      ["watch", "--plain", "--for", "4s", host] + fleet.connection())
    expect(result, host: host, words: ["refused", "check the port"])
    // Told once, though it was tried several times.
    #expect(result.errorText.components(separatedBy: "connection refused").count == 2)
  }

  /// A dead host shows as such within 5 s.
  @Test func aHostThatDoesNotAnswer() async throws {
    let fleet = try await LoopbackFleet.start()
    let deaf = try LoopbackSocket.deaf()
    let host = "127.0.0.1:\(deaf.port)"
    let result = try await fleet.home.run(
      ["watch", "--plain", "--for", "8s", host] + fleet.connection())
    expect(result, host: host, words: ["no answer", "firewall"])
  }

  @Test func anUnknownKey() async throws {
    let fleet = try await LoopbackFleet.start()
    let empty = try fleet.home.folder.write("", to: "empty")
    let start = Monotonic.now
    let result = try await fleet.home.run(
      ["watch", "--plain", "--for", "60s", fleet.place()] + fleet.connection(knownHosts: empty))
    expect(result, host: fleet.place(), words: ["unknown-key", "SHA256:", "--accept-new", empty])
    // It doesn't wait for what only a person can change.
    #expect(Monotonic.now - start < 50)
    #expect(TestFolder.text(empty).isEmpty)
    #expect(fleet.server.logins == 0)
  }

  @Test func aChangedKey() async throws {
    let fleet = try await LoopbackFleet.start()
    let former = try await KeyPair.make(in: fleet.home.folder, name: "former")
    let known = try fleet.server.knownHosts("changed", key: former)
    let result = try await fleet.home.run(
      ["watch", "--plain", "--for", "60s", "--accept-new", fleet.place()]
        + fleet.connection(knownHosts: known))
    expect(result, host: fleet.place(), words: ["HOST KEY CHANGED", "\(known):1", "ssh-keygen -R"])
    #expect(fleet.server.logins == 0)
  }

  @Test func aKeyThatIsNotAllowed() async throws {
    let fleet = try await LoopbackFleet.start()
    let stranger = try await KeyPair.make(in: fleet.home.folder, name: "stranger")
    let result = try await fleet.home.run(
      ["watch", "--plain", "--for", "60s", fleet.place()]
        + fleet.connection(identity: stranger.path))
    expect(
      result, host: fleet.place(),
      words: ["refused-key", "user \(Machine.user)", "authorized_keys", "--identity"])
    #expect(fleet.server.connections == 1)
  }

  @Test func anRSAKey() async throws {
    let fleet = try await LoopbackFleet.start()
    let key = try await KeyPair.make(.rsa, in: fleet.home.folder, name: "rsa")
    let result = try await fleet.home.run(
      ["watch", "--plain", "--for", "60s", fleet.place()] + fleet.connection(identity: key.path))
    // libssh2 can't use it, so the ssh program tries it: once, and that is said.
    expect(result, host: fleet.place(), words: ["refused-key", "Permission denied", "--identity"])
    #expect(result.errorText.contains("taking the ssh program"))
    #expect(result.errorText.contains("an RSA key"))
    #expect(fleet.server.count("Failed publickey") + fleet.server.connections == 2)
  }

  @Test func aMissingIdentityFile() async throws {
    let fleet = try await LoopbackFleet.start()
    let missing = fleet.home.folder.file("missing")
    let result = try await fleet.home.run(
      ["watch", "--plain", "--for", "60s", fleet.place()] + fleet.connection(identity: missing))
    expect(result, host: fleet.place(), words: ["refused-key", missing])
  }

  @Test func aServerWithoutACommonMAC() async throws {
    let fleet = try await LoopbackFleet.start(
      lines: ["MACs hmac-sha2-256-etm@openssh.com", "Ciphers aes256-ctr"])
    try fleet.writeFile([1], extra: "transport = \"libssh2\"\n")
    let result = try await fleet.home.run(["watch", "--plain", "--for", "60s"] + fleet.arguments)
    expect(
      result, host: "web1",
      words: ["unsupported", "no common MAC", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512"])
    // Unless it is told so, the ssh program is taken, and rows come.
    try fleet.writeFile([1])
    let auto = try await fleet.watch(fleet.arguments)
    #expect(auto.code == 0, "\(auto)")
    #expect(auto.errorText.components(separatedBy: "taking the ssh program").count == 2)
    #expect(auto.errorText.contains("no common MAC"))
  }

  @Test func aServerThatTakesPasswordsOnly() async throws {
    let fleet = try await LoopbackFleet.start(
      lines: ["PubkeyAuthentication no", "PasswordAuthentication yes"])
    let result = try await fleet.home.run(["watch", "--plain", "--for", "60s"] + fleet.arguments)
    expect(result, host: "web1", words: ["refused-key", "PubkeyAuthentication", "password"])
    #expect(fleet.server.connections == 1)
  }

  /// One that can't be reached doesn't keep the others from being shown.
  @Test func aBadHostBesideAGoodOne() async throws {
    let fleet = try await LoopbackFleet.start()
    let closed = try LoopbackSocket.refusing()
    let bad = "127.0.0.1:\(closed.port)"
    let result = try await fleet.home.run(
      ["watch", "--json", "--for", "10s", fleet.place(), bad] + fleet.connection())
    // It failed in part.
    #expect(result.code == 1, "\(result)")
    let rows = try JSONLines.objects(result.outputText)
    #expect(rows.count >= 1)
    #expect(rows.allSatisfy { $0["host"] as? String == fleet.place() })
    #expect(result.errorText.contains("no row came from \(bad)"))
  }
}
