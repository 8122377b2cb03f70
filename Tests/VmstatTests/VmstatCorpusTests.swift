import Bytes
import Foundation
import Records
import Testing

@testable import Collector

/// What one real log must give.
struct CorpusLog: Sendable, CustomTestStringConvertible {
  var file: String
  var rows = 0
  var sinceBoot = 1
  var runs = 1
  var problemLines: [Int] = []
  var reason: UnreadableReason?
  var refusal: VmstatLogError?
  /// The line of a table of one row.
  var oneRow: Int?
  /// Values to check, by the number of the sample (from 0).
  var values: [Int: String] = [:]
  /// Seconds since the epoch of the first and last sample; `nil`: counted from `--start`.
  var times: (Int64, Int64)?

  var testDescription: String { file }

  static func foreign(_ file: String, _ format: ForeignFormat, line: Int) -> CorpusLog {
    CorpusLog(file: file, sinceBoot: 0, runs: 0, refusal: .foreign(format, line: line))
  }

  static func oneRow(_ file: String, line: Int) -> CorpusLog {
    CorpusLog(file: file, oneRow: line)
  }

  static let all: [CorpusLog] = [
    CorpusLog(
      file: "SERVERFAULT-kinsch-wa.txt", rows: 7,
      values: [
        0: "r=0 b=1 swpd=1088 free=260604 buff=1584364 cache=13291744 si=0 so=0 bi=0 bo=0 "
          + "in=1274 cs=1016 us=0 sy=1 id=75 wa=24"
      ]),
    .foreign("SOLARIS-10.txt", .solaris, line: 3),
    CorpusLog(
      file: "dpbench-epoch-prefix.md", rows: 6,
      values: [
        5: "r=0 b=0 swpd=900036 free=4229436 buff=1804920 cache=4190060 si=0 so=0 bi=0 bo=48 "
          + "in=1025 cs=3851 us=0 sy=1 id=98 wa=1 st=0"
      ], times: (1_615_227_600, 1_615_227_605)),
    CorpusLog(
      file: "dpbench-epoch-prefix2.md", rows: 5, times: (1_616_401_619, 1_616_401_743)),
    CorpusLog(
      file: "gu-1TB-overflow.txt", rows: 2,
      values: [
        0: "r=4 b=0 swpd=0 free=1037646940 buff=0 cache=8372420 si=0 so=0 bi=184 bo=21968 "
          + "in=17318 cs=40213 us=1 sy=1 id=97 wa=0 st=0 gu=1"
      ]),
    CorpusLog(file: "gu-laptop.txt", rows: 5),
    CorpusLog(file: "gu-wsl2.txt", rows: 2),
    .oneRow("jc-centos77-a.out", line: 3),
    CorpusLog(
      file: "jc-centos77-at-5-10.out", rows: 3,
      values: [
        2: "r=0 b=0 swpd=0 free=2794716 si=0 so=0 bi=0 bo=0 in=44 cs=87 us=0 sy=0 id=100 wa=0 "
          + "st=0 inact=295968 active=312752"
      ], times: (1_631_849_598, 1_631_849_608)),
    .foreign("jc-centos77-d-DISKMODE.out", .disks, line: 1),
    .foreign("jc-centos77-dt-DISKMODE.out", .disks, line: 1),
    .oneRow("jc-centos77-w.out", line: 3),
    .oneRow("jc-centos77.out", line: 3),
    .oneRow("jc-extra-wide.out", line: 3),
    CorpusLog(
      file: "jc-ubuntu1804-1-long.out", rows: 36,
      values: [
        32: "r=1 b=0 swpd=524 free=763388 buff=147224 cache=819640 si=0 so=0 bi=0 bo=0 in=69 "
          + "cs=120 us=0 sy=0 id=100 wa=0 st=0"
      ]),
    .foreign("kinect-vmstat-s.log", .summary, line: 2),
    CorpusLog(
      file: "lkml-2.4.0test10-wcol.txt", rows: 7,
      values: [
        4: "r=0 b=2 swpd=0 free=43072 buff=78040 cache=59592 si=0 so=0 bi=0 bo=1660 in=1281 "
          + "cs=4119 us=5 sy=6 id=89"
      ]),
    CorpusLog(
      file: "lkml-2.4.7-SAP-wrapped.txt", sinceBoot: 0, runs: 0,
      problemLines: [5, 8, 10, 12, 14, 17, 20, 27, 30, 32, 34, 36], reason: .headerBroken),
    CorpusLog(file: "lkml-2.5.69-mm3-mplayer.txt", rows: 11),
    CorpusLog(file: "lkml-2.6-dd-write-logfile.txt", rows: 11),
    CorpusLog(
      file: "lkml-2.6.0-knode-waid.txt", rows: 9,
      values: [
        5: "r=0 b=3 swpd=0 free=156476 buff=54708 cache=173432 si=0 so=0 bi=0 bo=2072 in=1273 "
          + "cs=425 us=1 sy=1 id=0 wa=99"
      ]),
    CorpusLog(
      file: "lkml-2.6.14-quoted.txt", rows: 4,
      values: [
        3: "r=1 b=0 swpd=0 free=63560 buff=11520 cache=32352 si=0 so=0 bi=0 bo=0 in=1062 "
          + "cs=2011 us=59 sy=41 id=0 wa=0"
      ]),
    CorpusLog(file: "lkml-2.6.7-cnfs-news.txt", rows: 11),
    CorpusLog(
      file: "lkml-shm-swapstorm-tabs.txt", rows: 11,
      values: [
        10: "r=27 b=0 swpd=1743756 free=505052 buff=29852 cache=11261732 si=0 so=0 bi=0 bo=0 "
          + "in=364 cs=598 us=11 sy=89 id=0 wa=0"
      ]),
    CorpusLog(
      file: "lunar.log", rows: 150,
      values: [
        20: "r=15 b=0 swpd=0 free=808662528 buff=8 cache=72734208 si=0 so=0 bi=0 bo=66 in=36272 "
          + "cs=161502 us=11 sy=1 id=88 wa=0 st=0"
      ]),
    CorpusLog(
      file: "patrykur-wide-aligned.txt", rows: 6,
      values: [
        2: "r=0 b=0 swpd=0 free=1848560 buff=13000 cache=83736 si=0 so=0 bi=0 bo=14 in=294 "
          + "cs=101 us=0 sy=0 id=100 wa=0 st=0"
      ]),
    .foreign("pt-FREEBSD.txt", .freeBSD, line: 2),
    .foreign("pt-OPENBSD.txt", .openBSD, line: 2),
    CorpusLog(file: "pt-align-raw.txt", rows: 4),
    CorpusLog(file: "pt-linux-001.txt", rows: 4),
    CorpusLog(file: "pt-linux-002.txt", rows: 4),
    CorpusLog(file: "pt-linux-003.txt", rows: 4),
    CorpusLog(file: "pt-linux-005.txt", rows: 4),
    // 208 runs of 7 rows and one of 4; Wed Aug 28 16:02:01 IST 2019 is 10:32:01 UTC.
    CorpusLog(
      file: "ramindin-2.6-nost.log", rows: 1251, sinceBoot: 209, runs: 209,
      values: [
        1250: "r=3 b=0 swpd=151248 free=1420556 buff=108132 cache=147844 si=3 so=0 bi=8 bo=141 "
          + "in=274 cs=1304 us=37 sy=7 id=55 wa=1"
      ], times: (1_566_988_322, 1_567_000_807)),
    CorpusLog(file: "sysodom-pi.txt", rows: 299),
    .foreign("tpch-vmstat-d.log", .disks, line: 1),
    .oneRow("vmstat-a-2012-noWAST.txt", line: 3),
    .foreign("vmstat-analyzer-AIX-comments.txt", .aix, line: 3),
    .foreign("vmstat-analyzer-AIX-noheader.txt", .aix, line: 1),
    .foreign("vmstat-analyzer-AIX-sys.txt", .aix, line: 1),
    .foreign("vmstat-analyzer-AIX61.txt", .aix, line: 2),
    .oneRow("vmstat-analyzer-oneline.txt", line: 2),
    CorpusLog(file: "vmstat-analyzer-onlytitles.txt", sinceBoot: 0, runs: 0),
  ]
}

