import ArgumentParser
import Bytes
import CAllocations
import CPeerLoop
import Collector
import Glibc

struct ParseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parse",
    abstract: "Rows of vmstat text parsed per second of CPU, and allocations for a row.",
    discussion: """
      The text goes through the line splitter and the parser in pieces of 4 KiB that end anywhere, \
      as it comes from a host. Allocations are calls of malloc, calloc, realloc and the aligned \
      ones, counted by standing in for libc's own (mallinfo2 would not see memory that is freed \
      at once), in all rows but the first thousand.
      """)

  @Option(help: "How many rows.")
  var rows = 1_000_000

  @Flag(help: "Print JSON Lines.")
  var json = false

  func validate() throws {
    guard rows >= 10_000 else { throw ValidationError("--rows: at least 10000") }
  }

  func run() throws {
    try checkCounter()
    var reader = ParseRun()
    reader.feed(VmstatText.header)
    reader.feed(VmstatText.rows)
    let times = rows / VmstatText.rowCount
    reader.rows = 0
    let started = clockNanoseconds()
    culprit_allocations_begin()
    for _ in 0..<times { reader.feed(VmstatText.rows) }
    let allocations = culprit_allocations_end().count
    let seconds = Double(clockNanoseconds() - started) / 1e9
    report(rows: reader.rows, expected: times * VmstatText.rowCount, seconds, Int(allocations))
  }

  /// A counter that counts nothing would make the bar meaningless.
  private func checkCounter() throws {
    culprit_allocations_begin()
    let text = [UInt8](repeating: 0, count: rows)
    let allocations = culprit_allocations_end().count
    guard allocations > 0, text.count == rows else { throw BenchError.allocationsNotCounted }
  }

  private func report(rows: Int, expected: Int, _ seconds: Double, _ allocations: Int) {
    let nanoseconds = seconds / Double(rows) * 1e9
    if json {
      printJSON { line in
        line.field("rows", rows)
        line.field("rows_per_cpu_second", Double(rows) / seconds)
        line.field("cpu_per_row_ns", nanoseconds)
        line.field("allocations", allocations)
      }
    } else {
      print(
        "\(rows) rows: \(fixed(Double(rows) / seconds / 1e6, 2)) million per second of CPU, "
          + "\(fixed(nanoseconds, 0)) ns each, \(allocations) allocations")
    }
    printBars(
      [
        Bar(
          title: "allocations in all rows", key: "allocations", value: Double(allocations),
          limit: .atMost(0), digits: 0, unit: ""),
        Bar(
          title: "rows not read", key: "rows_not_read", value: Double(expected - rows),
          limit: .atMost(0), digits: 0, unit: ""),
      ], json: json)
  }

  private func clockNanoseconds() -> Int64 { culprit_peer_cpu_nanoseconds(getpid()) }
}

/// Text in, rows counted.
private struct ParseRun {
  static let chunkBytes = 4096

  var rows = 0
  private var splitter = LineSplitter()
  private var parser = VmstatParser()

  mutating func feed(_ text: [UInt8]) {
    let bytes = text.span
    var start = 0
    while start < bytes.count {
      let end = min(start + ParseRun.chunkBytes, bytes.count)
      splitter.feed(bytes.extracting(start..<end)) { _, line in
        if case .row = parser.parse(line) { rows += 1 }
      }
      start = end
    }
  }
}
