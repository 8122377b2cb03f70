import Foundation
import Records
import TestSupport
import Testing
import Wire

/// Links that are cut, agents and a collector that are killed: the history ends with every frame of
/// every host once, or as a gap that is shown.
@Suite(
  .enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)),
  .enabled(if: Machine.has("sqlite3"), Comment(rawValue: needsSQLite)),
  .enabled(if: NetworkNamespaces.canBeMade, Comment(rawValue: NetworkNamespaces.needs)),
  .liveAlone)
struct OutageTests {
  @Test func everyFrameOfEveryHostIsThereOnceOrAsAGap() async throws {
    let fleet = try await NamespaceFleet.start(20)
    let home = fleet.home
    try fleet.startCollector()
    try await until("rows of every host", detail: { fleet.collector?.errorText ?? "" }) {
      try await home.number("SELECT count(DISTINCT host) FROM vmstat WHERE source = 'agent'") == 20
    }
    var generator = SeededGenerator(seed: 20)
    let rounds = Rounds.count(usual: 4)
    for round in 0..<rounds {
      let cut = (0..<6).map { _ in Int.random(in: 0..<fleet.count, using: &generator) }
      for index in cut { try await fleet.spaces.setLink(index, isUp: false) }
      try await Task.sleep(for: .seconds(2))
      try await fleet.killCollector()
      try await fleet.killAgent(cut[0])
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500, using: &generator)))
      try fleet.startCollector()
      try await Task.sleep(for: .seconds(3))
      try await fleet.killAgent((cut[0] + 7) % fleet.count)
      // Some stay cut into the next round.
      for index in round < rounds - 1 ? cut.dropLast(2) : cut[...] {
        try await fleet.spaces.setLink(index, isUp: true)
      }
      try await Task.sleep(for: .seconds(2))
    }
    for index in 0..<fleet.count { try await fleet.spaces.setLink(index, isUp: true) }
    try await awaitAll(fleet)
    _ = try await fleet.stopCollector()
    try await check(fleet)
  }

  /// Until every host is connected and nothing is to come.
  private func awaitAll(_ fleet: NamespaceFleet) async throws {
    try await until(
      "all that was kept", within: 180,
      detail: { String(fleet.collector?.errorText.suffix(2000) ?? "") }
    ) {
      try await fleet.home.number(
        "SELECT count(*) FROM server WHERE state = 'connected' AND frames_to_come = 0")
        == fleet.count
    }
  }

  private func check(_ fleet: NamespaceFleet) async throws {
    let home = fleet.home
    var rows = 0
    for index in 0..<fleet.count {
      let client = try fleet.client(index)
      let held = try await client.inventory().held
      #expect(!held.isEmpty)
      for (place, kept) in held.enumerated() {
        let isLast = place == held.count - 1
        let stored = try await home.storedRuns(fleet.name(index), kept.stream)
        // The stream that goes on has frames by now that nobody stored.
        let last = isLast ? try #require(stored.last) : kept.last
        #expect(
          stored.missing(in: 1...last).isEmpty, "\(fleet.name(index)) \(kept) has \(stored.runs)")
        let ticks = try await client.fetchAll(of: kept.stream, to: last)
        #expect(client.faults == 0)
        rows += ticks
      }
    }
    // Each tick with rates made one row, and none made two.
    let found = try await home.number("SELECT count(*) FROM vmstat WHERE source = 'agent'")
    #expect(found == rows)
    #expect(try await home.doubledTicks() == 0)
    #expect(try await home.sqlite("PRAGMA quick_check") == ["ok"])
  }
}
