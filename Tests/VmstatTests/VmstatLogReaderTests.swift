import Bytes
import Foundation
import Records
import Testing

@testable import Collector

@Suite("A saved log: which rows are samples")
struct VmstatLogRunTests {
  private let header = """
    procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----
     r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st

    """
  private let sinceBoot =
    " 1  0      0 100000   1000  20000    0    0   400   300  800 1500  9  3 86  2  0\n"
  private let start = Timestamp(seconds: 1_000_000_000)

  private var options: VmstatLogReader.Options {
    VmstatLogReader.Options(host: "h", start: start, interval: 2)
  }

  /// `count` samples, each unlike any other.
  private func samples(_ count: Int, from first: Int = 0) -> String {
    (first..<(first + count)).map { index in
      " 0  0      0 \(90000 + index)   1000  20000    0    0     0    \(index % 7)   "
        + "\(90 + index % 30)  \(200 + index % 50)  0  1 99  0  0\n"
    }.joined()
  }

  private func seconds(_ samples: [HostSample]) -> [Int64] {
    samples.map { $0.time.seconds - start.seconds }
  }

  @Test func theAverageSinceBootIsNoSample() {
    let (rows, report) = VmstatText.read(header + sinceBoot + samples(3), options)
    #expect(rows.map { $0.row[.free] } == [90000, 90001, 90002])
    #expect(seconds(rows) == [2, 4, 6])
    #expect(report.sinceBootRows == 1 && report.runs == 1 && report.problems.isEmpty)
    #expect(report.first == rows.first?.time && report.last == rows.last?.time)
  }

  @Test func aHeaderAfterEachScreenfulBelongsToItsRun() {
    let text =
      header + sinceBoot + samples(20) + header + samples(21, from: 20) + header
      + samples(5, from: 41)
    let (rows, report) = VmstatText.read(text, options)
    #expect(rows.map { $0.row[.free] } == (0..<46).map { Int64(90000 + $0) })
    #expect(seconds(rows).last == 92)
    #expect(report.runs == 1)
  }

  @Test func aHeaderAfterAnotherNumberOfRowsBeginsANewRun() {
    let text =
      header + sinceBoot + samples(20) + header + samples(21, from: 20) + header
      + samples(15, from: 41) + header + samples(5, from: 56)
    let (rows, report) = VmstatText.read(text, options)
    // The first row of what may be a run is left out, and its others have no time.
    #expect(rows.map { $0.row[.free] } == (0..<56).map { Int64(90000 + $0) })
    #expect(report.runs == 2 && report.sinceBootRows == 2)
    #expect(report.problems.map(\.line) == [67, 68, 69, 70])
    #expect(report.problems.allSatisfy { $0.reason == .runWithoutTime(firstLine: 66) })
  }

  @Test func aHeaderAfterFewRowsOrABlankLineBeginsANewRun() {
    for between in [samples(8), samples(20) + "\n", samples(20) + "$ vmstat 2\n"] {
      let text = header + sinceBoot + between + header + samples(1, from: 50)
      let (rows, report) = VmstatText.read(text, options)
      #expect(report.runs == 2 && report.sinceBootRows == 2)
      #expect(!rows.contains { $0.row[.free] == 90050 })
    }
  }

  @Test func aHeaderOfOtherColumnsBeginsANewRun() {
    let active = header.replacing("  buff  cache", with: " inact active")
    let text = header + sinceBoot + samples(20) + active + samples(3, from: 20)
    #expect(VmstatText.read(text, options).report.runs == 2)
  }

