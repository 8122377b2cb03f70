import Records
import Testing

@testable import Collector

@Suite("Headers in other languages are known by their group line and their places")
struct VmstatLanguagesTests {
  static let languages = [
    "de", "es", "fr", "ka", "ko", "pl", "pt_BR", "ro", "sv", "uk", "vi", "zh_CN",
  ]

  @Test(arguments: languages)
  func plain(language: String) throws {
    try check("language-\(language)", VmstatColumn.standard)
  }

  @Test(arguments: languages)
  func wideActiveStamped(language: String) throws {
    var columns = VmstatColumn.standard + [.gu]
    columns[4] = .inact
    columns[5] = .active
    try check("language-\(language)-wide-active-stamped", columns)
  }

  @Test(arguments: languages)
  func theDiskTableIsRefused(language: String) throws {
    let parsed = VmstatText.parse(try VmstatText.fixture("language-\(language)-disks"))
    #expect(parsed.first { $0 != .groupHeader && $0 != .other(nil) } == .foreign(.disks))
    #expect(VmstatText.rows(parsed).isEmpty)
  }

  @Test func aTranslatedHeaderWithoutItsGroupLineIsNotGuessed() throws {
    let bytes = try VmstatText.fixture("language-sv")
    let lines = VmstatText.lines(bytes).lines.dropFirst()
    let parsed = VmstatText.parse(Array(lines.joined(separator: [UInt8(ascii: "\n")])))
    #expect(VmstatText.rows(parsed).isEmpty)
  }

  /// Which two columns stand there nothing tells, so that they stay absent.
  @Test func unknownMemoryWordsAreLeftAbsent() throws {
    let text = String(decoding: try VmstatText.fixture("language-zh_CN"), as: UTF8.self)
      .replacing("缓冲", with: "哦哦").replacing("缓存", with: "啊啊")
    let rows = VmstatText.rows(VmstatText.parse(text))
    #expect(rows.count == 3)
    for row in rows {
      #expect(row[.buff] == nil && row[.cache] == nil && row[.inact] == nil)
      #expect(row[.free] != nil && row[.si] != nil && row[.st] != nil)
    }
  }

  @Test func foreignColumnsBelowAGroupLineAreNotTakenByPlace() {
    let text = """
      procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----
       r  b   aa     bb     cc   dd   ee   ff    gg    hh   ii   jj kk ll mm nn oo
       2  0      0 802956  50016 125208    0    0    81    17 1006   56 48 24 27  1  0
      """
    #expect(
      VmstatText.parse(text) == [.groupHeader, .other(.headerUnknown), .other(.headerUnknown)])
  }

  private func check(_ name: String, _ columns: [VmstatColumn]) throws {
    let bytes = try VmstatText.fixture(name)
    let lines = VmstatText.lines(bytes).lines
    let parsed = VmstatText.parse(bytes)
    #expect(parsed.prefix(2) == [.groupHeader, .header])
    #expect(parsed.count == 5)
    for (line, result) in zip(lines, parsed).dropFirst(2) {
      guard case .row(let row, let stamp) = result else {
        Issue.record("\(String(decoding: line, as: UTF8.self)): \(result)")
        continue
      }
      #expect(columns.map { row[$0] } == VmstatText.numbers(line).prefix(columns.count).map { $0 })
      #expect(VmstatColumn.allCases.filter { row[$0] != nil }.count == columns.count)
      #expect((stamp != nil) == name.hasSuffix("stamped"))
    }
  }
}
