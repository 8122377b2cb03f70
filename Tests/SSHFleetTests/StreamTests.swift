import Foundation
import SSHFleet
import TestSupport
import Testing

/// Streams over a real sshd, and what can happen to them.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct StreamTests {
  @Test func outputErrorAndStatusArrive() async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      let command = "echo out; echo complaint >&2; exit 7"
      fleet.add(try server.target(command: command), delegate: recorder)
      let record = try await recorder.wait(for: "the end") { !$0.ends.isEmpty }
      #expect(record.text.hasPrefix("out\n"))
      #expect(record.errorText.hasPrefix("complaint\n"))
      #expect(record.ends.first == 7)
      // Its end is no end of trying.
      try await recorder.wait(for: "a second run") { $0.opens >= 2 }
    }
  }

  /// Quotes, dollars and backslashes reach the host's shell as they are.
  @Test func theCommandArrivesUnchanged() async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      let command = #"x="a  b"; echo "$x|\$|\\|`echo c`"; cat > /dev/null"#
      fleet.add(try server.target(command: command), delegate: recorder)
      let record = try await recorder.wait(for: "a line") { $0.rows >= 1 }
      #expect(record.text == "a  b|$|\\|c\n")
    }
  }

  /// Trap 8 of LIBSSH2.md: keys are exchanged anew some 40 times, and every byte arrives.
  @Test func renewedKeysLoseNoByte() async throws {
    let server = try await SSHServer.start(.init(lines: ["RekeyLimit 256K"]))
    let count = 1_000_000
    let expected = try await Program.run(["seq", "1", "\(count)"]).output
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      let command = "seq 1 \(count); cat > /dev/null"
      fleet.add(try server.target(command: command, interval: 30), delegate: recorder)
      try await recorder.wait(for: "\(expected.count) bytes", within: 90) {
        $0.received.count >= expected.count || !$0.failures.isEmpty
      }
    }
    let record = recorder.now
    #expect(record.failures.isEmpty)
    #expect(record.received == expected, "\(record.received.count) of \(expected.count) bytes")
    #expect(server.logins == 1)
  }

  /// Trap 7: standard error shares the window with standard output, so it must be read too.
  @Test func aChattyStandardErrorStallsNothing() async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      let command = "yes noise >&2 & while echo row; do sleep 0.2; done; kill $!"
      fleet.add(try server.target(command: command), delegate: recorder)
      // Far more than the window, and rows after it.
      let flooded = try await recorder.wait(for: "a flood", within: 60) {
        $0.receivedErrorCount > 4 << 20
      }
      try await recorder.wait(for: "rows after the flood", within: 60) {
        $0.rows >= flooded.rows + 5
      }
      #expect(recorder.now.failures.isEmpty)
      #expect(recorder.now.opens == 1)
      #expect(!recorder.now.changes.contains { $0.state == .stale })
    }
  }

  /// A host that stands still is stale after three intervals, and connected again when it goes on.
  @Test func aHostThatStandsStillIsStale() async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(), delegate: recorder)
      try await recorder.wait(for: "rows") { $0.rows >= 2 }
      let sessions = server.sessionProcesses
      let stopped = Monotonic.now
      for pid in sessions { kill(pid, SIGSTOP) }
      defer { for pid in sessions { kill(pid, SIGCONT) } }
      let stale = try await recorder.wait(for: "staleness") { $0.state == .stale }
      let seconds = try #require(stale.changes.last).time - stopped
      // Three intervals of one second, and half a one; whatever came before the stop counts.
      #expect(seconds > 2.5)
      for pid in sessions { kill(pid, SIGCONT) }
      try await recorder.wait(for: "rows again") { $0.isConnected && $0.rows > stale.rows }
      #expect(recorder.now.opens == 1)
      #expect(recorder.now.failures.isEmpty)
    }
    #expect(server.logins == 1)
  }

  @Test func aKilledServerIsReachedAgain() async throws {
    let server = try await SSHServer.start()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try server.target(), delegate: recorder)
      try await recorder.wait(for: "rows") { $0.rows >= 1 }
      server.kill()
      let failure = try await recorder.failure()
      #expect(failure.kind == .unreachable)
      try await recorder.wait(for: "refused tries") { $0.failures.count >= 2 }
      let before = recorder.now
      try await server.restart()
      try await recorder.wait(for: "rows again", within: 60) { $0.rows > before.rows }
      #expect(recorder.now.opens == 2)
    }
  }

  /// sshd hangs up on logins past MaxStartups; all get in, in the end, and none gives up.
  @Test func aBusyServerLetsEverybodyInInTheEnd() async throws {
    let server = try await SSHServer.start(.init(lines: ["MaxStartups 2:100:2"]))
    let recorders = (0..<12).map { _ in LinkRecorder() }
    try await withFleet { fleet in
      for (index, recorder) in recorders.enumerated() {
        fleet.add(try server.target("web\(index)"), delegate: recorder)
      }
      for recorder in recorders {
        try await recorder.wait(for: "a row", within: 120) { $0.rows >= 1 }
      }
      for recorder in recorders {
        #expect(
          !recorder.now.changes.contains { if case .given = $0.state { true } else { false } })
      }
    }
    #expect(server.logins >= 12)
  }

  /// What an admin's banner, ForceCommand and a login shell's chatter do to a stream: nothing.
  @Test func aLongBannerAndAForcedCommandChangeNothing() async throws {
    let folder = try TestFolder()
    let banner = try folder.write(
      (0..<100).map {
        "Line \($0): authorised use only \u{1B}[31m\u{7}" + String(repeating: "x", count: 50)
      }
      .joined(separator: "\n"), to: "banner")
    let server = try await SSHServer.start(
      .init(lines: ["Banner \(banner)", "ForceCommand echo hello; eval $SSH_ORIGINAL_COMMAND"]))
    for transport in [Transport.libssh2, .openssh] {
      let recorder = LinkRecorder()
      try await withFleet { fleet in
        fleet.add(try server.target(transport: transport), delegate: recorder)
        let record = try await recorder.wait(for: "rows") { $0.rows >= 3 || !$0.failures.isEmpty }
        #expect(record.failures.isEmpty)
        #expect(record.text.hasPrefix("hello\nrow\n"))
      }
    }
  }

  /// Nothing stays behind on the hosts when the collector goes.
  @Test func stoppingLeavesNoProcessBehind() async throws {
    let server = try await SSHServer.start()
    let marker = "marker-\(UUID().uuidString)"
    let recorders = (0..<5).map { _ in LinkRecorder() }
    try await withFleet { fleet in
      let command = ": \(marker); while echo row; do sleep 0.2; done"
      for (index, recorder) in recorders.enumerated() {
        fleet.add(try server.target("web\(index)", command: command), delegate: recorder)
      }
      for recorder in recorders {
        try await recorder.wait(for: "a row") { $0.rows >= 1 }
      }
      #expect(ProcessTree.pids(whoseCommandHolds: marker).count >= 5)
      let start = Monotonic.now
      fleet.stop()
      #expect(Monotonic.now - start < 5)
    }
    for recorder in recorders { #expect(recorder.now.state == .stopped) }
    try await until("the hosts' processes to end", within: 10) {
      ProcessTree.pids(whoseCommandHolds: marker).isEmpty
    }
  }

  /// Also while links are in every other phase: connecting, waiting for a banner, backing off.
  @Test func stoppingInAnyPhaseIsQuick() async throws {
    let server = try await SSHServer.start()
    let deaf = try LoopbackSocket.deaf()
    let silent = try LoopbackSocket.silent()
    let closed = try LoopbackSocket.refusing()
    for milliseconds in [0, 5, 30, 100, 300] {
      let recorders = (0..<12).map { _ in LinkRecorder() }
      try await withFleet { fleet in
        for (index, recorder) in recorders.enumerated() {
          var target = try server.target("web\(index)")
          let ports = [server.port, deaf.port, silent.port, closed.port]
          target.explicit.port = ports[index % ports.count]
          fleet.add(target, delegate: recorder)
        }
        try await Task.sleep(for: .milliseconds(milliseconds))
        let start = Monotonic.now
        fleet.stop()
        #expect(Monotonic.now - start < 5)
      }
      for recorder in recorders { #expect(recorder.now.state == .stopped) }
    }
  }
}
