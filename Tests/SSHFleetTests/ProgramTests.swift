import Foundation
import SSHFleet
import TestSupport
import Testing

/// The ssh program as transport, and `auto`, which takes it for what libssh2 can't do.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct ProgramTests {
  @Test func itStreamsThroughTheProgram() async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(transport: .openssh), delegate: recorder)
      let record = try await recorder.wait(for: "rows") { $0.rows >= 3 }
      #expect(record.text.hasPrefix("row\nrow\n"))
      #expect(record.failures.isEmpty)
      recorder.ask("echo first; echo second >&2; echo third")
      let asked = try await recorder.wait(for: "an answer") { !$0.answers.isEmpty }
      #expect(asked.answers == [Array("first\nthird\n".utf8)])
    }
    // The question came over the same connection.
    #expect(server.connections == 1)
    try await until("the session to end") { server.sessionProcesses.isEmpty }
  }

  /// What only OpenSSH's program can do, each of which `auto` finds out without offering a key.
  enum Obstacle: String, CaseIterable {
    case rsaKey, certificate, encryptThenMAC, chacha20, rsaHostKey, rsaKnownHost
  }

  @Test(arguments: Obstacle.allCases)
  func autoTakesTheProgram(obstacle: Obstacle) async throws {
    var options = SSHServer.Options()
    switch obstacle {
    case .encryptThenMAC:
      options.lines = ["MACs hmac-sha2-256-etm@openssh.com", "Ciphers aes256-ctr"]
    case .chacha20: options.lines = ["Ciphers chacha20-poly1305@openssh.com"]
    case .rsaHostKey, .rsaKnownHost: options.hostKey = .rsa
    case .rsaKey: options.loginKey = .rsa
    case .certificate: break
    }
    let server = try await SSHServer.start(options)
    if obstacle == .certificate { try await certify(server) }
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(transport: .auto), delegate: recorder)
      let record = try await recorder.wait(for: "rows") { $0.rows >= 3 || !$0.failures.isEmpty }
      #expect(record.failures.isEmpty)
      let news = record.changes.compactMap { change -> String? in
        if case .connecting(let how, _, true) = change.state { how } else { nil }
      }
      #expect(news.count == 1)
      #expect(news.first?.hasPrefix("taking the ssh program: ") ?? false)
    }
    #expect(server.logins == 1)
    // With a certificate the program itself offers the bare key too.
    #expect(server.count("Failed publickey") == (obstacle == .certificate ? 1 : 0))
  }

  /// The server takes certificates only.
  private func certify(_ server: SSHServer) async throws {
    let authority = try await KeyPair.make(in: server.folder, name: "authority")
    let result = try await Program.run([
      "ssh-keygen", "-q", "-s", authority.path, "-I", "test", "-n", Machine.user,
      server.login.path + ".pub",
    ])
    #expect(result.code == 0, "\(result)")
    try server.folder.write(
      "cert-authority \(authority.publicLine)\n", to: "authorized_keys")
  }

  @Test func anUnknownKeyAChangedKeyAndARefusedKeyAreTold() async throws {
    let server = try await SSHServer.start()
    let stranger = try await KeyPair.make(in: server.folder, name: "stranger")
    let empty = try server.folder.write("", to: "empty")
    let other = try server.knownHosts("other", key: stranger)
    let cases: [(FleetTarget, LinkFailure.Kind, String)] = [
      (try server.target(knownHosts: empty, transport: .openssh), .unknownKey, "culprit enrol"),
      (try server.target(knownHosts: other, transport: .openssh), .changedKey, "HOST KEY CHANGED"),
      (
        try server.target(identities: [stranger.path], transport: .openssh), .refusedKey,
        "authorized_keys"
      ),
    ]
    for (target, kind, words) in cases {
      let recorder = LinkRecorder()
      try await withFleet { fleet in
        fleet.add(target, delegate: recorder)
        let failure = try await recorder.failure()
        #expect(failure.kind == kind)
        #expect(failure.description.contains(words), "\(failure)")
        #expect(failure.description.contains("127.0.0.1"))
      }
    }
  }

  @Test func aPortWithoutSSHDIsTold() async throws {
    let server = try await SSHServer.start()
    let target = try server.target(transport: .openssh)
    server.kill()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(target, delegate: recorder)
      let failure = try await recorder.failure()
      #expect(failure.kind == .unreachable)
      #expect(failure.description.contains("Connection refused"), "\(failure)")
    }
  }

  @Test func aCommandThatEndsAtOnceIsNoFailureOfTheLogin() async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(
        try server.target(command: "echo oops >&2; exit 9", transport: .openssh),
        delegate: recorder)
      let record = try await recorder.wait(for: "the end") { !$0.ends.isEmpty }
      #expect(record.ends == [9])
      #expect(record.errorText == "oops\n")
    }
  }
}

