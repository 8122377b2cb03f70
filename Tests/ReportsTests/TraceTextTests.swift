import Foundation
import Records
import Testing
import TraceReport

@testable import Reports

/// What traces look like, in 100 columns and as JSON; `UPDATE_GOLDEN=1` writes it anew.
@Suite("traces, shown")
struct TraceTextTests {
  static let names = ["trace-one", "trace-fleet", "trace-dry", "trace-nobody"]

  @Test(arguments: names)
  func text(name: String) throws {
    let hosts = try #require(SampleTraces.all[name])
    let text = TraceText(hosts: hosts).text()
    try Golden.expect(text, "\(name).txt")
    for line in text.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
    #expect(!text.contains("\u{1B}"))
  }

  @Test(arguments: names)
  func json(name: String) throws {
    let hosts = try #require(SampleTraces.all[name])
    let text = TraceJSON(hosts: hosts).lines()
    try Golden.expect(text, "\(name).json")
    let objects = try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    let processes = hosts.reduce(0) { $0 + $1.trace.processes.count }
    #expect(objects.count == processes + 1)
    for object in objects.dropLast() {
      for key in [
        "host", "pid", "comm", "engine", "seconds", "calls", "read_bytes", "write_bytes",
        "sync_calls", "blocked_seconds", "errors", "files", "verdict",
      ] { #expect(object[key] != nil, "\(key)") }
    }
    let summary = try #require(objects.last?["summary"] as? [String: Any])
    #expect(summary["matched"] as? Int == hosts.reduce(0) { $0 + $1.trace.matched })
    #expect(summary["attached"] as? Int == hosts.reduce(0) { $0 + $1.trace.attached })
    #expect(summary["detached_verified"] as? Int == hosts.reduce(0) { $0 + $1.trace.verified })
    #expect(summary["skipped"] is [[String: Any]])
  }

  /// The one that hammers comes first, whichever host it is on, and the last lines are told last.
  @Test func theFleetHasOneRanking() throws {
    let text = TraceText(hosts: try #require(SampleTraces.all["trace-fleet"])).text()
    let lines = text.split(separator: "\n").map(String.init)
    let places = ["4711", "4712", "900"].compactMap { pid in
      lines.firstIndex { $0.contains(" \(pid) ") }
    }
    #expect(places == places.sorted() && places.count == 3)
    #expect(
      lines.suffix(2) == ["web1: detached: 0 of 1 verified", "db1: detached: 2 of 2 verified"])
  }

  @Test func widthsAndRows() throws {
    let hosts = try #require(SampleTraces.all["trace-fleet"])
    for width in [40, 80, 200] {
      var text = TraceText(hosts: hosts)
      text.width = width
      for line in text.text().split(separator: "\n") { #expect(line.count <= width, "\(line)") }
    }
    var text = TraceText(hosts: hosts)
    (text.rows, text.details, text.order) = (1, 0, .calls)
    #expect(text.text().contains("  and 2 more\n"))
    #expect(!text.text().contains("  files "))
    text.colours = true
    #expect(text.text().contains("\u{1B}[1m"))
    var json = TraceJSON(hosts: hosts)
    (json.rows, json.order) = (1, .bytes)
    #expect(json.lines().split(separator: "\n").count == 2)
  }

  /// Figures that no trace reaches.
  @Test func extremes() throws {
    var trace = SampleTraces.hammered
    trace.matched = .max
    trace.omittedSkipped = .max
    trace.nanoseconds = .max
    for index in trace.processes.indices {
      trace.processes[index].nanoseconds = .max
      trace.processes[index].threads = .max
      trace.processes[index].lostCalls = .max
      trace.processes[index].omittedFiles = .max
      for call in trace.processes[index].calls.indices {
        trace.processes[index].calls[call].count = .max
        trace.processes[index].calls[call].bytes = .max
        trace.processes[index].calls[call].nanoseconds = .max
        trace.processes[index].calls[call].latencies = [UInt64](repeating: .max, count: 32)
      }
    }
    let hosts = [("a", trace), ("b", trace)].map { (host: $0.0, trace: $0.1) }
    #expect(TraceText(hosts: hosts).text().contains("worker"))
    let lines = TraceJSON(hosts: hosts).lines().split(separator: "\n")
    for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
  }
}
