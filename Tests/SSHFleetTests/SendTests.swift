import Foundation
import SSHFleet
import TestSupport
import Testing

/// What is sent to a host's command, through each carrier and a real sshd.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct SendTests {
  static let transports = [Transport.libssh2, .openssh, .local]

  @Test(arguments: transports)
  func whatIsSentComesBack(transport: Transport) async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    recorder.send(Array("one\ntwo\n".utf8))
    try await withFleet { fleet in
      fleet.add(
        try server.target(command: "echo ready; exec cat", transport: transport),
        delegate: recorder)
      try await recorder.wait(for: "the echo") { $0.text == "ready\none\ntwo\n" }
      try await recorder.wait(for: "word that it left") { $0.drains == 1 }
      fleet.send("web1", Array("three\n".utf8))
      try await recorder.wait(for: "the third line") { $0.text.hasSuffix("two\nthree\n") }
      #expect(recorder.now.failures.isEmpty)
      #expect(recorder.now.opens == 1)
    }
    // Standard input stayed open as long as the link, and no longer.
    try await until("the session to end") { server.sessionProcesses.isEmpty }
  }

  /// A question from outside is answered on the link's own thread.
  @Test(arguments: transports)
  func aNudgeSends(transport: Transport) async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(
        try server.target(command: "echo ready; exec cat", transport: transport),
        delegate: recorder)
      try await recorder.wait(for: "the start") { $0.text == "ready\n" }
      recorder.send(piecewise: [Array("a\n".utf8), Array("b\n".utf8)])
      fleet.nudge("web1")
      // The second goes when the first has left.
      try await recorder.wait(for: "both pieces") { $0.text == "ready\na\nb\n" }
      #expect(recorder.now.drains == 3)
    }
  }

  /// 8 MiB arrive as they were sent, in pieces that follow each other, while lines come back.
  @Test(arguments: transports)
  func aLargeUploadArrivesWhole(transport: Transport) async throws {
    try await upload(transport, lines: [])
  }

  /// Trap 8 of LIBSSH2.md: keys are exchanged anew some 60 times, on the way up.
  @Test(arguments: [Transport.libssh2, .openssh])
  func renewedKeysLoseNoByteOfAnUpload(transport: Transport) async throws {
    try await upload(transport, lines: ["RekeyLimit 256K"])
  }

  private func upload(_ transport: Transport, lines: [String]) async throws {
    let server = try await SSHServer.start(.init(lines: lines))
    var random = SeededGenerator(seed: 5)
    let pieces = (0..<128).map { _ in
      (0..<8192).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }
    let sum = try await Program.run(["sha256sum"], input: Array(pieces.joined()))
    let expected = try #require(sum.outputText.split(separator: " ").first)
    let recorder = LinkRecorder()
    recorder.send(piecewise: pieces)
    try await withFleet { fleet in
      // Both ways at once: its own chatter makes the window adjusts that reading writes.
      let command =
        "echo ready; seq 1 300000 >&2 & head -c \(8 << 20) | sha256sum; wait; exec cat >/dev/null"
      fleet.add(
        try server.target(command: command, interval: 30, transport: transport), delegate: recorder)
      try await recorder.wait(for: "the start") { $0.text.hasPrefix("ready\n") }
      fleet.nudge("web1")
      let record = try await recorder.wait(for: "the checksum", within: 120) {
        $0.text.contains("-") || !$0.failures.isEmpty
      }
      #expect(record.failures.isEmpty)
      #expect(record.text == "ready\n\(expected)  -\n")
      #expect(record.opens == 1)
    }
    if transport != .local { #expect(server.logins == 1) }
  }

  /// A host that reads slowly, and writes much, gets and gives every byte all the same.
  @Test(arguments: transports)
  func aSlowReaderLosesNothing(transport: Transport) async throws {
    let server = try await SSHServer.start(.init(lines: ["RekeyLimit 256K"]))
    let size = 2 << 20
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) }
    let recorder = LinkRecorder()
    recorder.send(bytes)
    try await withFleet { fleet in
      let slow =
        "echo ready; i=0; while [ $i -lt 64 ]; do head -c \(size / 64); sleep 0.02; i=$((i+1)); "
        + "done; exec cat >/dev/null"
      fleet.add(
        try server.target(command: slow, interval: 30, transport: transport), delegate: recorder)
      try await recorder.wait(for: "all of it", within: 90) {
        $0.received.count >= size + 6 || !$0.failures.isEmpty
      }
    }
    let record = recorder.now
    #expect(record.failures.isEmpty)
    #expect(Array(record.received.dropFirst(6)) == bytes, "\(record.received.count) bytes")
  }

  /// One that never reads costs a bounded amount of memory, then its connection; others go on.
  @Test(arguments: transports)
  func whoNeverReadsIsDropped(transport: Transport) async throws {
    let server = try await SSHServer.start()
    let (deaf, other) = (LinkRecorder(), LinkRecorder())
    try await withFleet { fleet in
      fleet.add(
        try server.target(
          "deaf", command: "echo ready; while :; do sleep 0.1; echo row; done",
          transport: transport), delegate: deaf)
      fleet.add(try server.target("other"), delegate: other)
      try await deaf.wait(for: "the start") { $0.rows >= 1 }
      try await other.wait(for: "a row") { $0.rows >= 1 }
      let piece = [UInt8](repeating: 1, count: 1 << 20)
      for _ in 0..<20 { fleet.send("deaf", piece) }
      let failure = try await deaf.failure()
      #expect(failure.description.contains("16 MiB"), "\(failure)")
      let rows = other.now.rows
      try await other.wait(for: "rows of another host") { $0.rows > rows + 3 }
      #expect(other.now.failures.isEmpty)
    }
  }

  /// The command that ended, or closed its standard input, is no trouble to who still sends.
  @Test(arguments: transports)
  func sendingToACommandThatReadsNoMoreBreaksNothing(transport: Transport) async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    let piece = [UInt8](repeating: 1, count: 64 << 10)
    recorder.send(piecewise: Array(repeating: piece, count: 20))
    try await withFleet { fleet in
      let command = "exec 0</dev/null; echo ready; sleep 0.5; echo row; exit 5"
      fleet.add(try server.target(command: command, transport: transport), delegate: recorder)
      try await recorder.wait(for: "the start") { $0.rows >= 1 }
      fleet.nudge("web1")
      let record = try await recorder.wait(for: "the end") { !$0.ends.isEmpty }
      #expect(record.ends.first == 5)
      #expect(record.text.hasPrefix("ready\nrow\n"))
    }
  }

  /// A connection that is cut in the middle of an upload: a failure, and a new connection that
  /// gets nothing of what was meant for the old one.
  @Test(arguments: [Transport.libssh2, .openssh])
  func aCutInTheMiddleOfAnUploadIsAFailure(transport: Transport) async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      let slow = "echo ready; while head -c 65536 >/dev/null; do sleep 0.1; echo row; done"
      fleet.add(try server.target(command: slow, transport: transport), delegate: recorder)
      try await recorder.wait(for: "the start") { $0.rows >= 1 }
      fleet.send("web1", [UInt8](repeating: 1, count: 8 << 20))
      try await recorder.wait(for: "a part to be read") { $0.rows >= 4 }
      server.kill()
      let failure = try await recorder.failure()
      #expect(failure.kind == .unreachable)
      // Nobody is connected: what is sent now is dropped.
      fleet.send("web1", Array("late\n".utf8))
      let before = recorder.now
      try await server.restart()
      try await recorder.wait(for: "a new start", within: 60) {
        $0.opens == 2 && $0.rows > before.rows
      }
      // Its `head` waits for its first bytes, which never come.
      try await Task.sleep(for: .milliseconds(500))
      #expect(recorder.now.rows == before.rows + 1)
    }
  }
}
