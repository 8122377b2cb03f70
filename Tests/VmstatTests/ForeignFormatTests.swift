import Testing

@testable import Collector

@Suite("Other systems and other modes of vmstat are refused in one sentence")
struct ForeignFormatTests {
  private static let samples: [(String, ForeignFormat)] = [
    (
      " r b w     avm    fre   flt  re  pi  po    fr  sr ad0 da0   in   sy   cs us sy id",
      .freeBSD
    ),
    (" r b      avm    fre  flt  re  pi   po   fr   sr w0 c0   in   sy  cs us sy id", .netBSD),
    (" r b w    avm     fre  flt  re  pi  po  fr  sr wd0 cd0  int   sys   cs us sy id", .openBSD),
    (" r   s   avm     fre  flt  re  pi  po  fr  sr sd0 cd0  int   sys   cs us sy id", .openBSD),
    (" r b w   swap  free  re  mf pi po fr de sr vc -- -- --   in   sy   cs us sy id", .solaris),
    (" r  b   avm   fre  re  pi  po  fr   sr  cy  in   sy  cs us sy id wa    pc    ec", .aix),
    (" r  b  p  avm    fre    fi    fo    pi    po  fr  sr  in  sy  cs us sy id wa", .aix),
    ("System configuration: lcpu=8 mem=12287MB ent=3.40", .aix),
    (
      " r     b     w      avm    free   re   at    pi   po    fr   de    sr     in     sy    cs "
        + "us sy id", .hpUX
    ),
    ("Mach Virtual Memory Statistics: (page size of 4096 bytes)", .macOS),
    (" r  b   free mapped   anon   slab    in   cs  flt  us ni sy id wa ir", .android),
    ("     24684092 K total memory", .summary),
    ("disk- ------------reads------------ ------------writes----------- -----IO------", .disks),
    ("           10 disks", .diskSummary),
    ("sda1          reads   read sectors  writes    requested writes", .partition),
    ("Cache                       Num  Total   Size  Pages", .slabs),
    ("         6162 forks", .forks),
  ]

  @Test(arguments: samples)
  func isRecognised(line: String, format: ForeignFormat) {
    #expect(VmstatText.parse(line) == [.foreign(format)])
  }

  @Test(arguments: [
    ("summary", ForeignFormat.summary), ("disks", .disks), ("disk-summary", .diskSummary),
    ("slabs", .slabs), ("forks", .forks),
  ])
  func recordedModesAreRefusedAtTheirFirstLine(name: String, format: ForeignFormat) throws {
    let (samples, report) = VmstatText.read(
      try VmstatText.fixture(name), VmstatLogReader.Options(host: "h", interval: 1))
    #expect(samples.isEmpty)
    #expect(report.refusal == .foreign(format, line: 1))
  }

  @Test(arguments: ForeignFormat.allCases)
  func saysWhatItIsInOneSentence(format: ForeignFormat) {
    let text = format.description
    #expect(text.contains("vmstat") && !text.contains(". ") && text.count < 160)
  }

  /// Rows of another system that follow its header must not be taken for a table read before.
  @Test func rowsAfterAForeignHeaderAreNotRead() {
    let linux =
      " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n"
    let aix =
      " r  b   avm   fre  re  pi  po  fr   sr  cy  in   sy  cs us sy id wa\n"
      + " 0  0 1318679 140954   0   0   0   0    0   0   8  284 522  0  0 99  0\n"
    let parsed = VmstatText.parse(linux + aix)
    #expect(parsed == [.header, .foreign(.aix), .other(.rowBeforeHeader)])
  }

  /// A note below a table is none of vmstat's other modes.
  @Test func notesBelowATableAreNoise() {
    let linux =
      " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n"
    #expect(VmstatText.parse(linux + "10 disks\n").last == .other(nil))
    #expect(VmstatText.parse(linux + "  253528 K total memory\n").last == .other(nil))
  }
}
