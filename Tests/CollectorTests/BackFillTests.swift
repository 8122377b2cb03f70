import Foundation
import History
import Records
import TestSupport
import Testing
import Wire

@testable import Collector

/// A collector that is away, or killed: what the spool has comes, and comes once.
@Suite(
  "back-fill, of a real agent by a real collector",
  .enabled(if: SpooledHost.isPossible, "needs sshd, culprit and culprit-agent"),
  .enabled(if: Machine.has("sqlite3")), .live)
struct BackFillTests {
  /// Waits until a running collector has everything from the first frame on.
  private func untilWhole(_ host: SpooledHost, _ collect: Program) async throws {
    try await until(
      "all frames", within: 120,
      detail: { "\((try? host.ledgers()) ?? [:])\n\(collect.errorText.suffix(2000))" }
    ) {
      let ledgers = try host.ledgers()
      let held = try host.inventory().held
      return !held.isEmpty
        && held.allSatisfy { held in
          // What is on its way still is live.
          let last = max(1, held.last > 40 ? held.last - 40 : held.last)
          return ledgers[held.stream]?.missing(in: 1...last).isEmpty ?? false
        }
    }
  }

  @Test("killed at any moment, a collector loses nothing that the spool has, and doubles nothing")
  func kills() async throws {
    let host = try await SpooledHost()
    for round in 1...8 {
      let collect = try host.collect()
      if round % 3 > 0 {
        try await until("rows of round \(round)", detail: { collect.errorText }) {
          try await host.rows() > 0
        }
      }
      try await Task.sleep(for: .milliseconds(Int.random(in: 100...2500)))
      collect.send(SIGKILL)
      try await collect.end()
      // The agent goes on alone.
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500)))
      if round == 4 {
        try await host.killAgent()
        try await host.restartAgent()
      }
    }
    let collect = try host.collect()
    try await untilWhole(host, collect)
    collect.send(SIGTERM)
    #expect(try await collect.end().code == 0)
    #expect(try await host.sqlite("PRAGMA quick_check") == ["ok"])

    let ledgers = try host.ledgers()
    #expect(ledgers.count == 2)
    var expectedTimes: Set<Int64> = []
    var read: Int64 = 0
    for (stream, settled) in ledgers {
      let last = try #require(settled.runs.first).upperBound
      #expect(settled.runs.first?.lowerBound == 1)
      for frame in try host.spooled(stream, through: settled.last ?? last)
      where settled.contains(frame.sequence) {
        guard case .tick(let tick) = frame.frame, tick.intervalNanoseconds > 0 else { continue }
        expectedTimes.insert(tick.time.nanoseconds)
        read += tick.disks.reduce(0) { $0 + Int64($1.readBytes) }
      }
    }
    let times = try await host.sqlite("SELECT time_ns FROM vmstat ORDER BY 1").compactMap {
      Int64($0)
    }
    #expect(times.count == expectedTimes.count)
    #expect(Set(times) == expectedTimes)
    // Sums over ten seconds are of each tick once, too.
    #expect(
      try await host.sqlite("SELECT coalesce(sum(read_bytes), 0) FROM disk") == ["\(read)"])
    let covered = try await host.sqlite("SELECT sum(covered_s) FROM pressure")
    let seconds = try #require(Double(covered[0]))
    #expect(abs(seconds - 0.2 * Double(times.count)) < 0.1 * seconds + 5)
    // What the killed agent hadn't written yet is the only thing that may be gone.
    let reasons = try await host.sqlite("SELECT DISTINCT reason FROM gap")
    #expect(Set(reasons).isSubset(of: ["agent-ended", "unknown"]))
  }

  @Test("what is gone, and what is to come, is said wherever rows are shown")
  func gone() async throws {
    let folder = try TestFolder()
    let db = folder.file("history.db")
    let store = try HistoryStore.open(path: db)
    let start = Timestamp.now.advanced(bySeconds: -100)
    let stream = StreamID(boot: BootID(high: 1, low: 1), number: 1)
    var batch = HistoryBatch()
    batch.statuses = [
      HostStatus(
        host: "web1", state: .connected, since: start,
        spool: SpoolStatus(hours: 30, framesToCome: 70))
    ]
    for number in [1, 2, 9, 10] as [UInt64] {
      let time = start.advanced(bySeconds: Double(number))
      var row = VmstatRow()
      row[.r] = 1
      var delivery = FrameDelivery(host: "web1", stream: stream, sequence: number, time: time)
      delivery.sample = HostSample(host: "web1", time: time, source: .agent, row: row)
      batch.deliveries.append(delivery)
    }
    batch.losses = [
      FrameLoss(host: "web1", stream: stream, first: 3, last: 8, reason: .spoolFull)
    ]
    _ = try store.record(batch, now: .now)
    try store.close()
    let collector = try CollectorLock.acquire(db)
    func run(_ words: [String]) async throws -> ProgramResult {
      try await Program.run(
        [SpooledHost.culpritPath] + words + ["--db", db],
        environment: ["HOME": folder.path, "XDG_CONFIG_HOME": folder.path, "TZ": "UTC"])
    }
    let hosts = try await run(["hosts", "--json"])
    for field in [
      #""gone_reason":"spool-full""#, #""frames_gone":6"#, #""gaps":1"#, #""frames_to_come":70"#,
      #""spool_hours":30"#,
    ] { #expect(hosts.outputText.contains(field), "\(hosts)") }
    let table = try await run(["hosts"])
    #expect(table.outputText.contains("6 (spool-full)"), "\(table)")
    let show = try await run(["show", "web1", "--at", "-90s", "--window", "1h"])
    let lines = show.lines.filter { $0.hasPrefix("# gap ") }
    #expect(lines.count == 2, "\(show)")
    #expect(lines.first?.hasSuffix(": gone (the spool was full)") ?? false)
    #expect(lines.last?.contains("to come: its agent holds 70 frames") ?? false)
    let early = try await run(["show", "web1", "--at", "-150s", "--window", "2s"])
    #expect(!early.outputText.contains("gone ("))
    let export = try await run(["export", "web1"])
    #expect(export.errorText.contains("web1 ") && export.errorText.contains("gone (the spool"))
    #expect(!export.outputText.contains("gap"))
    let spikes = try await run(["spikes", "--since", "1h"])
    #expect(spikes.outputText.contains("# gap web1 "), "\(spikes)")
    let suspects = try await run(["suspects", "--since", "1h"])
    #expect(suspects.outputText.contains("# gap web1 "), "\(suspects)")
    let json = try await run(["suspects", "--since", "1h", "--json"])
    #expect(json.errorText.contains("gone (the spool") && !json.outputText.contains("# gap"))
    _ = consume collector
    // A child that another test starts may hold it a moment longer.
    try await until("nobody to collect") { CollectorLock.holder(of: db) == nil }
    let left = try await run(["hosts", "--json"])
    #expect(left.outputText.contains(#""frames_to_come":null"#), "\(left)")
    let after = try await run(["spikes", "--since", "1h"])
    #expect(after.outputText.contains("# gap web1 from ") && after.outputText.contains("not known"))
    #expect(!after.outputText.contains("its agent holds"), "\(after)")
    let before = try await run(["show", "web1", "--at", "-99s", "--window", "2s"])
    #expect(!before.outputText.contains("not known"), "\(before)")
  }
}
