import Foundation
import TestSupport
import Testing

/// A fleet file's `[trace]`: a spike of this machine begins, and its suspects are traced unasked.
@Suite(
  .enabled(if: hasAgent, "culprit-agent isn't built beside culprit"),
  .enabled(
    if: TracedHost.canWatchInKernel, "needs root and a kernel that can be asked to watch"),
  .liveAlone)
struct TracePolicyTests {
  /// The writers live for some milliseconds each, so it is the shells that start them.
  @Test func theSuspectsOfASpikeAreTraced() async throws {
    let home = try CulpritHome()
    let fleet = try home.folder.write(
      """
      [trace]
      on_episode = true
      for = "1s"
      processes = 100
      [[host]]
      name = "here"
      transport = "local"
      """, to: "fleet.toml")
    let collector = try home.start([
      "collect", "--fleet", fleet, "--db", home.db, "--log-level", "info",
    ])
    try await until("rows", detail: { collector.errorText }) {
      try await home.number("SELECT count(*) FROM vmstat WHERE source = 'agent'") > 2
    }
    let folder = try TestFolder(below: "/var/tmp")
    let loop = "while :; do dd if=/dev/zero of=\"$0\" bs=64k count=1 conv=fsync 2>/dev/null; done"
    let count = ProcessInfo.processInfo.activeProcessorCount * 4 + 4
    let burners = try (0..<count).map { number in
      try Program(
        number < 2
          ? ["sh", "-c", loop, folder.file("f\(number)")] : ["sh", "-c", "while :; do :; done"])
    }
    try await until("a trace", within: 180, detail: { collector.errorText }) {
      try await home.number("SELECT count(*) FROM trace") > 0
    }
    for burner in burners { burner.send(SIGKILL) }
    for burner in burners { try await burner.end() }
    let list = try await home.run(["traces", "--json", "--db", home.db])
    let trace = try #require(try JSONLines.objects(list.outputText).first, "\(list)")
    #expect(trace["host"] as? String == "here" && trace["attached"] as? Int ?? 0 > 0, "\(list)")
    let shells = burners.prefix(2).map { "\($0.pid)" }.joined(separator: ",")
    let files = try await home.sqlite(
      "SELECT DISTINCT path FROM traced_file WHERE pid IN (\(shells)) "
        + "AND path LIKE '\(folder.path)/f%' AND sync_calls > 0")
    let shown = try await home.run("traces", "show", "1", "--db", home.db)
    #expect(!files.isEmpty, "\(shown)")
    let spikes = try await home.run([
      "show", "here", "--at", "-0s", "--window", "10m", "--db", home.db,
    ])
    #expect(spikes.outputText.contains("traces show 1"), "\(spikes)")
    collector.send(SIGTERM)
    #expect(try await collector.end().code == 0)
  }
}
