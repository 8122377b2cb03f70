import Bytes
import Records
import Testing

@testable import Collector

@Suite("The vmstat parser reads the table of every procps")
struct VmstatParserTests {
  private static let groups =
    "procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n"
  private static let names =
    " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n"

  /// Each recorded run's header is English, so every number must be under its own name.
  @Test(
    arguments: [
      "plain", "wide", "stamped", "wide-stamped", "active", "one-header", "two-headers",
      "stamped-pst", "stamped-no-zone",
    ])
  func readsWhatThisMachinePrints(name: String) throws {
    let bytes = try VmstatText.fixture(name)
    let lines = VmstatText.lines(bytes).lines
    let parsed = VmstatText.parse(bytes)
    var header = ""
    var rows = 0
    for (line, result) in zip(lines, parsed) {
      let text = String(decoding: line, as: UTF8.self)
      switch result {
      case .groupHeader: #expect(text.contains("procs"))
      case .header: header = text
      case .row(let row, let stamp):
        rows += 1
        #expect(row == VmstatRow(header, text), "\(text)")
        #expect((stamp != nil) == name.contains("stamped"))
      default: Issue.record("\(text): \(result)")
      }
    }
    #expect(rows == (name == "one-header" || name == "two-headers" ? 25 : 4))
    #expect(parsed.filter { $0 == .header }.count == (name == "two-headers" ? 2 : 1))
  }

  @Test func keepsTheTimeAsPrintedAndTheZoneWord() throws {
    let zones = [
      "stamped": "UTC", "wide-stamped": "UTC", "stamped-pst": "PST", "stamped-no-zone": nil,
      "plain": nil,
    ]
    for (name, zone) in zones {
      var parser = VmstatParser()
      for line in VmstatText.lines(try VmstatText.fixture(name)).lines {
        let result = parser.parse(line.span)
        let text = String(decoding: line, as: UTF8.self)
        if case .row(_, let stamp?) = result {
          let seconds = RFC3339.string(nanoseconds: stamp.epochSeconds * 1_000_000_000)
          #expect(text.hasSuffix(seconds.replacing("T", with: " ").replacing("Z", with: "")))
        }
      }
      #expect(parser.zoneName == zone, "\(name)")
    }
  }