  /// `while true; do vmstat 1 30; done >> log`: the average since boot moves towards what the
  /// run before did, in every column by the same share.
  @Test(arguments: [60.0, 600, 86400, 1e7])
  func aNewAverageSinceBootIsKnownByWhatItGrewFrom(uptime: Double) throws {
    let before = try #require(VmstatText.rows(VmstatText.parse(header + sinceBoot)).first)
    let rows = VmstatText.rows(VmstatText.parse(header + samples(29)))
    var average = ""
    for column in VmstatColumn.standard {
      let first = Double(try #require(before[column]))
      let mean = Double(rows.reduce(0) { $0 + ($1[column] ?? 0) }) / 29
      average += " \(Int64(((first * uptime + mean * 29) / (uptime + 29)).rounded()))"
    }
    let text = header + sinceBoot + samples(29) + header + average + "\n" + samples(2, from: 29)
    let (stored, report) = VmstatText.read(text, options)
    #expect(report.runs == 2 && report.sinceBootRows == 2)
    #expect(stored.count == 29)
  }

  /// A host that never changes: whether an average or a sample follows can't be told.
  @Test func inDoubtARowIsLeftOut() {
    let text = header + sinceBoot + samples(20) + header + sinceBoot + samples(2, from: 20)
    let (rows, report) = VmstatText.read(text, options)
    #expect(rows.count == 20 && report.sinceBootRows == 2 && report.problems.count == 2)
  }

  @Test func tablesOfOneRowGiveNoSamplesAndSaySo() {
    let (rows, report) = VmstatText.read(
      String(repeating: header + sinceBoot + "\n", count: 3), VmstatLogReader.Options(host: "h"))
    #expect(rows.isEmpty && report.refusal == nil && report.oneRowRuns == 3)
    #expect(
      report.notes == [
        "line 3…: 3 tables have only one row, the average since boot; run vmstat with an "
          + "interval (vmstat -t 1) to get samples"
      ])
  }

  @Test func aDamagedRowCountsAsAnInterval() {
    let damaged = " 0  0      0 90001   1000  20000    0    0     0\n"
    let (rows, report) = VmstatText.read(
      header + sinceBoot + samples(1) + damaged + samples(1, from: 2), options)
    #expect(seconds(rows) == [2, 6])
    #expect(
      report.problems == [
        .init(line: 5, reason: .unreadable(.countMismatch(numbers: 9, columns: 17)))
      ])
  }

  @Test func rowsAfterACutHaveNoTime() {
    let (rows, report) = VmstatText.read(
      header + sinceBoot + samples(2) + "[...]\n" + samples(2, from: 2), options)
    #expect(rows.count == 2)
    #expect(report.problems.map(\.reason) == [.afterCut(line: 6), .afterCut(line: 6)])
  }

  @Test func theReportIsBounded() {
    let damaged = " 0  0      0 90001   1000  20000    0    0     0\n"
    let (_, report) = VmstatText.read(
      header + sinceBoot + String(repeating: damaged, count: 5000), options)
    #expect(report.problems.count == VmstatLogReport.problemLimit)
    #expect(report.problemsLeftOut == 5000 - VmstatLogReport.problemLimit)
  }

  @Test func aFileWithoutVmstatSaysSo() {
    let (_, report) = VmstatText.read("hello\n", options)
    #expect(report.notes == ["no row of vmstat in this file"])
  }
}

@Suite("A saved log: when each row was taken")
struct VmstatLogTimeTests {
  private let header = """
    procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- \
    -----timestamp-----
     r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st \
    ZONE

    """
  private let row =
    " 0  0      0 100000   1000  20000    0    0   400   300  800 1500  9  3 86  2  0"

  private func log(_ zone: String, _ stamps: [String]) -> String {
    header.replacing("ZONE", with: zone) + stamps.map { "\(row) \($0)\n" }.joined()
  }

  private func options(_ zone: String? = nil) -> VmstatLogReader.Options {
    VmstatLogReader.Options(
      host: "h", interval: 10, timeZone: zone.flatMap { TimeZone(identifier: $0) })
  }

  private func times(
    _ text: String, _ options: VmstatLogReader.Options
  ) -> (times: [String], report: VmstatLogReport) {
    let (samples, report) = VmstatText.read(text, options)
    return (samples.map { RFC3339.string(nanoseconds: $0.time.nanoseconds) }, report)
  }

  @Test(arguments: ["UTC", "GMT", "Z"])
  func utcNeedsNoTimeZone(word: String) {
    let text = log(word, ["2026-03-01 10:00:00", "2026-03-01 10:00:01", "2026-03-01 10:00:02"])
    #expect(times(text, options()).times == ["2026-03-01T10:00:01Z", "2026-03-01T10:00:02Z"])
  }

  @Test func anotherZoneWordNeedsTimeZone() {
    let text = log("PDT", ["2021-09-16 20:33:13", "2021-09-16 20:33:18"])
    #expect(times(text, options()).report.refusal == .zoneNeeded(word: "PDT", line: 4))
    #expect(times(text, options("America/Los_Angeles")).times == ["2021-09-17T03:33:18Z"])
  }