@Suite(
  "Every real log is read, or refused by line and reason",
  .enabled(if: VmstatText.hasCorpus, "the corpora are not beside this repository"))
struct VmstatCorpusTests {
  /// `--start` of the logs without times.
  private let start = Timestamp(seconds: 1_000_000_000)

  private func options(for log: CorpusLog) -> VmstatLogReader.Options {
    let zone = log.file.hasPrefix("ramindin") ? "Asia/Kolkata" : "America/Los_Angeles"
    return VmstatLogReader.Options(
      host: "h", start: start, interval: 1, timeZone: TimeZone(identifier: zone), cpus: 4)
  }

  @Test(arguments: CorpusLog.all)
  func gives(log: CorpusLog) throws {
    let (samples, report) = VmstatText.read(try VmstatText.log(log.file), options(for: log))
    #expect(samples.count == log.rows)
    #expect(report.rows == log.rows)
    #expect(report.sinceBootRows == log.sinceBoot)
    #expect(report.runs == log.runs)
    #expect(report.problems.map(\.line) == log.problemLines)
    #expect(report.problemsLeftOut == 0)
    #expect(report.refusal == log.refusal)
    #expect(report.firstOneRowLine == log.oneRow)
    if let reason = log.reason {
      #expect(report.problems.allSatisfy { $0.reason == .unreadable(reason) })
    }
    for (index, text) in log.values {
      #expect(samples.dropFirst(index).first?.row.text == text)
    }
    let expected = log.times ?? (start.seconds + 1, start.seconds + Int64(log.rows))
    if log.rows > 0 {
      #expect(report.first?.seconds == expected.0)
      #expect(report.last?.seconds == expected.1)
    }
    #expect(samples.allSatisfy { $0.host == "h" && $0.source == .imported && $0.cpus == 4 })
  }

