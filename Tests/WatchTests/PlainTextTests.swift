import Foundation
import Records
import Testing

@testable import Watch

@Suite struct PlainTextTests {
  private func lines(_ text: inout PlainText, _ samples: [HostSample]) -> [String] {
    var output: [UInt8] = []
    for sample in samples { text.append(sample, to: &output) }
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test func timeHostRow() {
    var text = PlainText(hosts: ["web1", "database1"], zone: .utc)
    let rows = lines(&text, [sample("web1", night, calm(1)), sample("database1", night, calm(2))])
    let names = "   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st"
    let figures = "      0 812344   4616 571800    0    0    12    96  135  168  3  1 96  0  0"
    #expect(
      rows == [
        "TIME     HOST       r  b" + names,
        "03:12:00 web1       1  0" + figures,
        "03:12:00 database1  2  0" + figures,
      ])
  }

  /// Real logs: the row comes out byte for byte as vmstat wrote it.
  @Test(
    .enabled(
      if: PlainTextTests.corpus != nil, "../shared/corpora/vmstat is not beside the package"),
    arguments: ["jc-centos77.out", "gu-laptop.txt", "gu-wsl2.txt"])
  func rowsAreVmstatsOwn(file: String) throws {
    let folder = try #require(PlainTextTests.corpus)
    let log = String(
      decoding: try Data(contentsOf: folder.appendingPathComponent(file)), as: UTF8.self)
    var columns: [VmstatColumn] = []
    var text = PlainText(hosts: ["web1"], zone: .utc, headerEvery: nil)
    var compared = 0
    for line in log.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.first == "r" {
        columns = words.compactMap { word in VmstatColumn.allCases.first { $0.name == word } }
      }
      let numbers = words.compactMap { Int64($0) }
      guard !columns.isEmpty, numbers.count == columns.count else { continue }
      var figures = VmstatRow()
      for (column, number) in zip(columns, numbers) { figures[column] = number }
      let printed = lines(
        &text, [HostSample(host: "web1", time: night, source: .vmstat, row: figures)])
      #expect(printed.last == "03:12:00 web1 \(line)")
      compared += 1
    }
    #expect(compared > 0)
  }

  static var corpus: URL? {
    let folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("../shared/corpora/vmstat").standardized
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }

  @Test func headersComeBack() {
    var text = PlainText(hosts: ["a"], zone: .utc, headerEvery: 2)
    let rows = lines(&text, (0..<5).map { _ in sample("a", night, calm(1)) })
    #expect(
      rows.map { $0.hasPrefix("TIME") } == [true, false, false, true, false, false, true, false])
    var once = PlainText(hosts: ["a"], zone: .utc, headerEvery: nil)
    let few = lines(&once, (0..<5).map { _ in sample("a", night, calm(1)) })
    #expect(few.count { $0.hasPrefix("TIME") } == 1)
  }

  @Test func absentIsADash() {
    var text = PlainText(hosts: ["a"], zone: .utc)
    var figures = calm(1)
    figures[2] = nil
    figures[16] = nil
    let rows = lines(&text, [sample("a", night, figures)])
    #expect(
      rows[1].hasSuffix(
        " 1  0      - 812344   4616 571800    0    0    12    96  135  168  3  1 96  0  -"))
  }

  @Test func aNewColumnBringsAHeader() {
    var text = PlainText(hosts: ["a"], zone: .utc)
    var guest = sample("a", night, calm(1))
    guest.row[.gu] = 7
    let rows = lines(&text, [sample("a", night, calm(1)), guest, sample("a", night, calm(1))])
    #expect(rows.count == 5)
    #expect(rows[2].hasSuffix(" st gu"))
    #expect(rows[3].hasSuffix("  0  7") && rows[4].hasSuffix("  0  -"))
  }

  /// Three words to the row, whatever a host is called, and nothing a terminal acts on.
  @Test(arguments: NameTests.hostile.indices)
  func hostileNamesStayOneWord(index: Int) {
    let name = NameTests.hostile[index]
    var text = PlainText(hosts: [name, "web1"], zone: .utc)
    let rows = lines(&text, [sample(name, night, calm(1))])
    #expect(rows.count == 2)
    #expect(rows[1].utf8.split(separator: UInt8(ascii: " ")).count == 19)
    #expect(
      rows[1].unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
  }

  @Test func numbersOfEverySize() {
    var text = PlainText(hosts: ["a"], zone: .utc)
    var figures = calm(1)
    (figures[2], figures[3], figures[4]) = (.max, .min, -7)
    let rows = lines(&text, [sample("a", night, figures)])
    #expect(rows[1].contains(" \(Int64.max) \(Int64.min)     -7 "))
  }

  @Test func timesInTheViewersZone() {
    // Central Europe: summer time ended on 2026-10-25 at 01:00 UTC.
    let berlin = ViewerZone { $0.seconds < 1_792_890_000 ? 7200 : 3600 }
    let moment = Timestamp(seconds: 1_792_890_000)
    #expect(berlin.clock(moment.advanced(bySeconds: -1)) == "02:59:59")
    #expect(berlin.clock(moment) == "02:00:00")
    #expect(berlin.dateAndClock(moment) == "2026-10-25T02:00:00+01:00")
    #expect(ViewerZone.utc.dateAndClock(moment.advanced(bySeconds: 0.25)) == "2026-10-25T01:00:00Z")
    let caracas = ViewerZone { _ in -16_200 }
    #expect(caracas.dateAndClock(moment) == "2026-10-24T20:30:00-04:30")
    var text = PlainText(hosts: ["a"], zone: berlin, timeStyle: .dateAndClock)
    let rows = lines(&text, [sample("a", moment, calm(1))])
    #expect(rows[1].hasPrefix("2026-10-25T02:00:00+01:00 a     1  0 "))
    #expect(rows[0].hasPrefix("TIME                      HOST  r  b "))
  }

  @Test func theLocalZoneIsLibcs() {
    var seconds = time_t(night.seconds)
    var parts = tm()
    #expect(localtime_r(&seconds, &parts) != nil)
    #expect(ViewerZone.local.secondsEast(night) == parts.tm_gmtoff)
  }

  @Test func aStateIsALine() {
    var text = PlainText(hosts: ["web1"], zone: .utc)
    var output: [UInt8] = []
    let status = HostStatus(
      host: "web1", state: .backingOff, since: night, retryAt: night.advanced(bySeconds: 9),
      lastError: "refused\u{1B}[2J")
    text.append(status, to: &output)
    #expect(
      String(decoding: output, as: UTF8.self)
        == "03:12:00 web1 backing-off until 03:12:09: refused␛[2J\n")
  }
}
