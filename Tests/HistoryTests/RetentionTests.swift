import Foundation
import Glibc
import History
import Records
import Testing

@Suite("Retention")
struct RetentionTests {
  private static let day = 86_400

  /// `rows` rows of the host, one a minute, the last of them at `end`.
  private func minutes(_ host: String, until end: Timestamp, rows: Int) -> [HostSample] {
    (0..<rows).map { HostSample.tick(host, end + -60 * (rows - 1 - $0), r: Int64($0)) }
  }

  /// What the file will hold when the log has been moved into it.
  private func logicalBytes(_ folder: HistoryFolder) throws -> Int64 {
    try #require(Int64(folder.sqlite3("PRAGMA page_count")[0])) * 4_096
  }

  @Test func ageDeletesWhatIsOlderAndNothingElse() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record(minutes("a", until: night, rows: 3_000))
    try store.record(minutes("b", until: night, rows: 10))
    _ = try store.record(
      HistoryBatch(episodes: [
        .spike("a", night + -7_200), .spike("a", night + -7_100, isOpen: true),
        .spike("b", night + -600),
      ]))
    let report = try store.enforceRetention(keepSeconds: 3_600, maxSizeBytes: nil, now: night)
    #expect(report.rowsDeleted == 3_000 - 61 && report.episodesDeleted == 1)
    #expect(report.first == night + -60 * 2_999 && report.last == night + -3_660)
    #expect(try store.hosts().map(\.rows) == [61, 10])
    #expect(try store.samples().map(\.time).min() == night + -3_600)
    #expect(try store.episodes().map(\.start) == [night + -7_100, night + -600])
    let logged = try folder.sqlite3("SELECT reason, rows, episodes, first, last FROM retention")
    #expect(logged == ["age|2939|1|2026-11-17T01:13:00Z|2026-11-19T02:11:00Z"])
    // Nothing is left to do, and nothing is written about that.
    let again = try store.enforceRetention(keepSeconds: 3_600, maxSizeBytes: nil, now: night)
    #expect(!again.hasDeleted && again.first == nil)
    #expect(try folder.sqlite3("SELECT count(*) FROM retention") == ["1"])
  }

  @Test func ageMakesTheFileShrink() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record(minutes("a", until: night, rows: 60_000))
    let report = try store.enforceRetention(keepSeconds: 3_600, maxSizeBytes: nil, now: night)
    #expect(report.bytesBefore > 3_000_000)
    #expect(report.bytesAfter < report.bytesBefore / 2)
    // But for the row that tells of it.
    #expect(folder.bytes() + folder.bytes("-wal") - report.bytesAfter <= 20_000)
    #expect(try folder.sqlite3("PRAGMA integrity_check") == ["ok"])
    #expect(try store.samples().count == 61)
  }

  @Test func sizeDeletesTheOldestUntilItFits() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let (end, count) = (night, 60_000)
    try store.record(minutes("a", until: end, rows: count))
    _ = try store.record(
      HistoryBatch(episodes: [.spike("a", end + -60 * count), .spike("a", end + -60)]))
    let limit: Int64 = 2_000_000
    let report = try store.enforceRetention(keepSeconds: nil, maxSizeBytes: limit, now: end)
    #expect(report.bytesBefore > limit && report.bytesAfter <= limit)
    #expect(folder.bytes() + folder.bytes("-wal") <= limit + 100_000)
    let kept = try store.samples()
    #expect(kept.count == count - Int(report.rowsDeleted))
    #expect(kept.map { $0.row[.r] } == ((count - kept.count)..<count).map { Int64($0) })
    // No more than needed: most of the room allowed is in use.
    #expect(kept.count > count / 4)
    #expect(try store.rows(of: "a") == Int64(kept.count))
    #expect(try store.episodes().map(\.start) == [end + -60])
    #expect(
      try folder.sqlite3("SELECT reason, rows FROM retention") == ["size|\(report.rowsDeleted)"])
    #expect(try folder.sqlite3("PRAGMA integrity_check") == ["ok"])
    // It fits now.
    #expect(
      try !store.enforceRetention(keepSeconds: nil, maxSizeBytes: limit, now: end).hasDeleted)
  }

  @Test func sizeHoldsWhileRowsKeepComing() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let limit: Int64 = 1_500_000
    var written = 0
    for round in 1...12 {
      let end = night + round * 60 * 4_000
      written += try store.record(minutes("a", until: end, rows: 4_000)).stored
      let report = try store.enforceRetention(keepSeconds: nil, maxSizeBytes: limit, now: end)
      #expect(report.bytesAfter <= limit)
    }
    let kept = try store.samples()
    #expect(kept.count < written && kept.count > 8_000)
    #expect(kept.last?.time == night + 12 * 60 * 4_000)
    #expect(try store.rows(of: "a") == Int64(kept.count))
  }

  /// Clocks years ahead and years behind: they cost nobody else a row, and with their offset known
  /// their own rows are kept as long as everybody's.
  @Test(arguments: [-20, -1, 1, 20])
  func clockYearsOffCostsNobodyItsRows(years: Int) throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let offset = years * 365 * Self.day
    _ = try store.record(
      HistoryBatch(statuses: [
        HostStatus(host: "off", state: .connected, clockOffset: Double(offset))
      ]))
    try store.record(minutes("good", until: night, rows: 200))
    try store.record(minutes("off", until: night + offset, rows: 200))
    _ = try store.record(
      HistoryBatch(episodes: [
        .spike("off", night + (offset - 7_200)), .spike("off", night + (offset - 600)),
        .spike("good", night + -7_200), .spike("good", night + -600),
      ]))
    for _ in 1...2 {
      _ = try store.enforceRetention(keepSeconds: 3_600, maxSizeBytes: nil, now: night)
      #expect(try store.hosts().map(\.rows) == [61, 61])
      #expect(try store.episodes(hosts: ["off"]).map(\.start) == [night + (offset - 600)])
      #expect(try store.episodes(hosts: ["good"]).map(\.start) == [night + -600])
    }
    // As time goes on, they age alike.
    try store.record(minutes("off", until: night + (offset + 1_800), rows: 30))
    _ = try store.enforceRetention(keepSeconds: 3_600, maxSizeBytes: nil, now: night + 1_800)
    #expect(try store.hosts().map(\.rows) == [31, 61])
  }

  /// The same where nobody measured the offset, as with an imported log of a wrong year.
  @Test(arguments: [-20, 20])
  func unknownOffsetCostsOthersNothing(years: Int) throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record(minutes("good", until: night, rows: 20_000))
    try store.record(minutes("off", until: night + years * 365 * Self.day, rows: 20_000))
    let limit = try logicalBytes(folder) * 7 / 10
    let keep = Int64(30 * Self.day)
    _ = try store.enforceRetention(keepSeconds: keep, maxSizeBytes: nil, now: night)
    #expect(try store.rows(of: "good") == 20_000)
    _ = try store.enforceRetention(keepSeconds: keep, maxSizeBytes: limit, now: night)
    #expect(try store.rows(of: "good") == 20_000)
  }

  @Test func sizeDividesAmongClocksThatAreFarOff() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    let offset = 20 * 365 * Self.day
    _ = try store.record(
      HistoryBatch(statuses: [
        HostStatus(host: "off", state: .connected, clockOffset: Double(offset))
      ]))
    try store.record(minutes("good", until: night, rows: 20_000))
    try store.record(minutes("off", until: night + offset, rows: 20_000))
    let limit = try logicalBytes(folder) / 2
    _ = try store.enforceRetention(keepSeconds: nil, maxSizeBytes: limit, now: night)
    let rows = try store.hosts().map(\.rows)
    #expect(rows.allSatisfy { $0 > 2_000 })
    #expect(abs(rows[0] - rows[1]) < 6_000)
  }

  @Test func boundBelowWhatIsNeededEndsAllTheSame() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    _ = try store.record(
      HistoryBatch(statuses: [HostStatus(host: "off", state: .connected, clockOffset: 9e8)]))
    try store.record(minutes("a", until: night, rows: 6_000))
    try store.record(minutes("off", until: night + 900_000_000, rows: 6_000))
    _ = try store.enforceRetention(keepSeconds: nil, maxSizeBytes: 1, now: night)
    #expect(try store.samples().isEmpty)
    #expect(try store.record([.tick("a", night), .tick("off", night)]).stored == 2)
    #expect(try store.hosts().map(\.rows) == [1, 1])
  }

  /// A reader that holds a snapshot may delay the shrinking, and must not stop anything.
  @Test func readerInTheWayDelaysOnlyTheShrinking() throws {
    let folder = try HistoryFolder()
    let store = try folder.open()
    try store.record(minutes("a", until: night, rows: 30_000))
    let other = Process()
    let input = Pipe()
    let output = Pipe()
    other.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    other.arguments = ["sqlite3", "-readonly", folder.path]
    other.standardInput = input
    other.standardOutput = output
    try other.run()
    input.fileHandleForWriting.write(Data("BEGIN; SELECT count(*) FROM vmstat;\n".utf8))
    #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "30000\n")
    let report = try store.enforceRetention(keepSeconds: 3_600, maxSizeBytes: 500_000, now: night)
    #expect(report.rowsDeleted == 30_000 - 61)
    #expect(try store.record([.tick("a", night + 60)]).stored == 1)
    input.fileHandleForWriting.write(Data("COMMIT;\n.quit\n".utf8))
    other.waitUntilExit()
    let after = try store.enforceRetention(keepSeconds: 3_600, maxSizeBytes: 500_000, now: night)
    #expect(after.bytesAfter <= 500_000)
  }
}
