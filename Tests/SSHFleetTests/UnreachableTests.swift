import SSHFleet
import TestSupport
import Testing

/// Hosts that don't answer, or answer wrongly. A dead host shows as such within 5 s.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .live)
struct UnreachableTests {
  private let folder: TestFolder

  init() throws {
    folder = try TestFolder()
  }

  private func target(
    port: UInt16, address: String = "127.0.0.1", identity: KeyPair
  ) throws -> FleetTarget {
    FleetTarget(
      name: "dead", address: address,
      explicit: LinkSettings(
        user: "somebody", port: port, identities: [identity.path],
        knownHosts: [folder.file("known_hosts")]),
      command: "true")
  }

  /// Seconds from the first sign of life of the link to a state that `condition` takes.
  private func seconds(
    _ recorder: LinkRecorder, until what: String, _ condition: (LinkState) -> Bool
  ) async throws -> Double {
    let record = try await recorder.wait(for: what) { record in
      record.changes.contains { condition($0.state) }
    }
    let first = try #require(record.changes.first)
    let change = try #require(record.changes.first { condition($0.state) })
    return change.time - first.time
  }

  private func isBackingOff(_ state: LinkState) -> Bool {
    if case .backingOff = state { true } else { false }
  }

  @Test func aRefusedPortSaysSoAndIsTriedAgain() async throws {
    let key = try await KeyPair.make(in: folder)
    let closed = try LoopbackSocket.refusing()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try target(port: closed.port, identity: key), delegate: recorder)
      let failure = try await recorder.failure()
      #expect(failure.kind == .unreachable)
      #expect(!failure.isFinal)
      #expect(failure.description.contains("127.0.0.1:\(closed.port)"))
      #expect(failure.description.contains("refused"))
      try await recorder.wait(for: "a second try") { $0.failures.count >= 2 }
    }
  }

  @Test func aHostThatAnswersNoSYNShowsWithinFiveSeconds() async throws {
    let key = try await KeyPair.make(in: folder)
    let deaf = try LoopbackSocket.deaf()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try target(port: deaf.port, identity: key), delegate: recorder)
      let seconds = try await seconds(recorder, until: "backing off", isBackingOff)
      #expect(seconds < 5)
      #expect(seconds > 1)
      let failure = try #require(recorder.now.failures.first)
      #expect(failure.kind == .unreachable)
      #expect(failure.description.contains("no answer from 127.0.0.1:\(deaf.port)"))
    }
  }

  @Test func aHostThatAcceptsAndSaysNothingShowsWithinFiveSeconds() async throws {
    let key = try await KeyPair.make(in: folder)
    let silent = try LoopbackSocket.silent()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(try target(port: silent.port, identity: key), delegate: recorder)
      let seconds = try await seconds(recorder, until: "the notice") { state in
        if case .connecting(let how, _, _) = state { how.contains("doesn't answer") } else { false }
      }
      #expect(seconds < 5)
    }
    #expect(recorder.now.state == .stopped)
  }

  /// The dead must not hold up the living: more of them than the connect window has places.
  @Test func deadHostsDoNotDelayALivingOne() async throws {
    let server = try await SSHServer.start()
    let deaf = try LoopbackSocket.deaf()
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      for index in 0..<70 {
        var dead = try target(port: deaf.port, identity: server.login)
        dead.name = "dead\(index)"
        fleet.add(dead, delegate: LinkRecorder())
      }
      fleet.add(try server.target(), delegate: recorder)
      let record = try await recorder.wait(for: "a row") { $0.rows >= 1 }
      let first = try #require(record.changes.first)
      let connected = try #require(
        record.changes.first { if case .connected = $0.state { true } else { false } })
      // Two rounds of the window's patience are 0.6 s, two of connect time-outs 8 s.
      #expect(connected.time - first.time < 7)
    }
  }

  @Test func anUnknownNameNamesItself() async throws {
    let key = try await KeyPair.make(in: folder)
    let recorder = LinkRecorder()
    try await withFleet { fleet in
      fleet.add(
        try target(port: 22, address: "no-such-host.invalid", identity: key), delegate: recorder)
      let failure = try await recorder.failure()
      #expect(failure.kind == .unreachable)
      #expect(failure.description.contains("no-such-host.invalid"))
    }
  }
}
