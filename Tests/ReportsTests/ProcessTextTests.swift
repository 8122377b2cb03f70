import Foundation
import Records
import Testing

@testable import Reports

/// What a report looks like, in 80 columns and as JSON; `UPDATE_GOLDEN=1` writes it anew.
@Suite("a process's report, shown")
struct ProcessTextTests {
  @Test(arguments: ["busy", "denied", "kernel-thread"])
  func text(name: String) throws {
    let report = try #require(SampleReports.all[name])
    let text = ProcessReportText(host: "db1", report: report).text()
    try Golden.expect(text, "\(name).txt")
    for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    #expect(!text.contains("\u{1B}"))
  }

  @Test(arguments: ["busy", "denied", "kernel-thread"])
  func json(name: String) throws {
    let report = try #require(SampleReports.all[name])
    let line = ProcessReportJSON(host: "db1", report: report).line()
    try Golden.expect(line, "\(name).json")
    #expect(line.hasSuffix("}\n") && line.dropLast().firstIndex(of: "\n") == nil)
    _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
  }

  @Test func coloursAreAskedFor() throws {
    var text = ProcessReportText(host: "db1", report: try #require(SampleReports.all["busy"]))
    text.colours = true
    #expect(text.text().contains("\u{1B}[1mpostgres (1234) on db1\u{1B}[0m"))
  }

  @Test func rowsAreBoundedAndTheRestIsCounted() throws {
    var report = try #require(SampleReports.all["busy"])
    let file = try #require(report.files.told.value?.first)
    report.files.told = .known((0..<90).map { _ in file })
    var text = ProcessReportText(host: "db1", report: report)
    text.rows = 5
    #expect(text.text().contains("  and 88 more\n"))
  }

  /// A minute's worth that isn't all known isn't known.
  @Test func thePastIsFolded() {
    let points = SampleReports.points(100, denied: 37)
    let folded = ProcessReportText.folded(points, into: 10)
    #expect(folded.count == 10)
    #expect(folded.map(\.intervalNanoseconds) == Array(repeating: 10_000_000_000, count: 10))
    #expect(folded.map { $0.io.value == nil } == (0..<10).map { $0 == 3 })
    #expect(folded[0].io.value?.writeBytes == 10 * 1_000_000 && folded[9].time == points[99].time)
    #expect(ProcessReportText.folded(Array(points.prefix(9)), into: 10).count == 9)
  }
}

enum Golden {
  static func expect(_ text: String, _ name: String) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Golden/\(name)")
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: file)
    }
    let kept = try String(contentsOf: file, encoding: .utf8)
    #expect(kept == text, "\(name):\n\(text)")
  }
}
