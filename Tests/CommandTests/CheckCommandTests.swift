import Foundation
import TestSupport
import Testing

/// `check` and `enrol` on a real sshd.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct CheckCommandTests {
  /// Outcome by step, of one host.
  private func outcomes(_ result: ProgramResult, host: String) throws -> [String: String] {
    var outcomes: [String: String] = [:]
    for line in try JSONLines.objects(result.outputText) where line["host"] as? String == host {
      outcomes[line["step"] as? String ?? "?"] = line["outcome"] as? String
    }
    return outcomes
  }

  @Test func aGoodHostPassesEveryStep() async throws {
    let fleet = try await LoopbackFleet.start(2)
    let result = try await fleet.home.run(["check", "--json"] + fleet.arguments)
    #expect(result.code == 0, "\(result)")
    for host in ["web1", "web2"] {
      #expect(
        try outcomes(result, host: host) == [
          "name": "ok", "port": "ok", "host-key": "ok", "login": "ok", "vmstat": "ok",
          "agent": "skipped", "clock": "ok",
        ])
    }
    #expect(fleet.server.logins == 2)
    let text = try await fleet.home.run(["check", "web1"] + fleet.arguments)
    #expect(text.code == 0)
    #expect(text.outputText.contains("login     ok"))
    #expect(text.firstControl == nil)
  }

  @Test func theStepThatFailsHasItsFix() async throws {
    let fleet = try await LoopbackFleet.start { number, _ in
      "echo no vmstat here; exit 127\n"
    }
    let home = fleet.home
    let stranger = try await KeyPair.make(in: home.folder, name: "stranger")
    let empty = try home.folder.write("", to: "empty")
    let other = try fleet.server.knownHosts("other", key: stranger)
    let place = fleet.place()
    let cases: [(words: [String], step: String, fix: String)] = [
      (["nosuch.invalid"] + (try fleet.connection()), "name", "check the name"),
      (["127.0.0.2:1"] + (try fleet.connection()), "port", "check the port"),
      ([place] + (try fleet.connection(knownHosts: empty)), "host-key", "culprit enrol"),
      ([place] + (try fleet.connection(knownHosts: other)), "host-key", "HOST KEY CHANGED"),
      (
        [place] + (try fleet.connection(identity: stranger.path)), "login", "authorized_keys"
      ),
      ([place] + (try fleet.connection()), "vmstat", "procps"),
    ]
    for (words, step, fix) in cases {
      let result = try await home.run(["check", "--json"] + words)
      #expect(result.code == 1, "\(result)")
      let lines = try JSONLines.objects(result.outputText)
      let failed = lines.filter { $0["outcome"] as? String == "failed" }
      #expect(failed.map { $0["step"] as? String } == [step], "\(result)")
      #expect((failed.first?["detail"] as? String)?.contains(fix) ?? false, "\(result)")
      let steps = lines.compactMap { $0["step"] as? String }
      let after = steps.drop { $0 != step }.dropFirst()
      for line in lines where after.contains(line["step"] as? String ?? "") {
        #expect(line["outcome"] as? String == "skipped")
      }
    }
  }

  @Test func thisMachineIsChecked() async throws {
    let result = try await CulpritHome().run("check", "local")
    #expect(result.code == 0, "\(result)")
    #expect(result.outputText.contains("vmstat    ok"))
  }

  // MARK: - enrol

  @Test func enrolShowsAndAddsOnlyWhatIsUnknown() async throws {
    let fleet = try await LoopbackFleet.start(2)
    let home = fleet.home
    let file = try home.folder.write("", to: "keys")
    let words =
      ["enrol", fleet.place(1), fleet.place(2)]
      + (try fleet.connection(knownHosts: file))
    let shown = try await home.run(words)
    #expect(shown.code == 1, "\(shown)")
    #expect(shown.errorText.contains("--yes"))
    #expect(home.folder.read("keys").isEmpty)
    // The fingerprint is ssh-keygen's.
    let known = try await Program.run(["ssh-keygen", "-lf", fleet.server.hostKey.path + ".pub"])
    let fingerprint = try #require(
      known.outputText.split(separator: " ").dropFirst().first.map(String.init))
    #expect(shown.outputText.contains(fingerprint))

    let added = try await home.run(words + ["--yes"])
    #expect(added.code == 0, "\(added)")
    let lines = home.folder.read("keys").split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.contains(fleet.server.hostKey.publicKey) })
    // Again: nothing is added twice, and watch connects.
    let again = try await home.run(words + ["--yes", "--json"])
    #expect(again.code == 0)
    #expect(
      try JSONLines.objects(again.outputText).map { $0["state"] as? String } == ["known", "known"])
    #expect(home.folder.read("keys").split(separator: "\n").count == 2)
    let watch = try await fleet.watch(
      [fleet.place(1)] + fleet.connection(knownHosts: file), of: [fleet.place(1)])
    #expect(watch.code == 0, "\(watch)")
    #expect(fleet.server.logins == 1)
  }

  @Test func enrolNeverReplacesAKey() async throws {
    let fleet = try await LoopbackFleet.start()
    let stranger = try await KeyPair.make(in: fleet.home.folder, name: "stranger")
    let other = try fleet.server.knownHosts("other", key: stranger)
    let before = TestFolder.text(other)
    let result = try await fleet.home.run(
      ["enrol", fleet.place(), "--yes"] + fleet.connection(knownHosts: other))
    #expect(result.code == 1)
    #expect(result.outputText.contains("CHANGED"), "\(result)")
    #expect(result.outputText.contains("\(other):1"))
    #expect(TestFolder.text(other) == before)
  }

  @Test func enrolReachesWhatLibssh2CannotSpeakTo() async throws {
    let fleet = try await LoopbackFleet.start(lines: ["Ciphers chacha20-poly1305@openssh.com"])
    let file = try fleet.home.folder.write("", to: "keys")
    let result = try await fleet.home.run(
      ["enrol", fleet.place(), "--yes"] + fleet.connection(knownHosts: file))
    #expect(result.code == 0, "\(result)")
    let dead = try await fleet.home.run(
      ["enrol", "127.0.0.2:1", "--yes"] + fleet.connection(knownHosts: file))
    #expect(dead.code == 1)
    #expect(dead.outputText.contains("refused"), "\(dead)")
  }

  // MARK: - Hosts

  @Test func hostsComeFromAnInventoryAndAreLeftOut() async throws {
    let fleet = try await LoopbackFleet.start(3)
    let home = fleet.home
    let inventory = try home.folder.write(
      """
      [web]
      web[1:3]
      [web:vars]
      ansible_user = \(Machine.user)
      ansible_port=\(fleet.server.port)
      [all:vars]
      ansible_ssh_private_key_file="\(fleet.server.login.path)"
      [one]
      web1 ansible_host=127.0.0.2
      web2 ansible_host=127.0.0.3
      web3 ansible_host=127.0.0.4

      """, to: "inventory")
    let words = [
      "--hosts-file", inventory, "--ssh-config", "none", "--known-hosts",
      try fleet.server.knownHosts(),
    ]
    let result = try await fleet.watch(["@web", "-web2"] + words, of: ["web1", "web3"])
    #expect(result.code == 0, "\(result)")
    let hosts = Set(
      try JSONLines.objects(result.outputText).compactMap { $0["host"] as? String })
    #expect(hosts == ["web1", "web3"])
  }
}