  @Test func timeZoneOverrulesTheHeaderAndSaysSo() {
    let text = log("UTC", ["2021-09-16 20:33:13", "2021-09-16 20:33:18"])
    let (times, report) = times(text, options("Asia/Kolkata"))
    #expect(times == ["2021-09-16T15:03:18Z"])
    #expect(report.notes.contains { $0.contains("the header says UTC") })
  }

  @Test func anHourThatComesTwiceIsToldByOrder() {
    let stamps = [
      "2025-10-26 01:59:58", "2025-10-26 02:00:00", "2025-10-26 02:30:00", "2025-10-26 02:59:59",
      "2025-10-26 02:00:00", "2025-10-26 02:30:00", "2025-10-26 03:00:00",
    ]
    let (found, report) = times(log("CEST", stamps), options("Europe/Berlin"))
    #expect(
      found == [
        "2025-10-26T00:00:00Z", "2025-10-26T00:30:00Z", "2025-10-26T00:59:59Z",
        "2025-10-26T01:00:00Z", "2025-10-26T01:30:00Z", "2025-10-26T02:00:00Z",
      ])
    #expect(report.problems.isEmpty)
  }

  @Test func anHourThatNeverComesIsPutAfterTheGap() {
    let stamps = ["2025-03-30 01:59:59", "2025-03-30 02:00:00", "2025-03-30 03:00:01"]
    #expect(
      times(log("CET", stamps), options("Europe/Berlin")).times
        == ["2025-03-30T01:00:00Z", "2025-03-30T01:00:01Z"])
  }

  @Test func rowsOfOneSecondAreSetApart() {
    let stamps = Array(repeating: "2026-03-01 10:00:01", count: 3) + ["2026-03-01 10:00:02"]
    #expect(
      times(log("UTC", ["2026-03-01 10:00:00"] + stamps), options()).times
        == [
          "2026-03-01T10:00:01Z", "2026-03-01T10:00:01.001000000Z",
          "2026-03-01T10:00:01.002000000Z", "2026-03-01T10:00:02Z",
        ])
  }

  @Test func aClockThatGoesBackIsReported() {
    let stamps = ["10:00:00", "10:00:10", "10:00:05", "10:00:11"].map { "2026-03-01 \($0)" }
    let (found, report) = times(log("UTC", stamps), options())
    #expect(found == ["2026-03-01T10:00:10Z", "2026-03-01T10:00:11Z"])
    #expect(report.problems.map(\.line) == [5])
    #expect(report.problems.first?.description.contains("clock went back") == true)
  }

  /// Times as far apart as a damaged log can print them.
  @Test func timesAtTheEndsOfTheRangeAreHarmless() {
    let stamps = [
      "1678-01-01 00:00:00", "2261-12-31 23:59:60", "1678-01-01 00:00:00", "2261-12-31 23:59:60",
      "9999-12-31 23:59:59", "2026-02-30 00:00:00",
    ]
    for zone in [nil, "America/Los_Angeles"] {
      #expect(times(log("UTC", stamps), options(zone)).times.count <= 2)
    }
    let epochs = ["0000000000", "9223372035", "9223372036.999999999", "9999999999"]
    let text = header + epochs.map { "\($0) \(row)\n" }.joined()
    #expect(times(text, options()).times.count <= 3)
  }

  @Test func stampsThatGoOnAcrossAHeaderAreOneRun() {
    let stamps = (0..<40).map { "2026-03-01 10:00:\($0 < 10 ? "0" : "")\($0)" }
    let rows = stamps.enumerated().map { index, stamp in
      " 0  0      0 100000   1000  20000    0    0     0   \(index * 7)  \(90 + index)  "
        + "\(1500 - index)  0  1 99  0  0 \(stamp)\n"
    }
    let first = "\(row) 2026-03-01 09:59:59\n"
    let header = header.replacing("ZONE", with: "UTC")
    let text =
      header + first + rows[..<20].joined() + header + rows[20...].joined()
    #expect(times(text, options()).times.count == 40)
    // The same with a gap of a minute: another run, whose first row is left out.
    let later = rows[20...].map { $0.replacing(" 10:00:", with: " 10:01:") }.joined()
    let (found, report) = times(header + first + rows[..<20].joined() + header + later, options())
    #expect(found.count == 39 && report.runs == 2)
  }

  @Test func theTimeBeforeEachLineWins() {
    let stamped = "\(row) 2026-03-01 10:00:00\n"
    let text = header + "1615227599 \(stamped)> 1615227601\t\(stamped)"
    #expect(times(text, options()).times == ["2021-03-08T18:20:01Z"])
    let plain = header.replacing("ZONE", with: "").replacing("-----timestamp-----", with: "")
    #expect(
      times(plain + "1615227599 \(row)\n1615227600.25 \(row)\n", options()).times
        == ["2021-03-08T18:20:00.250000000Z"])
  }

  @Test(arguments: [
    ("Wed Aug 28 16:02:01 UTC 2019", "2019-08-28T16:02:11Z"),
    ("Wed 28 Aug 2019 04:02:01 PM UTC", "2019-08-28T16:02:11Z"),
    ("Wed Aug 28 12:02:01 AM GMT 2019", "2019-08-28T00:02:11Z"),
    ("Wed, 28 Aug 2019 16:02:01 +0530", "2019-08-28T10:32:11Z"),
    ("2019-08-28T16:02:01+05:30", "2019-08-28T10:32:11Z"),
    ("2019-08-28 16:02:01Z", "2019-08-28T16:02:11Z"),
    ("1567008121", "2019-08-28T16:02:11Z"),
    ("> Wed Aug 28 16:02:01 UTC 2019", "2019-08-28T16:02:11Z"),
  ])
  func aDateAboveARunAnchorsIt(date: String, time: String) {
    let plain = header.replacing("ZONE", with: "").replacing("-----timestamp-----", with: "")
    let text = date + "\n" + plain + row + "\n" + row + "\n"
    #expect(times(text, options()).times == [time])
    let without = VmstatLogReader.Options(host: "h")
    #expect(times(text, without).report.refusal == .intervalNeeded(line: 5))
  }

  @Test(arguments: [
    ("Wed Aug 28 16:02:01 IST 2019", "IST" as String?), ("Wed Aug 28 16:02:01 2019", nil),
    ("2019-08-28 16:02:01", nil),
  ])
  func aDateInAnUnclearZoneNeedsTimeZone(date: String, word: String?) {
    let plain = header.replacing("ZONE", with: "").replacing("-----timestamp-----", with: "")
    let text = date + "\n" + plain + row + "\n" + row + "\n"
    #expect(times(text, options()).report.refusal == .zoneNeeded(word: word, line: 1))
    #expect(times(text, options("Asia/Kolkata")).times == ["2019-08-28T10:32:11Z"])
  }

  @Test(arguments: [
    "Wed Aug 28 2019", "16:02:01", "Aug Aug 28 16:02:01 2019", "Wed Aug 32 16:02:01 UTC 2019",
    "Wed Aug 28 13:02:01 PM UTC 2019", "Sat the 28 Aug 16:02:01 UTC 2019", "2019-08-28T16:02",
  ])
  func whatIsNoDateIsNone(line: String) {
    #expect(DateLine(Array(line.utf8).span) == nil)
  }

  @Test func runsThatOverlapAreReported() {
    let plain = header.replacing("ZONE", with: "").replacing("-----timestamp-----", with: "")
    let run = plain + String(repeating: row + "\n", count: 9)
    let text = "Wed Aug 28 16:02:01 UTC 2019\n\(run)Wed Aug 28 16:03:01 UTC 2019\n\(run)"
    #expect(times(text, options()).report.problems == [.init(line: 13, reason: .overlap)])
  }

  @Test(arguments: [0.0, -1, .nan, .infinity, 1e300])
  func anImpossibleIntervalIsNone(interval: Double) {
    let plain = header.replacing("ZONE", with: "").replacing("-----timestamp-----", with: "")
    let options = VmstatLogReader.Options(
      host: "h", start: Timestamp(seconds: 0), interval: interval)
    let report = times(plain + row + "\n" + row + "\n", options).report
    #expect(report.refusal == .startNeeded(line: 4))
  }
}