/// A second command beside the stream.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct QuestionTests {
  private func answers(
    _ questions: [String], transport: Transport = .libssh2, lines: [String] = []
  ) async throws -> LinkRecorder.Record {
    let server = try await SSHServer.start(.init(lines: lines))
    let recorder = LinkRecorder()
    var last = recorder.now
    try await withFleet { fleet in
      fleet.add(try server.target(transport: transport), delegate: recorder)
      try await recorder.wait(for: "a row") { $0.rows >= 1 }
      for (index, question) in questions.enumerated() {
        recorder.ask(question)
        try await recorder.wait(for: "answer \(index)") { $0.answers.count == index + 1 }
      }
      let rows = recorder.now.rows
      last = try await recorder.wait(for: "rows after it") { $0.rows >= rows + 3 }
    }
    #expect(last.failures.isEmpty)
    #expect(last.opens == 1)
    if transport != .local { #expect(server.connections == 1) }
    return last
  }

  @Test(arguments: [Transport.libssh2, .local])
  func theAnswersComeAndTheStreamGoesOn(transport: Transport) async throws {
    let record = try await answers(
      ["echo one", "exit 3", "cat /nowhere; echo three"], transport: transport)
    #expect(
      record.answers.map { $0.map { String(decoding: $0, as: UTF8.self) } }
        == ["one\n", "", "three\n"])
  }

  @Test func aLongAnswerIsBounded() async throws {
    let record = try await answers(["head -c 1000000 /dev/zero | tr \"\\000\" x", "echo after"])
    #expect(record.answers.first??.count == 64 << 10)
    #expect(record.answers.last == Array("after\n".utf8))
  }

  /// ps may hang on the very host that is in trouble: rows go on, and nothing piles up.
  @Test func anAnswerThatNeverComesIsGivenUp() async throws {
    let record = try await answers(["sleep 1000", "echo after"])
    #expect(record.answers == [nil, nil])
  }

  @Test func aServerThatAllowsOneSessionOnlyGoesOn() async throws {
    let record = try await answers(["echo one", "echo two"], lines: ["MaxSessions 1"])
    #expect(record.answers == [nil, nil])
  }

  @Test func itSurvivesRekeying() async throws {
    let record = try await answers(
      (0..<8).map { "head -c 40000 /dev/zero | tr \"\\000\" \($0)" },
      lines: ["RekeyLimit 64K"])
    #expect(record.answers.count == 8)
    for (index, answer) in record.answers.enumerated() {
      #expect(answer == [UInt8](repeating: UInt8(ascii: "0") + UInt8(index), count: 40_000))
    }
  }
}

/// The `local` transport.
@Suite(.live)
struct LocalTests {
  /// The child is killed while another process holds its output open.
  @Test func aKilledChildIsNoticed() async throws {
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(
        FleetTarget(
          name: "here", address: "here", transport: .local,
          // Silence would be told after three minutes, so it isn't that which is noticed.
          command: "sleep 1000 & echo $$; exec sleep 1000", intervalSeconds: 60),
        delegate: recorder)
      let record = try await recorder.wait(for: "its pid") { $0.rows >= 1 }
      let pid = try #require(pid_t(record.text.trimmingCharacters(in: .newlines)))
      #expect(kill(pid, SIGKILL) == 0)
      let ended = try await recorder.wait(for: "the end") { !$0.failures.isEmpty }
      #expect(ended.ends == [nil])
    }
  }
}