  /// `vmstat -t` of procps 3.2 (RHEL 5 and 6) prints the zone behind each time.
  @Test func takesAZoneBehindTheTime() {
    let header = Self.groups.replacing("cpu-----\n", with: "cpu------ ---timestamp---\n")
    let row = " 0  0      0 68780   4252 709252    0    0    12   149   17   11  0  0 100  0  0\t"
    var parser = VmstatParser()
    var zones: [String?] = []
    for line in [header, Self.names, row + "2017-09-21 14:46:29 CST", row + "2017-11-05 01:00:00"] {
      _ = parser.parse(Array(line.utf8.filter { $0 != UInt8(ascii: "\n") }).span)
      zones.append(parser.zoneName)
    }
    #expect(zones == [nil, nil, "CST", "CST"])
    #expect(
      VmstatText.parse(header + Self.names + row + "2017-09-21 14:46:29 CST").last
        == .row(
          VmstatRow(Self.names, row),
          CivilTime(year: 2017, month: 9, day: 21, hour: 14, minute: 46, second: 29)))
  }

  @Test func takesSixteenColumnsAndTheOldW() {
    let text = """
          procs                      memory    swap          io     system         cpu
        r  b  w   swpd   free   buff  cache  si  so    bi    bo   in    cs  us  sy  id
        0  2  3      0  43072  78040  59592   0   0     0  1660 1281  4119   5   6  89
      """
    let parsed = VmstatText.parse(text)
    #expect(parsed.prefix(2) == [.groupHeader, .header])
    #expect(
      VmstatText.rows(parsed).first?.text
        == "r=0 b=2 swpd=0 free=43072 buff=78040 cache=59592 si=0 so=0 bi=0 bo=1660 in=1281 "
        + "cs=4119 us=5 sy=6 id=89")
  }

  @Test func goesByNameWhereTheOrderChangesInTheMiddle() {
    let row = " 0  3      0 156476  54708 173432    0    0     0  2072 1273   425  1  2 3 94\n"
    let names = " r  b   swpd   free   buff  cache   si   so    bi    bo   in    cs us sy "
    let rows = VmstatText.rows(
      VmstatText.parse(names + "wa id\n" + row + names + "id wa\n" + row))
    #expect(rows.map { $0[.wa] } == [3, 94])
    #expect(rows.map { $0[.id] } == [94, 3])
  }

  @Test func takesNumbersTooWideForTheirColumn() {
    let row =
      "4444  0 10376469400 1037646940  0 8372420   0    0   184 21968 1731811 4021311 1 1 97 0 1"
    #expect(
      VmstatText.rows(VmstatText.parse(Self.groups + Self.names + row))
        == [VmstatRow(Self.names, row)])
  }

  @Test(arguments: [
    ("kilo", MemoryUnit.kilo, 1000.0), ("mega", .mega, 1e6), ("mebi", .mebi, 1_048_576.0),
    ("wide-mebi", .mebi, 1_048_576.0),
  ])
  func convertsMemoryToKibibytes(name: String, unit: MemoryUnit, bytes: Double) throws {
    let recorded = try VmstatText.fixture(name)
    let printed = VmstatText.rows(VmstatText.parse(recorded))
    let converted = VmstatText.rows(VmstatText.parse(recorded, unit: unit))
    try #require(printed.count == 4 && converted.count == 4)
    for (before, after) in zip(printed, converted) {
      for column in [VmstatColumn.swpd, .free, .buff, .cache] {
        let value = try #require(before[column])
        #expect(after[column] == Int64(Double(value) * bytes / 1024))
      }
      for column in [VmstatColumn.r, .bi, .bo, .in, .cs, .us, .id] {
        #expect(after[column] == before[column])
      }
    }
  }

  /// procps 3.3 leaves si and so in KiB/s under `-S`, procps 4 scales them; only `gu` tells.
  @Test func swapRatesUnderAnotherUnitAreKnownOrAbsent() {
    let row = " 1  0     10     20     30     40    5    6     7     8    9   10 11 12 13 14 15"
    let old = VmstatText.rows(VmstatText.parse(Self.names + row, unit: .mebi))
    #expect(old.map { $0[.si] } == [nil] && old.map { $0[.so] } == [nil])
    #expect(old.map { $0[.bi] } == [7])
    let wide = Self.names.replacing(" st", with: " st gu")
    let new = VmstatText.rows(VmstatText.parse(wide + row + " 0", unit: .mebi))
    #expect(new.map { $0[.si] } == [5 * 1024] && new.map { $0[.so] } == [6 * 1024])
  }

  @Test(arguments: [
    (" 0  0  0 1 2 3 4 5 6 7 8 9 10 11 12 13", UnreadableReason.rowBeforeHeader, false),
    (" 0  0  0 1 2 3 4 5 6 7 8 9 10 11 12 13", .countMismatch(numbers: 16, columns: 17), true),
    (
      " 0  0  0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", .countMismatch(numbers: 18, columns: 17),
      true
    ),
    ("-1  0  0 1 2 3 4 5 6 7 8 9 10 11 12 13 14", .negative, true),
    (" 0  0  0 1 2 3 4 5 6 7 8 9 10 11 -12 13 14", .negative, true),
    (" 0  0  0 1 2 3x 4 5 6 7 8 9 10 11 12 13 14", .notANumber, true),
    ("host1 0  0  0 1 2 3 4 5 6 7 8 9 10 11 12 13 14", .notANumber, true),
    (" 0  0  0 1 2 3 4 5 6 7 8 18446744073709551615 10 11 12 13 14", .numberTooLarge, true),
    (" r  b   swpd   free   buff  cache   si   so", .headerBroken, false),
  ])
  func saysWhyALineCannotBeRead(line: String, reason: UnreadableReason, afterHeader: Bool) {
    let text = (afterHeader ? Self.groups + Self.names : "") + line
    #expect(VmstatText.parse(text).last == .other(reason))
  }

  @Test func aRowWithoutItsTimeIsRefused() throws {
    let recorded = String(decoding: try VmstatText.fixture("stamped"), as: UTF8.self)
    let cut = recorded.replacing("2026-11-23", with: "")
    for line in VmstatText.parse(cut).dropFirst(2) {
      guard case .other(_?) = line else {
        Issue.record("\(line)")
        continue
      }
    }
    let lines = recorded.split(separator: "\n")
    let row = lines[3].prefix { $0 != "-" }.dropLast(4)
    let parsed = VmstatText.parse(lines.prefix(3).joined(separator: "\n") + "\n" + row)
    #expect(parsed.last == .other(.timeMissing))
  }

  @Test(arguments: [
    "", "   ", "[root@db1 ~]# vmstat 1", "[...]", "```", "$ uname -r", "42",
    " 06:04:40 up 18 days, 11:50,  8 users,  load average: 4.02, 3.76, 3.57",
    "-------------- well-known state-of-the-art",
  ])
  func leavesNoiseAlone(line: String) {
    let isBlank = line.allSatisfy { $0 == " " }
    for before in ["", Self.groups + Self.names] {
      #expect(VmstatText.parse(before + line + "\n").last == (isBlank ? .blank : .other(nil)))
    }
  }

  /// Older macOS-made logs and Windows editors end lines in CR LF.
  @Test func takesACarriageReturnAtTheEnd() {
    let row = "0 0 11924 611032 84888 530652 0 1 66 24 369 565 10 2 87 1 0 \r"
    let parsed = VmstatText.parse(Self.names.replacing("\n", with: "\r\n") + row)
    #expect(VmstatText.rows(parsed) == [VmstatRow(Self.names, row)])
  }

  @Test func aRowOfManyNumbersIsBounded() {
    let row = String(repeating: " 1", count: 100_000)
    #expect(
      VmstatText.parse(Self.names + row).last
        == .other(.countMismatch(numbers: 100_000, columns: 17)))
    let header = " r  b" + String(repeating: " x", count: 100_000)
    #expect(VmstatText.parse(header).last == .other(.headerUnknown))
  }
}