  /// Whatever is in a log, no time comes twice for a host: a row is unique by its time.
  @Test(arguments: CorpusLog.all)
  func givesEachSampleATimeOfItsOwn(log: CorpusLog) throws {
    let (samples, _) = VmstatText.read(try VmstatText.log(log.file), options(for: log))
    for (earlier, later) in zip(samples, samples.dropFirst()) {
      #expect(earlier.time < later.time)
    }
  }

  /// A row that no log prints is invented: each must be a line of it.
  @Test(arguments: CorpusLog.all)
  func inventsNothing(log: CorpusLog) throws {
    let bytes = try VmstatText.log(log.file)
    let (samples, _) = VmstatText.read(bytes, options(for: log))
    var lines = VmstatText.lines(bytes).lines.map { Set(VmstatText.numbers($0)) }[...]
    for sample in samples {
      let values = Set(VmstatColumn.allCases.compactMap { sample.row[$0] })
      let found = lines.firstIndex { values.isSubset(of: $0) }
      #expect(found != nil, "\(sample.row.text)")
      if let found { lines = lines[(found + 1)...] }
    }
  }

  @Test(arguments: CorpusLog.all.filter { $0.rows > 0 })
  func withoutOptionsSaysWhichAreMissing(log: CorpusLog) throws {
    let (samples, report) = VmstatText.read(
      try VmstatText.log(log.file), VmstatLogReader.Options(host: "h"))
    switch log.file {
    case "dpbench-epoch-prefix.md", "dpbench-epoch-prefix2.md":
      #expect(samples.count == log.rows && report.refusal == nil)
    case "jc-centos77-at-5-10.out":
      #expect(samples.isEmpty && report.refusal == .zoneNeeded(word: "PDT", line: 4))
      #expect(report.notes.first?.contains("--time-zone, such as America/Los_Angeles") == true)
    case "ramindin-2.6-nost.log":
      #expect(samples.isEmpty && report.refusal == .zoneNeeded(word: "IST", line: 1))
    default:
      #expect(samples.isEmpty)
      guard case .startNeeded(let line) = report.refusal else {
        Issue.record("\(String(describing: report.refusal))")
        return
      }
      let bytes = try VmstatText.log(log.file)
      #expect(VmstatText.numbers(VmstatText.lines(bytes).lines[line - 1]).count >= 15)
    }
  }

  @Test func theTableNamesEveryLog() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: VmstatText.corpus.path)
      .filter { $0 != "SOURCES.tsv" }
    #expect(Set(files) == Set(CorpusLog.all.map(\.file)))
  }
}
