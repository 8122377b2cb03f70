import Foundation
import Records
import Testing

@testable import Collector

@Suite("Cut and damaged logs")
struct VmstatDamageTests {
  private static let options = VmstatLogReader.Options(
    host: "h", start: Timestamp(seconds: 1_000_000_000), interval: 1,
    timeZone: TimeZone(identifier: "America/Los_Angeles"))

  private static let names = [
    "plain", "wide-stamped", "active", "two-headers", "language-sv-wide-active-stamped",
    "language-ko",
  ]

  /// A log may break off anywhere: then it gives the samples up to there, and never a half one.
  @Test(arguments: names)
  func everyPrefixGivesWholeRowsOnly(name: String) throws {
    checkPrefixes(of: try VmstatText.fixture(name))
  }

  @Test(
    .enabled(if: VmstatText.hasCorpus, "the corpora are not beside this repository"),
    arguments: [
      "lkml-2.4.0test10-wcol.txt", "lkml-2.6.0-knode-waid.txt", "lkml-2.6.14-quoted.txt",
      "gu-1TB-overflow.txt", "jc-centos77-at-5-10.out", "dpbench-epoch-prefix2.md",
      "pt-linux-001.txt", "lkml-2.6.7-cnfs-news.txt", "vmstat-analyzer-AIX-noheader.txt",
    ])
  func everyPrefixOfARealLogToo(name: String) throws {
    checkPrefixes(of: try VmstatText.log(name))
  }

  private func checkPrefixes(of bytes: [UInt8]) {
    let whole = VmstatText.read(bytes, Self.options).samples
    for length in 0...bytes.count {
      let part = VmstatText.read(Array(bytes.prefix(length)), Self.options).samples
      if part != Array(whole.prefix(part.count)) {
        Issue.record("cut at \(length): \(part.last?.row.text ?? "")")
      }
    }
  }

  @Test func aLastRowThatIsCutIsReported() throws {
    let bytes = try VmstatText.fixture("two-headers")
    let end = VmstatText.lines(bytes).lines
    let (samples, report) = VmstatText.read(bytes.dropLast(6), Self.options)
    #expect(samples.count == 23)
    #expect(report.problems == [.init(line: end.count, reason: .brokenOff)])
  }

  /// Random damage: nothing crashes, nothing grows, and every value stays within its bounds.
  @Test(arguments: 0..<40)
  func randomDamageIsHarmless(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let logs = try (Self.names + ["summary", "disks", "stamped-no-zone"]).map(VmstatText.fixture)
    for _ in 0..<40 {
      var bytes = logs[Int(random.next() % UInt64(logs.count))]
      for _ in 0...(random.next() % 30) { damage(&bytes, &random) }
      let (samples, report) = VmstatText.read(bytes, Self.options)
      let lines = VmstatText.lines(bytes).lines.count
      #expect(samples.count + report.sinceBootRows <= lines)
      #expect(report.problems.count <= VmstatLogReport.problemLimit)
      #expect(report.problems.allSatisfy { (1...lines).contains($0.line) })
      #expect(report.notes.allSatisfy { $0.utf8.count < 400 })
      for sample in samples {
        #expect(VmstatColumn.allCases.allSatisfy { (sample.row[$0] ?? 0) >= 0 })
      }
      for unit in MemoryUnit.allCases { _ = VmstatText.parse(bytes, unit: unit) }
    }
  }

  private func damage(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    guard !bytes.isEmpty else { return }
    let place = Int(random.next() % UInt64(bytes.count))
    let alphabet = Array("0123456789 -\t\r\n>:.KZr b\u{0}\u{1B}é".utf8)
    let byte = alphabet[Int(random.next() % UInt64(alphabet.count))]
    switch random.next() % 6 {
    case 0: bytes[place] = byte
    case 1: bytes.remove(at: place)
    case 2: bytes.insert(byte, at: place)
    case 3: bytes.removeSubrange(place..<min(bytes.count, place + 80))
    case 4: bytes.insert(contentsOf: repeatElement(UInt8(ascii: "9"), count: 25), at: place)
    default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 170)], at: place)
    }
  }
}

/// Sebastiano Vigna's SplitMix64: the same damage at every run of the tests.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
